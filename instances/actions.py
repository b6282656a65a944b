"""What can be done with a machine: words, states that allow it, effect on cost, danger, time. Pure."""

from dataclasses import dataclass
from typing import Literal

from instances.statuses import (
    ACTIVE,
    DELETED,
    ERROR,
    OFFLOADED,
    PAUSED,
    SHELVES,
    SHUTOFF,
    STOPPED,
    STOPS,
    SUSPENDED,
    VERIFY_RESIZE,
)

Danger = Literal["none", "caution", "destructive"]
# none: done at once. dialog: says first what happens. choose: needs a parameter. name: destroys, so the
# name is typed.
Confirm = Literal["none", "dialog", "choose", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One row of the table.

    `states` None means every state but a deleted one. `leads_to` is the status that decides the cost
    afterwards; empty where the cost stays.
    """

    name: str
    label: str
    verb: str  # "Stopping {name}"
    consequence: str
    states: frozenset[str] | None = None
    leads_to: str = ""
    danger: Danger = "none"
    confirm: Confirm = "dialog"
    bulk: bool = False
    when_locked: bool = False
    when_busy: bool = False
    # Beside a live operation of the portal: delete supersedes it, console and lock do not disturb it.
    beside_operation: bool = False
    usual_seconds: int = 5
    longest_seconds: int = 600


def _only(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


_TABLE: tuple[Action, ...] = (
    Action(
        name="start",
        label="Start",
        verb="Starting",
        consequence="Switches the machine on. Its disk is as it was; programs have to be started again.",
        states=STOPS,
        leads_to=ACTIVE,
        confirm="none",
        bulk=True,
        usual_seconds=5,
    ),
    Action(
        name="stop",
        label="Stop",
        verb="Stopping",
        consequence="Shuts the operating system down. Disk, address and volumes stay; what is only in memory "
        "is lost. A stopped machine keeps its place on the host and still costs; shelving frees "
        "it.",
        states=_only(ACTIVE),
        leads_to=SHUTOFF,
        danger="caution",
        bulk=True,
        usual_seconds=10,
    ),
    Action(
        name="reboot",
        label="Reboot",
        verb="Rebooting",
        consequence="Asks the operating system to restart. Programs are ended; the disk stays.",
        states=_only(ACTIVE),
        leads_to=ACTIVE,
        danger="caution",
        bulk=True,
        usual_seconds=15,
    ),
    Action(
        name="hard_reboot",
        label="Hard reboot",
        verb="Rebooting",
        consequence="Switches the machine off and on without asking its operating system. Use it when the "
        "machine hangs: what was not written to disk is lost.",
        states=_only(ACTIVE, SHUTOFF, STOPPED, PAUSED, SUSPENDED, ERROR),
        leads_to=ACTIVE,
        danger="caution",
        usual_seconds=15,
    ),
    Action(
        name="suspend",
        label="Suspend",
        verb="Suspending",
        consequence="Freezes the machine with everything in memory. It keeps its place on the host and still "
        "costs; nobody can reach it until it is resumed.",
        states=_only(ACTIVE),
        leads_to=SUSPENDED,
        danger="caution",
        bulk=True,
        usual_seconds=10,
    ),
    Action(
        name="resume",
        label="Resume",
        verb="Resuming",
        consequence="The machine goes on where it was frozen.",
        states=_only(SUSPENDED, PAUSED),
        leads_to=ACTIVE,
        confirm="none",
        bulk=True,
        usual_seconds=5,
    ),
    Action(
        name="shelve",
        label="Shelve",
        verb="Shelving",
        consequence="Stops the machine, puts its disk away and gives its place on the host back. It keeps "
        "its name, volumes and private address and costs nothing until it is unshelved, which takes "
        "some minutes.",
        states=_only(ACTIVE, PAUSED, SHUTOFF, STOPPED, SUSPENDED),
        leads_to=OFFLOADED,
        danger="caution",
        bulk=True,
        usual_seconds=60,
        longest_seconds=3600,
    ),
    Action(
        name="unshelve",
        label="Unshelve",
        verb="Unshelving",
        consequence="Brings the machine back to a host and starts it. The host must have room for its size.",
        states=SHELVES,
        leads_to=ACTIVE,
        bulk=True,
        usual_seconds=60,
        longest_seconds=3600,
    ),
    Action(
        name="lock",
        label="Lock",
        verb="Locking",
        consequence="Protects the machine: until it is unlocked nobody can stop, change or delete it, here "
        "or elsewhere.",
        confirm="none",
        bulk=True,
        when_busy=True,
        beside_operation=True,
        usual_seconds=1,
        longest_seconds=120,
    ),
    Action(
        name="unlock",
        label="Unlock",
        verb="Unlocking",
        consequence="Everybody who may act on the machine can change it again.",
        confirm="none",
        bulk=True,
        when_locked=True,
        when_busy=True,
        beside_operation=True,
        usual_seconds=1,
        longest_seconds=120,
    ),
    Action(
        name="rename",
        label="Rename",
        verb="Renaming",
        consequence="Changes the name in the cloud. The host name inside the machine stays as it is.",
        confirm="choose",
        when_busy=True,
        usual_seconds=1,
        longest_seconds=120,
    ),
    Action(
        name="resize",
        label="Resize",
        verb="Resizing",
        consequence="Stops the machine and starts it with another size. Then you check it, and confirm or go "
        "back.",
        states=_only(ACTIVE, SHUTOFF, STOPPED),
        leads_to=VERIFY_RESIZE,
        danger="caution",
        confirm="choose",
        usual_seconds=60,
        longest_seconds=3600,
    ),
    Action(
        name="confirm_resize",
        label="Confirm resize",
        verb="Confirming resize",
        consequence="Keeps the new size and frees what was held for going back. This cannot be undone.",
        states=_only(VERIFY_RESIZE),
        leads_to=ACTIVE,
        bulk=True,
        usual_seconds=5,
    ),
    Action(
        name="revert_resize",
        label="Revert resize",
        verb="Reverting resize",
        consequence="Goes back to the old size. What was written to the disk since the resize is lost.",
        states=_only(VERIFY_RESIZE),
        leads_to=ACTIVE,
        danger="caution",
        usual_seconds=15,
    ),
    Action(
        name="rebuild",
        label="Rebuild",
        verb="Rebuilding",
        consequence="Wipes the root disk and installs the image again. Name, size, addresses and volumes "
        "stay; everything on the root disk is lost.",
        states=_only(ACTIVE, SHUTOFF, STOPPED, ERROR),
        leads_to=ACTIVE,
        danger="destructive",
        confirm="name",
        usual_seconds=60,
        longest_seconds=3600,
    ),
    Action(
        name="snapshot",
        label="Create image",
        verb="Making an image of",
        consequence="Saves the root disk as an image that new machines can start from. The image uses image "
        "storage; stop the machine first where the disk must be consistent.",
        states=_only(ACTIVE, PAUSED, SHUTOFF, STOPPED, SUSPENDED),
        confirm="choose",
        when_locked=True,
        usual_seconds=60,
        longest_seconds=3600,
    ),
    Action(
        name="console",
        label="Screen",
        verb="Opening the screen of",
        consequence="Opens screen and keyboard of the machine, as the cloud shows them, in a new window. It works "
        "without any network in the machine; the link works once, for a short time.",
        states=_only(ACTIVE, PAUSED, "RESCUE", "REBOOT", "HARD_REBOOT", VERIFY_RESIZE, "PASSWORD"),
        confirm="none",
        when_locked=True,
        when_busy=True,
        beside_operation=True,
        usual_seconds=2,
        longest_seconds=60,
    ),
    Action(
        name="assign_address",
        label="Assign public address",
        verb="Giving a public address to",
        consequence="Makes the machine reachable from the internet. Its firewall rules decide what gets "
        "through.",
        states=_only(ACTIVE, SHUTOFF, STOPPED, PAUSED, SUSPENDED, VERIFY_RESIZE, "RESCUE"),
        confirm="choose",
        usual_seconds=3,
        longest_seconds=300,
    ),
    Action(
        name="unassign_address",
        label="Unassign public address",
        verb="Taking the public address from",
        consequence="The machine can no longer be reached from the internet. A released address goes back to "
        "everybody's pool and will be somebody else's.",
        danger="caution",
        confirm="choose",
        bulk=True,
        usual_seconds=3,
        longest_seconds=300,
    ),
    Action(
        name="delete",
        label="Delete",
        verb="Deleting",
        consequence="Destroys the machine and its root disk for good. Volumes that you attached stay, "
        "detached; a root volume made with the machine goes with it.",
        leads_to=DELETED,
        danger="destructive",
        confirm="name",
        bulk=True,
        when_busy=True,
        beside_operation=True,
        usual_seconds=5,
    ),
)
ACTIONS: dict[str, Action] = {action.name: action for action in _TABLE}
BULK_ACTIONS: tuple[str, ...] = tuple(action.name for action in _TABLE if action.bulk)

# Stages of a launch: usual and longest seconds. The longest of `setup` is Exosphere's time-out.
LAUNCH_STAGES: dict[str, tuple[int, int]] = {
    "create": (5, 900),
    "build": (30, 1800),
    "data": (10, 900),
    "address": (5, 600),
    "setup": (180, 7200),
}
