"""When meetings are, and between which moments learners are at their seats. Pure.

Wall-clock times of the workshop's zone are what was meant: a weekly meeting stays at ten o'clock when the clocks change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from instances.policies.schedule import MINUTES_A_DAY, moment

Between = Literal["shelve", "stop", "keep"]
Moments = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a workshop: its meetings in their order, and what is done around them."""

    meetings: tuple[Moments, ...]
    ready_minutes: int = 15
    tail_minutes: int = 15
    between: Between = "shelve"

    @property
    def ready(self) -> timedelta:
        return timedelta(minutes=self.ready_minutes)

    @property
    def tail(self) -> timedelta:
        return timedelta(minutes=self.tail_minutes)


def moments(day: date, begins: time, ends: time, zone: str) -> Moments:
    """Beginning and end in UTC. An end that is not after the beginning is on the next day.

    A time that the clocks leave out stands for as many minutes after the last one before it; of a time that comes twice,
    meetings begin at the first and end at the second. Never empty: what lies wholly where clocks jump keeps its length.
    """
    where = ZoneInfo(zone)
    first, last = _minutes(begins), _minutes(ends)
    length = (last - first) % MINUTES_A_DAY or MINUTES_A_DAY
    starts_at = moment(day, first, where, fold=0)
    ends_at = moment(day, first + length, where, fold=1)
    if ends_at <= starts_at:
        ends_at = starts_at + timedelta(minutes=length)
    return starts_at, ends_at


def wall(at: datetime, zone: str) -> tuple[date, time]:
    """The day and the wall-clock time of a moment, to the minute."""
    local = at.astimezone(ZoneInfo(zone))
    return local.date(), local.time().replace(second=0, microsecond=0)


def window(times: Times) -> Moments | None:
    """From when until when learners are at their seats: None without any meeting."""
    if not times.meetings:
        return None
    opens_at = min(start for start, _ in times.meetings) - times.ready
    closes_at = max(end for _, end in times.meetings) + times.tail
    return opens_at, closes_at


def overlapping(meetings: Iterable[Moments]) -> tuple[Moments, Moments] | None:
    """Two meetings that are at the same time. One that begins when another ends is none."""
    ordered = sorted(meetings)
    for earlier, later in pairwise(ordered):
        if later[0] < earlier[1]:
            return earlier, later
    return None


def current(times: Times, now: datetime) -> int | None:
    """The meeting in session; else the one whose tail is not over yet, which can still be made longer."""
    tailing = None
    for number, (start, end) in enumerate(times.meetings):
        if start <= now < end:
            return number
        if end <= now < end + times.tail:
            tailing = number
    return tailing


def upcoming(times: Times, now: datetime) -> int | None:
    """The next meeting that has not begun."""
    return next((number for number, (start, _) in enumerate(times.meetings) if start > now), None)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC where the name says nothing any more (zones are renamed, and drafts may lack one)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
