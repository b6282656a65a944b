"""When a machine with office hours runs. Pure: wall-clock times of a time zone in, moments of UTC out.

A wall-clock time that does not exist (clocks go forward) stands for the moment that many minutes after the clocks' last
existing one; of a time that exists twice, hours begin at the first and end at the second: a machine rather runs longer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60
# The longest time without any change that is looked through: more than a year of holidays is for ever.
_HORIZONS = (timedelta(days=10), timedelta(days=60), timedelta(days=400))
# Hours that began two local days ago may last into now.
_MARGIN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes since midnight of the day on which it begins. An end that is not after the start is on the next day."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hours:
    """`week`: seven tuples, Monday first. On a holiday no hours begin."""

    zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """`on`: whether hours begin at that moment, or end."""

    at: datetime
    on: bool


Stretch = tuple[datetime, datetime]


def on_at(hours: Hours, at: datetime) -> bool:
    return any(start <= at < end for start, end in stretches(hours, at, at + timedelta(microseconds=1)))


def next_change(hours: Hours, after: datetime) -> Change | None:
    """The first change later than `after`; None: it runs always, or never."""
    for horizon in _HORIZONS:
        found = [change for change in _changes(hours, after, after + horizon) if change.at > after]
        if found:
            return found[0]
    return None


def last_change(hours: Hours, at: datetime) -> Change | None:
    """The newest change that is not later than `at`: what the schedule last asked for."""
    for horizon in _HORIZONS:
        found = [change for change in _changes(hours, at - horizon, at + _MARGIN) if change.at <= at]
        if found:
            return found[-1]
    return None


def stretches(hours: Hours, start: datetime, end: datetime) -> list[Stretch]:
    """The hours that touch this time, in order; none touches its neighbour, so that each edge is a change."""
    merged: list[Stretch] = []
    for one in sorted(_of_days(hours, start - _MARGIN, end + _MARGIN)):
        if merged and one[0] <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], one[1]))
        else:
            merged.append(one)
    return [one for one in merged if one[0] < end and one[1] > start]


def outside(hours: Hours, start: datetime, end: datetime) -> list[Stretch]:
    """The rest of this time, cut to it."""
    found: list[Stretch] = []
    at = start
    for begins, ends in stretches(hours, start, end):
        if begins > at:
            found.append((at, begins))
        at = max(at, ends)
    if at < end:
        found.append((at, end))
    return found


def on_share(hours: Hours, around: datetime) -> float:
    """The part of a usual week (no holiday) that is within hours."""
    week = timedelta(days=7)
    plain = Hours(hours.zone, hours.week)
    off = sum((end - start for start, end in outside(plain, around, around + week)), timedelta())
    return 1 - off / week


def _changes(hours: Hours, start: datetime, end: datetime) -> list[Change]:
    """Within this time, in order. The days looked at reach further, so that none of their edges is taken for one."""
    found = [
        change
        for begins, ends in stretches(hours, start, end)
        for change in (Change(begins, True), Change(ends, False))
    ]
    return [change for change in found if start <= change.at <= end]


def _of_days(hours: Hours, start: datetime, end: datetime) -> Iterator[Stretch]:
    zone = ZoneInfo(hours.zone)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        if day not in hours.holidays:
            for span in hours.week[day.weekday()]:
                # Equal is a whole day; earlier is on the next one.
                length = (span.end - span.start) % MINUTES_A_DAY or MINUTES_A_DAY
                begins = moment(day, span.start, zone, fold=0)
                ends = moment(day, span.start + length, zone, fold=1)
                if begins < ends:
                    yield begins, ends
        day += timedelta(days=1)


def moment(day: date, minutes: int, zone: ZoneInfo, fold: int) -> datetime:
    """The wall-clock time so many minutes after midnight of that day; `fold`: which one of a time that exists twice."""
    ahead, within = divmod(minutes, MINUTES_A_DAY)
    wall = datetime.combine(day + timedelta(days=ahead), time(within // 60, within % 60))
    # A time that does not exist is read with the offset from before the clocks changed, at either end of the hours.
    local = wall.replace(tzinfo=zone, fold=fold)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        local = wall.replace(tzinfo=zone, fold=0)
    return local.astimezone(UTC)
