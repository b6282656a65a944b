"""What a machine costs. Pure: rates and fractions are the operator's data, with their days of validity."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from portal.cloud.schema import PortalCloud
from portal.cloud.types import ResourceKind

_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True)
class Charge:
    """SUs of one stretch of time under one rate."""

    starts_at: datetime
    ends_at: datetime
    su: Decimal


def su_per_hour(
    flavor_name: str, vcpus: int, status: str, at: datetime, rates: PortalCloud
) -> Decimal | None:
    """SUs per hour of a machine in that Nova status; None where the operator gave no rate for the flavor."""
    rate = rates.rate(flavor_name, at.astimezone(UTC).date())
    if rate is None:
        return None
    return rate.per_vcpu_hour * vcpus * rates.state_fraction(status)


def resource_of(flavor_name: str, at: datetime, rates: PortalCloud) -> ResourceKind | None:
    """The resource of the allocation that a machine of this flavor is charged to."""
    rate = rates.rate(flavor_name, at.astimezone(UTC).date())
    if rate is not None:
        return rate.resource
    group = rates.flavor_group(flavor_name)
    return group.resource if group else None


def charges(
    flavor_name: str, vcpus: int, status: str, starts_at: datetime, ends_at: datetime, rates: PortalCloud
) -> list[Charge]:
    """The cost of a stretch of time in one status, cut where the rate changed, without unpriced parts."""
    found: list[Charge] = []
    for start, end in _days_merged(flavor_name, starts_at.astimezone(UTC), ends_at.astimezone(UTC), rates):
        hourly = su_per_hour(flavor_name, vcpus, status, start, rates)
        if hourly is not None:
            found.append(Charge(start, end, hourly * _seconds(end - start) / _HOUR))
    return found


def _days_merged(
    flavor_name: str, starts_at: datetime, ends_at: datetime, rates: PortalCloud
) -> list[tuple[datetime, datetime]]:
    pieces: list[tuple[datetime, datetime]] = []
    start = starts_at
    while start < ends_at:
        midnight = datetime.combine(start.date() + timedelta(days=1), time(), UTC)
        end = min(midnight, ends_at)
        if pieces and rates.rate(flavor_name, start.date()) == rates.rate(flavor_name, pieces[-1][0].date()):
            pieces[-1] = (pieces[-1][0], end)
        else:
            pieces.append((start, end))
        start = end
    return pieces


def _seconds(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1)) / 1_000_000
