"""What is wanted of a workshop's seats at a moment, because of its times alone. Pure.

Whoever asks late (the portal was away) is told what is wanted now, never what was wanted meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from instances.workshops.clock.window import Times

Want = Literal["nothing", "on", "away", "over"]
# Meetings closer than this stay on; so does what would be away for less than it takes to put away and bring back.
ADJACENT = timedelta(hours=1)
SHORTEST_AWAY = timedelta(minutes=30)
# Besides the usual time to build: for a failed one to be tried again.
MARGIN = timedelta(minutes=5)
MARGIN_SHARE = 0.2
# However long builds seem to take, nothing is built earlier.
LONGEST_LEAD = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Block:
    """One stretch of time in which seats are on: for the meetings `first` to `last`."""

    on_from: datetime
    on_until: datetime
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Phase:
    """`until`: when something else is wanted. `meeting`: in session, else the next of this time, else the last of it.

    `build_from`: when seats begin to be built or brought back, of this time or the next. `worth_building`: a seat that
    has no machine now would still have one in a meeting.
    """

    want: Want
    until: datetime | None
    meeting: int | None
    build_from: datetime | None
    worth_building: bool = True


def lead(times: Times, *, build_seconds: float, waves: int, first: bool = True) -> timedelta:
    """How long before seats have to be ready one begins with them.

    `waves`: how many times as many as can be built at once. What is only stopped is back in seconds; one build is left
    for those that do not come back.
    """
    rounds = waves if first or times.between == "shelve" else 1
    building = timedelta(seconds=max(build_seconds, 0.0) * max(rounds, 1))
    return min(building * (1 + MARGIN_SHARE) + MARGIN, LONGEST_LEAD)


def blocks(times: Times, *, build_seconds: float, waves: int) -> list[Block]:
    """The times in which seats are on, in order, none touching another."""
    found: list[Block] = []
    for number, (start, end) in enumerate(times.meetings):
        needed = lead(times, build_seconds=build_seconds, waves=waves, first=not found)
        on_from, on_until = start - times.ready - needed, end + times.tail
        if found and _stays_on(times, found[-1], on_from, start):
            before = found.pop()
            found.append(Block(before.on_from, max(before.on_until, on_until), before.first, number))
        else:
            found.append(Block(on_from, on_until, number, number))
    return found


def phase_at(times: Times, now: datetime, *, build_seconds: float, waves: int) -> Phase:
    """What is wanted now, and until when."""
    found = blocks(times, build_seconds=build_seconds, waves=waves)
    for block in found:
        if now < block.on_from:
            want: Want = "nothing" if block.first == 0 else "away"
            return Phase(want, block.on_from, block.first, block.on_from, worth_building=False)
        if now < block.on_until:
            usable = any(end > now + timedelta(seconds=build_seconds) for _, end in _of(times, block))
            return Phase("on", block.on_until, _meeting(times, block, now), block.on_from, usable)
    if not found:
        return Phase("nothing", None, None, None, worth_building=False)
    return Phase("over", None, None, None, worth_building=False)


def _stays_on(times: Times, before: Block, on_from: datetime, start: datetime) -> bool:
    if times.between == "keep":
        return True
    ended = max(end for _, end in _of(times, before))
    return start - ended < ADJACENT or on_from - before.on_until < SHORTEST_AWAY


def _of(times: Times, block: Block) -> tuple[tuple[datetime, datetime], ...]:
    return times.meetings[block.first : block.last + 1]


def _meeting(times: Times, block: Block, now: datetime) -> int:
    """In session; else the next one of this block; else its last."""
    for number in range(block.first, block.last + 1):
        if now < times.meetings[number][1]:
            return number
    return block.last
