"""What is left of a resource, day by day: back to the award, and ahead to where spending leads. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from allocations.forecast import last_moment

_ZERO = Decimal(0)
# As many points as a screen can tell apart.
_MOST_POINTS = 366


@dataclass(frozen=True, slots=True)
class Point:
    at: datetime
    left: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """SUs per hour: as now, as is likely by the days of late, and the edges of the range of those."""

    now: Decimal
    likely: Decimal
    slow: Decimal
    fast: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Burndown:
    """`before`: a straight line over the time that the portal did not meter. `low` and `high` share their times."""

    awarded: Decimal
    before: Sequence[Point]
    metered: Sequence[Point]
    reported: Point | None
    ahead: Sequence[Point]
    likely: Sequence[Point]
    low: Sequence[Point]
    high: Sequence[Point]
    starts_at: datetime
    ends_at: datetime
    now: datetime


def burndown(
    *,
    awarded: Decimal,
    left: Decimal,
    reported: Point | None,
    starts_on: date,
    ends_on: date,
    spent: Mapping[date, Decimal],
    metered_from: date | None,
    pace: Pace,
    now: datetime,
) -> Burndown:
    """`left` is what is left now, and the days before follow from what was `spent` on each (UTC), back to the day from
    which on the portal metered it itself."""
    starts_at, ends_at = midnight(starts_on), last_moment(ends_on)
    first = max(metered_from, starts_on) if metered_from else None
    metered = _back(awarded, left, first, spent, min(now, ends_at)) if now >= starts_at else []
    goes_on = starts_at <= now < ends_at
    times = _moments(left, pace, now, ends_at) if goes_on else []
    return Burndown(
        awarded=awarded,
        before=_before(awarded, starts_at, metered),
        metered=metered,
        reported=reported,
        ahead=_ahead(left, pace.now, now, ends_at) if goes_on else [],
        likely=_ahead(left, pace.likely, now, ends_at) if times else [],
        low=[Point(at, _left_at(left, pace.fast, now, at)) for at in times],
        high=[Point(at, _left_at(left, pace.slow, now, at)) for at in times],
        starts_at=starts_at,
        ends_at=ends_at,
        now=now,
    )


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _back(
    awarded: Decimal, left: Decimal, first: date | None, spent: Mapping[date, Decimal], until: datetime
) -> list[Point]:
    """At each midnight from that of the first day on, and at the end of them."""
    found = [Point(until, left)]
    if first is None:
        return found
    day, at_midnight = (until - timedelta(microseconds=1)).date(), left
    while day >= first:
        at_midnight = min(awarded, at_midnight + spent.get(day, _ZERO))
        found.append(Point(midnight(day), at_midnight))
        day -= timedelta(days=1)
    return _thinned(found[::-1])


def _thinned(points: list[Point]) -> list[Point]:
    """Every so many-th, always with the last."""
    step = -(-len(points) // _MOST_POINTS)
    return points if step <= 1 else [*points[:-1:step], points[-1]]


def _before(awarded: Decimal, starts_at: datetime, metered: Sequence[Point]) -> list[Point]:
    if not metered or metered[0].at <= starts_at:
        return []
    return [Point(starts_at, awarded), metered[0]]


def _ahead(left: Decimal, per_hour: Decimal, now: datetime, ends_at: datetime) -> list[Point]:
    """Straight on until nothing is left, or the period is over."""
    if left <= 0:
        return []
    until = min(_empty_at(left, per_hour, now, ends_at), ends_at)
    return [Point(now, left), Point(until, _left_at(left, per_hour, now, until))]


def _moments(left: Decimal, pace: Pace, now: datetime, ends_at: datetime) -> list[datetime]:
    """Where an edge of the range bends. None where the range has no width."""
    if left <= 0 or pace.slow == pace.fast:
        return []
    bends = {now, ends_at, *(_empty_at(left, rate, now, ends_at) for rate in (pace.slow, pace.fast))}
    return sorted(at for at in bends if at <= ends_at)


def _empty_at(left: Decimal, per_hour: Decimal, now: datetime, ends_at: datetime) -> datetime:
    """When nothing is left, no later than a moment after the end."""
    hours = left / per_hour if per_hour > 0 else None
    longest = Decimal((ends_at - now).total_seconds()) / 3600
    if hours is None or hours > longest:
        return ends_at
    return now + timedelta(hours=float(hours))


def _left_at(left: Decimal, per_hour: Decimal, now: datetime, at: datetime) -> Decimal:
    hours = Decimal((at - now).total_seconds()) / 3600
    # Where it is used up is known to the microsecond only.
    return max(_ZERO, left - per_hour * hours).quantize(Decimal("0.001"))
