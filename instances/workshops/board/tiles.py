"""What a tile of the board says of a seat: decided from facts alone. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["waiting", "building", "ready", "joined", "working", "idle", "help", "broken", "away"]
# In the order in which they want somebody's eye.
STATES: tuple[State, ...] = (
    *("help", "broken", "idle", "waiting", "building", "joined", "ready", "working", "away"),
)
LABELS: dict[State, str] = {
    "waiting": "Waiting",
    "building": "Building",
    "ready": "Ready",
    "joined": "Joined",
    "working": "Working",
    "idle": "Idle",
    "help": "Needs help",
    "broken": "Broken",
    "away": "Put away",
}
TONES: dict[State, str] = {
    "waiting": "off",
    "building": "busy",
    "ready": "plain",
    "joined": "ok",
    "working": "ok",
    "idle": "off",
    "help": "warn",
    "broken": "bad",
    "away": "off",
}
ICONS: dict[State, str] = {
    "waiting": "hourglass",
    "building": "loader-2",
    "ready": "circle-check",
    "joined": "user",
    "working": "activity",
    "idle": "moon",
    "help": "help",
    "broken": "alert-triangle",
    "away": "archive",
}
# Nothing heard of a learner and their machine for so long: idle.
IDLE_AFTER = timedelta(minutes=10)
# A machine that computes so hard is not idle, though nobody is looking.
BUSY_CPU = 20.0
BUILDING = frozenset({"building", "returning", "mending"})
GONE = frozenset({"going", "gone"})


@dataclass(frozen=True, slots=True)
class Call:
    """An open call for help. `by`: who comes."""

    text: str
    asked_at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One seat as the database has it. `stage` is of `models.Seat.Stage`, `learner` of `models.Learner.State`."""

    number: int
    spare: bool = False
    stage: str = "empty"
    since: datetime
    attempts: int = 0
    not_before: datetime | None = None
    held_until: datetime | None = None
    # Why it is not ready, in words as the catalogue has it; and what did not come to a machine that is.
    problem: str = ""
    lacks: str = ""
    # What its operation is at, since when, and how long that takes usually.
    doing: str = ""
    doing_since: datetime | None = None
    usual_seconds: float = 0
    learner: str = ""
    name: str = ""
    step: int = 0
    seen_at: datetime | None = None
    # Somebody's session is on the machine: the learner's own; those of others, and who looks on, by name.
    connected: bool = False
    helpers: tuple[str, ...] = ()
    call: Call | None = None
    cpu: float | None = None
    gpu: float | None = None

    @property
    def test(self) -> bool:
        """The seat of a test drive, which is none of the class."""
        return self.number == 0


@dataclass(frozen=True, slots=True)
class Tile:
    """`said`: one line under the name. `trouble`: what is wrong with the machine, also where the state is another."""

    state: State
    said: str
    trouble: str = ""
    # What it waits for by the clock, with that moment.
    until_words: str = ""
    until: datetime | None = None

    @property
    def label(self) -> str:
        return LABELS[self.state]

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def icon(self) -> str:
        return ICONS[self.state]

    @property
    def rank(self) -> int:
        return STATES.index(self.state)


def tile(facts: Facts, now: datetime) -> Tile:
    state = tile_state(facts, now)
    words, until = _until(facts, now)
    return Tile(
        state=state,
        said=_said(state, facts),
        trouble=facts.lacks if facts.stage == "ready" else facts.problem,
        until_words=words,
        until=until,
    )


def tile_state(facts: Facts, now: datetime) -> State:
    """A person who waits for help comes before anything that a machine is at."""
    if facts.call is not None:
        return "help"
    if facts.stage == "broken":
        return "broken"
    if facts.stage in BUILDING:
        return "building"
    if facts.stage == "empty":
        return "waiting"
    if facts.stage != "ready":
        return "away"
    return _at_a_machine(facts, now)


def _at_a_machine(facts: Facts, now: datetime) -> State:
    if facts.learner != "in":
        return "ready"
    if facts.connected:
        return "working"
    # What a machine computes before anybody was at it is its own set-up.
    if facts.seen_at is None or now - facts.seen_at < IDLE_AFTER:
        return "joined"
    return "working" if facts.cpu is not None and facts.cpu >= BUSY_CPU else "idle"


def _said(state: State, facts: Facts) -> str:
    if state == "help":
        assert facts.call is not None
        return f"{facts.call.by} comes" if facts.call.by else facts.call.text or "Asks for help"
    if state == "building":
        return facts.doing or _BUILDING_WORDS[facts.stage]
    if state == "waiting":
        return "Tried again soon" if facts.attempts else "No machine yet"
    if state == "broken":
        return "Its machine failed"
    if state == "away":
        return _AWAY_WORDS.get(facts.stage, "Kept, and comes back")
    if state == "ready":
        return _ready_words(facts)
    return "Its machine computes" if state == "working" and not facts.connected else _PRESENT_WORDS[state]


_BUILDING_WORDS = {"building": "Asked for", "returning": "Coming back", "mending": "Being mended"}
_AWAY_WORDS = {"going": "Being removed", "gone": "Removed"}
_PRESENT_WORDS: dict[State, str] = {
    "joined": "Not on the machine yet",
    "working": "On the machine",
    "idle": "Nothing heard for a while",
}


def _ready_words(facts: Facts) -> str:
    if facts.spare:
        return "Spare"
    return {"": "Free", "invited": "Not come yet", "waiting": "In line", "asking": "Asks to join"}.get(
        facts.learner, "Free"
    )


def _until(facts: Facts, now: datetime) -> tuple[str, datetime | None]:
    if facts.stage in ("broken", "empty") and facts.not_before and facts.not_before > now:
        return "Next try in", facts.not_before
    if facts.stage in ("away", "ready") and facts.held_until and facts.held_until > now:
        return "Left alone for", facts.held_until
    return "", None


def belongs(facts: Facts, state: str, now: datetime) -> bool:
    """Whether a seat is one of those that people pick by a word: a state, or what only selections know."""
    if state == "not-joined":
        return not facts.spare and not facts.test and facts.learner != "in"
    if state == "all":
        return not facts.spare and not facts.test and facts.stage not in GONE
    if state == "spares":
        return facts.spare
    return tile_state(facts, now) == state or (state == "broken" and facts.stage == "broken")
