"""Which services of a cloud do not answer, in words for people: from failed readings and the circuit breaker."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allocations.models import Allocation
from instances.models import Poll
from portal.cloud import breaker
from portal.cloud.config import clouds
from portal.cloud.features import SERVICE_TITLES

# Errors of a reading that mean: the service did not answer as it should.
TROUBLE = frozenset(
    {
        *("cloud:service-down", "cloud:unavailable", "cloud:connection", "cloud:timeout", "cloud:slow"),
        *("cloud:server-error", "cloud:bad-answer"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """`matters`: without it nothing that is asked for can be carried out."""

    service: str
    title: str
    place: str
    since: datetime

    @property
    def matters(self) -> bool:
        return self.service in ("identity", "compute")


def outages(allocation: Allocation, polls: Iterable[Poll] = ()) -> list[Outage]:
    """One question to the cache. The earliest time that anything knows of."""
    since = {down.service: down.since for down in breaker.down(allocation.cloud, [allocation.region])}
    for poll in polls:
        service = str(poll.error_params.get("service", ""))
        if poll.failing_since and poll.error_id in TROUBLE and service in SERVICE_TITLES:
            since[service] = min(since.get(service, poll.failing_since), poll.failing_since)
    return [
        Outage(service=service, title=SERVICE_TITLES[service], place=_place(allocation), since=since[service])
        for service in SERVICE_TITLES
        if service in since
    ]


def _place(allocation: Allocation) -> str:
    known = clouds().clouds.get(allocation.cloud)
    return known.region_title(allocation.region) if known else allocation.region
