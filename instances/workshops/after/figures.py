"""The arithmetic of the report. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from instances.workshops.clock.window import Times


@dataclass(frozen=True, slots=True)
class Spread:
    """Of some durations, in seconds."""

    count: int
    middle: float
    longest: float


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a workshop's time, charged to a meeting: with what was built before it and its tail.

    `meeting` None: what came after the last one.
    """

    meeting: int | None
    start: datetime
    end: datetime


def spread(seconds: Iterable[float]) -> Spread | None:
    known = [max(0.0, value) for value in seconds]
    return Spread(len(known), median(known), max(known)) if known else None


def parts(times: Times, begun: datetime, now: datetime) -> list[Part]:
    """All of the time from `begun` to `now`, cut at the ends of the tails: what is spent in the parts is all that is spent."""
    found: list[Part] = []
    at = begun
    for number, (_, end) in enumerate(times.meetings):
        closes = end + times.tail
        if number + 1 < len(times.meetings):
            closes = min(closes, times.meetings[number + 1][0])
        if at >= now:
            return found
        until = max(at, min(closes, now))
        if until > at:
            found.append(Part(number, at, until))
        at = until
    if at < now:
        found.append(Part(None, at, now))
    return found


def minutes(first: datetime, last: datetime) -> int:
    """Whoever was seen once was there for a minute."""
    return max(1, round((last - first).total_seconds() / 60))
