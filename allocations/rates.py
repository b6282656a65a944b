"""What a machine costs. Pure: rates and fractions are the operator's data, with their days of validity."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from portal.cloud.schema import PortalCloud
from portal.cloud.types import ResourceKind

# The smallest part of an SU that the ledger keeps.
MICRO = Decimal("0.000001")
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_AN_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Charge:
    """SUs of one stretch of time under one rate, within a UTC day."""

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
    """The cost of a stretch of time in one status, cut at midnight UTC, where rates change, without unpriced parts."""
    found: list[Charge] = []
    for start, end in days(starts_at, ends_at):
        hourly = su_per_hour(flavor_name, vcpus, status, start, rates)
        if hourly is not None:
            found.append(Charge(start, end, amount(hourly, start, end)))
    return found


def days(starts_at: datetime, ends_at: datetime) -> list[tuple[datetime, datetime]]:
    """A stretch of time as its parts in UTC days."""
    pieces: list[tuple[datetime, datetime]] = []
    start, end = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    while start < end:
        stop = min(midnight(start) + _DAY, end)
        pieces.append((start, stop))
        start = stop
    return pieces


def midnight(moment: datetime) -> datetime:
    """The beginning of its UTC day."""
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)


def amount(hourly: Decimal, start: datetime, end: datetime) -> Decimal:
    """What `hourly` makes of a stretch within a UTC day, such that parts add up to the whole, wherever it is cut.

    Both ends are rounded as the sum since midnight, so that what one part loses the next one has.
    """
    zero = midnight(start)
    return _since(hourly, end - zero) - _since(hourly, start - zero)


def part_of(su: Decimal, starts_at: datetime, ends_at: datetime, start: datetime, end: datetime) -> Decimal:
    """What of a stretch's cost lies between `start` and `end`. Parts that meet add up to the whole."""
    first, last = max(starts_at, start), min(ends_at, end)
    if last <= first:
        return Decimal(0)
    whole = ends_at - starts_at
    return _share(su, last - starts_at, whole) - _share(su, first - starts_at, whole)


def _share(su: Decimal, part: timedelta, whole: timedelta) -> Decimal:
    return (su * (part // _MICROSECOND) / (whole // _MICROSECOND)).quantize(MICRO)


def _since(hourly: Decimal, span: timedelta) -> Decimal:
    return (hourly * (span // _MICROSECOND) / _MICROSECONDS_AN_HOUR).quantize(MICRO)
