"""What a machine was, and when: made of Nova's record and of what the mirror saw. Pure.

The same facts give the same history, in whatever order and however often they were learnt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from instances import statuses

T = TypeVar("T")
# Nova's actions -> the status that shows while one goes on ("" none), and after it (BEFORE: what it was).
BEFORE = "before"
_EFFECTS: dict[str, tuple[str, str]] = {
    "stop": ("", statuses.SHUTOFF),
    "start": ("", statuses.ACTIVE),
    "pause": ("", statuses.PAUSED),
    "unpause": ("", statuses.ACTIVE),
    "suspend": ("", statuses.SUSPENDED),
    "resume": ("", statuses.ACTIVE),
    "shelve": ("", statuses.SHELVED),
    "shelveOffload": ("", statuses.OFFLOADED),
    "unshelve": ("", statuses.ACTIVE),
    "rescue": ("", "RESCUE"),
    "unrescue": ("", statuses.ACTIVE),
    "restore": ("", statuses.ACTIVE),
    "delete": ("", statuses.DELETED),
    "rebuild": ("REBUILD", BEFORE),
    "resize": (statuses.RESIZE, statuses.VERIFY_RESIZE),
    "confirmResize": ("", BEFORE),
    "revertResize": (statuses.REVERT_RESIZE, BEFORE),
}
_RESIZES = frozenset({"resize", "revertResize"})
# What comes and goes: after it, a machine is what it was before it.
_PASSING = frozenset({statuses.RESIZE, statuses.VERIFY_RESIZE, statuses.REVERT_RESIZE, "REBUILD"})
FAILED = "Error"


@dataclass(frozen=True, slots=True)
class Seen:
    """The mirror saw it so; it became so then, at the latest."""

    at: datetime
    status: str
    flavor_name: str
    vcpus: int


@dataclass(frozen=True, slots=True)
class Done:
    """A line of Nova's record."""

    action: str
    started: datetime
    finished: datetime
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    starts_at: datetime
    ends_at: datetime
    status: str
    flavor_name: str
    vcpus: int


@dataclass(frozen=True, slots=True)
class Life:
    """All that is known of one machine. `seen` has its last state at least."""

    created: datetime
    launched: datetime | None
    ended: datetime | None
    seen: Sequence[Seen]
    done: Sequence[Done]


def history(life: Life, until: datetime) -> list[Stretch]:
    """Stretches that follow one another, from the first moment of which anything is known."""
    stop = min(until, life.ended) if life.ended else until
    seen = sorted(life.seen, key=lambda each: each.at)
    states = _states(life, seen)
    sizes = _sizes(life, seen)
    cuts = sorted({at for at, _ in states} | {at for at, _ in sizes})
    moments = [at for at in cuts if at < stop] + [stop]
    if not states or moments[0] >= stop:
        return []
    return _joined(
        Stretch(start, end, _at(states, start), *_at(sizes, start))
        for start, end in pairwise(moments)
        if start >= states[0][0] and _at(states, start) != statuses.DELETED
    )


def last_change(life: Life) -> datetime | None:
    """The newest moment of which the record tells."""
    return max((each.finished for each in life.done if each.action in _EFFECTS), default=None)


def _states(life: Life, seen: Sequence[Seen]) -> list[tuple[datetime, str]]:
    """From when on it had which status: what the record tells, and what was seen where that disagrees."""
    found: list[tuple[datetime, str]] = []
    waiting = list(seen)

    def note(at: datetime, status: str) -> None:
        if not found or found[-1][1] != status:
            found.append((max(at, found[-1][0]) if found else at, status))

    def look(before: datetime | None) -> None:
        """What was seen up to the next thing that the record tells."""
        while waiting and (before is None or waiting[0].at < before):
            note(waiting[0].at, waiting[0].status)
            waiting.pop(0)

    settled = statuses.ACTIVE
    for at, status, passing in _told(life):
        look(at)
        if found and found[-1][1] not in _PASSING:
            settled = found[-1][1]
        note(at, settled if status == BEFORE else status)
        if not passing and status != BEFORE:
            settled = status
    look(None)
    return found


def _told(life: Life) -> list[tuple[datetime, str, bool]]:
    """(moment, status or BEFORE, whether it passes) as the record has it."""
    found: list[tuple[datetime, str, bool]] = []
    for each in life.done:
        if each.action == "create":
            found.append((life.created, statuses.BUILD, True))
            if not each.failed:
                found.append((_launched(life, each), statuses.ACTIVE, False))
        elif each.action in _EFFECTS:
            during, after = _EFFECTS[each.action]
            if during:
                found.append((each.started, during, True))
            if not each.failed:
                found.append((each.finished, after, after in _PASSING))
            elif during:
                found.append((each.finished, BEFORE, False))
    return sorted(found, key=lambda told: told[0])


def _launched(life: Life, create: Done) -> datetime:
    """Nova writes the launch anew when it resizes or rebuilds: only one within the making is the first."""
    if life.launched and create.started <= life.launched <= create.finished:
        return life.launched
    return create.finished


def _sizes(life: Life, seen: Sequence[Seen]) -> list[tuple[datetime, tuple[str, int]]]:
    """From when on it had which size. Of a size that nobody saw, the one nearest in time is taken."""
    changes = sorted(each.finished for each in life.done if each.action in _RESIZES and not each.failed)
    found: list[tuple[datetime, tuple[str, int]]] = []
    for place, each in enumerate(seen):
        size = (each.flavor_name, each.vcpus)
        if not found:
            found.append((min(life.created, each.at), size))
        elif size != found[-1][1]:
            within = [at for at in changes if seen[place - 1].at < at <= each.at]
            found.append((max(within, default=each.at), size))
    return found


def _at(steps: Sequence[tuple[datetime, T]], moment: datetime) -> T:
    return next(value for at, value in reversed(steps) if at <= moment)


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    for each in stretches:
        last = found[-1] if found else None
        if last and (last.status, last.flavor_name, last.vcpus) == (
            each.status,
            each.flavor_name,
            each.vcpus,
        ):
            found[-1] = Stretch(last.starts_at, each.ends_at, each.status, each.flavor_name, each.vcpus)
        elif each.ends_at > each.starts_at:
            found.append(each)
    return found
