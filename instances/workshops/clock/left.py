"""How much time is left, what is said of it, and when people are warned. Pure; the board and learners' pages show it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from instances.workshops.clock.phases import ADJACENT
from instances.workshops.clock.window import Times

Kind = Literal["none", "before", "session", "tail", "between", "over"]
# Minutes before something ends at which everybody is told.
WARNINGS = (15, 5, 1)


@dataclass(frozen=True, slots=True)
class Left:
    """`at`: what is counted down to. `meeting`: counted from 0, of `meetings`. `warn`: the warning that is due, in minutes."""

    kind: Kind
    at: datetime | None
    seconds: int
    meeting: int | None
    meetings: int
    warn: int | None = None
    # What happens at `at`, for the sentence "… in 43 min".
    words: str = ""

    @property
    def number(self) -> int:
        """The meeting as people count."""
        return 0 if self.meeting is None else self.meeting + 1

    @property
    def span(self) -> str:
        return in_words(self.seconds)

    @property
    def counts(self) -> bool:
        """Whether people are warned when it gets short: of an end, not of a beginning."""
        return self.kind in ("session", "tail")


def left_at(times: Times, now: datetime) -> Left:
    """Of the whole workshop at a moment. In a tail it counts to when the seats are put away."""
    count = len(times.meetings)
    if not count:
        return Left("none", None, 0, None, 0)
    for number, (start, end) in enumerate(times.meetings):
        if now < start:
            kind: Kind = "before" if number == 0 else "between"
            return _left(kind, start, now, number, count, f"{_name(number, count)} begins")
        if now < end:
            return _warned(_left("session", end, now, number, count, f"{_name(number, count)} ends"))
        closes = end + times.tail
        if now < closes and not _follows(times, number):
            last = number == count - 1
            words = "The seats close" if last else "The seats are put away"
            return _warned(_left("tail", closes, now, number, count, words))
    return Left("over", None, 0, count - 1, count, None, "The workshop is over")


def warning(seconds: float) -> int | None:
    """The smallest of the warnings whose time has come."""
    due = [minutes for minutes in WARNINGS if seconds <= minutes * 60]
    return min(due) if due and seconds > 0 else None


def in_words(seconds: float) -> str:
    """As short as one reads it at a glance: "2 d 3 h", "1 h 5 min", "43 min", "50 s"."""
    whole = max(0, int(seconds))
    days, hours = divmod(whole // 3600, 24)
    minutes = whole % 3600 // 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{whole} s"


def _follows(times: Times, number: int) -> bool:
    """The next meeting is so close that nothing is put away before it."""
    if number + 1 >= len(times.meetings):
        return False
    return times.between == "keep" or times.meetings[number + 1][0] - times.meetings[number][1] < ADJACENT


def _left(kind: Kind, at: datetime, now: datetime, number: int, count: int, words: str) -> Left:
    # Rounded up: "1 s" until it has happened.
    return Left(kind, at, -((now - at) // timedelta(seconds=1)), number, count, None, words)


def _warned(left: Left) -> Left:
    return Left(
        left.kind, left.at, left.seconds, left.meeting, left.meetings, warning(left.seconds), left.words
    )


def _name(number: int, count: int) -> str:
    return f"Meeting {number + 1} of {count}" if count > 1 else "The workshop"
