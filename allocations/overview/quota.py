"""Quota meters, and the request for more of it that a person can send as it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allocations.models import Allocation
from allocations.overview import letters
from allocations.overview.letters import QUOTAS, Wanted, Writer, shown
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.cloud.schema import QuotaHelp

_WARN, _BAD = 80, 95
_LARGEST = 10_000_000
WHY_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Meter:
    """In the unit of its label. `limit` None: unlimited. `wanted` None: what was typed is no number."""

    resource: str
    label: str
    used: int
    limit: int | None
    wanted: int | None
    typed: str

    @property
    def share(self) -> int:
        return min(100, round(self.used * 100 / self.limit)) if self.limit else 0

    @property
    def tone(self) -> str:
        if self.limit is None:
            return ""
        return "bad" if self.share >= _BAD else "warn" if self.share >= _WARN else ""

    @property
    def more(self) -> bool:
        return self.wanted is not None and self.limit is not None and self.wanted > self.limit


def meters(allocation: Allocation, typed: Mapping[str, str]) -> list[Meter]:
    """Of what the cloud told. `typed`: what the person wants, by the name of the quota."""
    return [
        _meter(name, label, allocation.quota[name], typed.get(name, ""))
        for name, label in QUOTAS.items()
        if isinstance(allocation.quota.get(name), dict)
    ]


def request_text(writer: Writer, found: Sequence[Meter], why: str) -> str:
    """Empty while nothing more is asked for."""
    wanted = [
        Wanted(one.resource, one.used, one.limit, one.wanted)
        for one in found
        if one.more and one.wanted is not None
    ]
    return letters.quota_request(writer, wanted, why[:WHY_LENGTH]) if wanted else ""


def writer_of(allocation: Allocation, user: User) -> Writer:
    return Writer(
        grant=allocation.project_name,
        title=allocation.title,
        region=allocation.region,
        project_id=allocation.project_id,
        name=str(user),
        pi=allocation.pi_name,
    )


def help_of(cloud: str) -> QuotaHelp:
    found = clouds().clouds.get(cloud)
    return found.portal.quota_help if found else QuotaHelp()


def _meter(name: str, label: str, figures: Mapping[str, Any], typed: str) -> Meter:
    limit = figures.get("limit")
    return Meter(
        name,
        label,
        shown(name, figures.get("used") or 0),
        None if limit is None else shown(name, limit),
        _number(typed),
        typed[:12],
    )


def _number(typed: str) -> int | None:
    text = typed.strip().replace(",", "")
    return (
        int(text) if text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= _LARGEST else None
    )
