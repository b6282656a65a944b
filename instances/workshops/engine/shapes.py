"""What a round knows of one workshop, and the steps that it decides on. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from instances.statuses import ACTIVE, ERROR, OFFLOADED, PAUSED, SHELVED, SHUTOFF, STOPPED, SUSPENDED

Want = Literal["nothing", "on", "away", "over"]
Because = Literal["failed", "stuck", "lost", "over", "replaced", "swapped"]
RESTING = frozenset({SHELVED, OFFLOADED, SHUTOFF, STOPPED, PAUSED, SUSPENDED})
# Which action brings a machine back.
BACK = {
    SHELVED: "unshelve",
    OFFLOADED: "unshelve",
    SHUTOFF: "start",
    STOPPED: "start",
    PAUSED: "resume",
    SUSPENDED: "resume",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem's id and what its words need."""

    id: str
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """As the mirror has it. `since`: when the cloud was asked for it; None: it was not yet."""

    id: str
    status: str = ACTIVE
    task: str = ""
    setup: str = "complete"
    gone: bool = False
    fault: str = ""
    was_ready: bool = False
    since: datetime | None = None

    @property
    def ready(self) -> bool:
        return self.status == ACTIVE and not self.task and self.setup == "complete"

    @property
    def broken(self) -> bool:
        return self.status == ERROR and not self.task

    @property
    def rests(self) -> bool:
        return self.status in RESTING and not self.task


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """An operation on a seat's machine. `trouble`: why it failed, or why it is being tried again."""

    id: str
    name: str
    state: Literal["live", "paused", "done", "failed", "cancelled"]
    trouble: Trouble | None = None
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A seat. `op`: the one at whose end its stage ends; `other`: another that goes on with its machine.

    `precious`: somebody has worked at the machine. `drive`: the seat of a test drive.
    """

    id: str
    number: int
    spare: bool = False
    stage: str = "empty"
    stage_since: datetime
    attempts: int = 0
    not_before: datetime | None = None
    held_until: datetime | None = None
    learner: bool = False
    precious: bool = False
    drive: bool = False
    problem_id: str = ""
    machine: Machine | None = None
    op: Op | None = None
    other: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loose:
    """A machine that serves no seat. `going`: it is being deleted. `failed_at`: when that failed last."""

    machine: str
    going: bool = False
    failed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The operator's numbers, in seconds."""

    stuck: float = 600
    usual: float = 240
    tries: int = 3
    first_pause: float = 20
    longest_pause: float = 600

    def pause(self, attempts: int) -> timedelta:
        """After so many tries that failed: doubling, up to the longest."""
        grown = self.first_pause * 2.0 ** min(max(attempts, 1) - 1, 12)
        return timedelta(seconds=min(grown, self.longest_pause))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`build`: machines that are missing may be asked for. `bring_back`: those put away may come back.

    `put_away`: what is done with machines that nobody needs now; empty: they are left as they are.
    """

    now: datetime
    want: Want
    removing: bool = False
    build: bool = False
    bring_back: bool = False
    put_away: Literal["", "shelve", "stop"] = "shelve"
    power_room: int = 1000
    places: tuple[Place, ...] = ()
    loose: tuple[Loose, ...] = ()
    rules: Rules = Rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Its machine is set up, and runs."""

    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Another stage, because its machine is seen to be otherwise."""

    place: Place
    stage: str
    trouble: Trouble | None = None
    failed: bool = False
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """The stage goes on, with a problem that is being tried again; None: it is over."""

    place: Place
    trouble: Trouble | None
    not_before: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Its machine serves it no more. `counts`: it was a try that failed."""

    place: Place
    because: Because
    stage: str = "empty"
    trouble: Trouble | None = None
    counts: bool = False
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Give:
    """The machine of a spare, which is ready, to a seat; what the seat is building becomes the spare's."""

    place: Place
    spare: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Machines for these, as many as there is room for, in this order."""

    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """start, unshelve, resume, shelve or stop; the stage that it leads to is shown at once."""

    place: Place
    action: str
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A machine that serves no seat."""

    machine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDrive:
    """The time of a test drive is over: the seat goes, with its learner."""

    place: Place


Step = Ready | Show | Tell | Part | Give | Launch | Act | Delete | EndDrive
