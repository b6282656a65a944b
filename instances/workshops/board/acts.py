"""What can be done to seats from the board: words, rights, and what stands in the way. Pure."""

from dataclasses import dataclass, field

from instances.workshops.board.tiles import BUILDING, GONE, Facts
from instances.workshops.rights import Right

# Where the learner's own work is on the machine.
_HOME = "what learners keep in their home folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """`leads_to`: the cloud's status afterwards, for the cost; `fields` are asked for by the dialog.

    `counted`: whoever goes on types how many seats it is.
    """

    name: str
    label: str
    icon: str
    right: Right
    consequence: str
    loses: str = ""
    leads_to: str = ""
    counted: bool = False
    fields: frozenset[str] = field(default_factory=frozenset)


ACTS = {
    found.name: found
    for found in (
        Act(
            name="say",
            label="Message",
            icon="speakerphone",
            right=Right.RUN,
            consequence="The words appear on the learners' screens at once, and stay for the time you choose.",
            fields=frozenset({"text", "minutes"}),
        ),
        Act(
            name="run",
            label="Run a command",
            icon="terminal-2",
            right=Right.HELP,
            consequence="The command runs on each of these machines as the learner's account. "
            "What it prints is kept with the workshop, seat by seat, for those who run it.",
            fields=frozenset({"command", "as_root", "seconds"}),
        ),
        Act(
            name="push",
            label="Push a file",
            icon="file-upload",
            right=Right.HELP,
            consequence="The file is put into each learner's home folder. One of the same name is kept beside it.",
            fields=frozenset({"file", "folder"}),
        ),
        Act(
            name="start",
            label="Start",
            icon="player-play",
            right=Right.HELP,
            consequence="Machines that are put away come back, with everything that is on them.",
            leads_to="ACTIVE",
        ),
        Act(
            name="stop",
            label="Stop",
            icon="player-stop",
            right=Right.HELP,
            consequence="The machines are switched off, and stay off until somebody starts them. Open shells and "
            "unsaved work in programs end; files stay.",
            leads_to="SHUTOFF",
        ),
        Act(
            name="shelve",
            label="Shelve",
            icon="archive",
            right=Right.HELP,
            consequence="The machines are put away with their disks, and cost least. Coming back takes minutes. Open "
            "shells and unsaved work in programs end; files stay.",
            leads_to="SHELVED_OFFLOADED",
        ),
        Act(
            name="release",
            label="Back to the clock",
            icon="clock",
            right=Right.HELP,
            consequence="Seats that somebody started, stopped or put away by hand follow the meetings again, and "
            "broken ones are tried at once.",
        ),
        Act(
            name="reset",
            label="Reset to image",
            icon="rotate-2",
            right=Right.HELP,
            consequence="Each machine is made anew from the workshop's image, with the same name and address. "
            "Nobody can work on it until that is done.",
            loses=f"Everything on the machine's disk is lost: installed programs, settings, and {_HOME} unless you "
            "keep it below.",
            counted=True,
            fields=frozenset({"keep_home"}),
        ),
        Act(
            name="swap",
            label="Swap for a spare",
            icon="switch-horizontal",
            right=Right.HELP,
            consequence="Each learner gets a spare machine that is ready, at once; another spare is built behind it.",
            loses=f"Their present machine is deleted with its disk, and {_HOME}.",
            counted=True,
        ),
        Act(
            name="replace",
            label="Replace",
            icon="refresh",
            right=Right.HELP,
            consequence="A spare that is ready takes the machine's place at once; where there is none a new one is built, "
            "and until it is ready the seat has no machine.",
            loses=f"The present machine is deleted with its disk, and {_HOME}.",
            counted=True,
        ),
    )
}


def in_the_way(act: Act, facts: Facts) -> str:
    """A sentence why it cannot be done at this seat now; empty where it can be tried."""
    stage = facts.stage
    if stage in GONE:
        return "The seat is being removed."
    if act.name == "say":
        return "" if facts.learner and not facts.spare else "Nobody sits here."
    if act.name in ("run", "push"):
        return "" if stage == "ready" else "Its machine is not ready."
    if act.name == "start":
        return "" if stage == "away" else "Its machine is not put away."
    if act.name in ("stop", "shelve"):
        return "" if stage == "ready" else "Its machine is not running."
    if act.name == "release":
        freed = facts.held_until or stage in ("broken", "empty")
        return "" if freed else "It follows the clock already."
    if act.name == "swap" and facts.spare:
        return "It is a spare itself."
    if act.name in ("reset", "swap") and stage == "empty":
        return "It has no machine yet."
    if act.name == "reset" and stage in BUILDING:
        return "Its machine is being made or mended already."
    return ""
