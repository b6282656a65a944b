"""Which of its faces the learner's page shows now. Pure.

Everything that it goes by is a fact of the database at one moment; nothing is remembered between two looks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal[
    "invited",
    "asking",
    "waiting",
    "before",
    "building",
    "at",
    "mending",
    "broken",
    "away",
    "over",
    "called-off",
]
# With less to go than this before the seats open, a machine that is being built is worth showing.
SOON = timedelta(hours=1)
_GOING_UP = frozenset({"empty", "building", "returning"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`stage` is the seat's, empty without one; `may_sit`: what `access.is_at` says. Times are of the whole workshop."""

    workshop: str
    learner: str
    stage: str
    has_machine: bool
    may_sit: bool
    opens_at: datetime | None
    closes_at: datetime | None
    next_start: datetime | None
    in_meeting: bool
    test_drive: bool


@dataclass(frozen=True, slots=True)
class Phase:
    """`title` and `words`: what has to be known at a glance. `key`: another one is another page."""

    kind: Kind
    title: str
    words: str

    @property
    def seated(self) -> bool:
        return self.kind == "at"


def phase_of(facts: Facts, now: datetime) -> Phase:
    if facts.workshop == "cancelled":
        return Phase("called-off", "This workshop was called off", "No machine is kept for it.")
    if _is_over(facts, now):
        return Phase(
            "over", "This workshop is over", "The machines are put away, and later removed for good."
        )
    if facts.learner == "invited":
        return Phase("invited", "You are invited", "A seat is kept for you. Read the rules and join.")
    if facts.learner == "asking":
        return Phase(
            "asking",
            "The instructor has to say yes first",
            "You asked to take part. This page tells you at once.",
        )
    if facts.learner != "in" or not facts.stage or facts.stage in ("going", "gone"):
        return Phase(
            "waiting", "You are on the waiting list", "All seats are taken. The next free one is yours."
        )
    if not facts.may_sit:
        return _before(facts, now)
    return _seated(facts)


def _is_over(facts: Facts, now: datetime) -> bool:
    if facts.test_drive:
        return not facts.may_sit
    if facts.workshop in ("ended", "removing", "removed"):
        return True
    return facts.closes_at is not None and now >= facts.closes_at


def _before(facts: Facts, now: datetime) -> Phase:
    if facts.opens_at is not None and facts.opens_at - now < SOON and facts.stage in _GOING_UP - {"empty"}:
        return Phase(
            "before", "Your machine is being made ready", "You can come in as soon as the room opens."
        )
    return Phase("before", "You have a seat", "Your machine is there shortly before the workshop begins.")


def _seated(facts: Facts) -> Phase:
    if facts.stage == "ready" and facts.has_machine:
        return Phase("at", "You are at your seat", "")
    if facts.stage == "mending" and facts.has_machine:
        return Phase("mending", "Your machine is being mended", "It comes back by itself in a moment.")
    if facts.stage == "broken":
        return Phase(
            "broken",
            "Your seat is being replaced",
            "Your machine failed. It is mended or another takes its place, and it opens here by itself. "
            "If there is work of yours on it, ask for help before it is replaced.",
        )
    if facts.stage in ("ready", "mending"):
        return _coming()
    if facts.stage in _GOING_UP and (facts.in_meeting or facts.next_start is None or facts.stage != "empty"):
        return _coming()
    if facts.in_meeting:
        return Phase("away", "Your machine is put away", "The instructor did that, and can bring it back.")
    return Phase(
        "away", "Between the meetings", "Your machine is put away with everything on it until the next one."
    )


def _coming() -> Phase:
    return Phase("building", "Your seat is being built", "It opens here by itself as soon as it is ready.")
