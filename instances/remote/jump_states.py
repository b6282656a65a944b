"""How a jump host stands, in words, and what brings it back. Pure."""

from dataclasses import dataclass

from instances.remote.models import JumpHost
from instances.statuses import ACTIVE, BUILD, ERROR, PAUSED, REQUESTED, SHELVES, STOPS, SUSPENDED, Tone


@dataclass(frozen=True, slots=True)
class JumpState:
    """`action`: one of `instances.actions` that brings it back. `lost`: nothing does, but another jump host."""

    key: str
    label: str
    words: str
    tone: Tone
    usable: bool = False
    busy: bool = False
    action: str = ""
    lost: bool = False


READY = JumpState(
    "ready", "Ready", "Machines without a public address are reached through it.", "ok", usable=True
)
MAKING = JumpState(
    "making", "Being made", "The cloud is making it; that takes a minute or two.", "busy", busy=True
)
SETTING_UP = JumpState(
    "setting-up", "Setting up", "It runs, and its login for passing on is being set up.", "busy", busy=True
)
GONE = JumpState(
    "gone", "Deleted", "It was deleted, here or elsewhere. The machines behind it run on.", "bad", lost=True
)
FAILED = JumpState(
    "failed",
    "Failed",
    "The cloud could not make it, or it broke. The machines behind it run on.",
    "bad",
    lost=True,
)
UNFIT = JumpState(
    "unfit", "Not set up", "Its own set-up failed, so that it passes nothing on.", "bad", lost=True
)
NO_ADDRESS = JumpState(
    "no-address",
    "No address",
    "It has no public address any more, so that the portal does not reach it.",
    "warn",
    action="assign_address",
)
REFUSED = JumpState("refused", "Not set up", "Its login for passing on could not be put there.", "bad")
CHANGING = JumpState("changing", "Changing", "It is being restarted or changed.", "busy", busy=True)
_RESTING = {
    **dict.fromkeys(STOPS, ("Stopped", "start")),
    **dict.fromkeys(SHELVES, ("Shelved", "unshelve")),
    PAUSED: ("Paused", ""),
    SUSPENDED: ("Suspended", "resume"),
}


def state_of(jump: JumpHost) -> JumpState:
    """By what the mirror last saw of its machine."""
    machine = jump.instance
    if machine.deleted_at is not None:
        return GONE
    if machine.status == ERROR:
        return FAILED
    if machine.status in (REQUESTED, BUILD):
        return MAKING
    if machine.status in _RESTING:
        label, action = _RESTING[machine.status]
        words = f"It is {label.lower()}, so that the machines behind it cannot be reached. They run on."
        return JumpState("resting", label, words, "warn", action=action)
    if machine.status != ACTIVE:
        return CHANGING
    return _running(jump)


def _running(jump: JumpHost) -> JumpState:
    made = jump.how == JumpHost.How.MADE
    if made and jump.instance.setup_status == "error":
        return UNFIT
    if not made and jump.error_id:
        return REFUSED
    if (made and jump.instance.setup_status != "complete") or (not made and jump.ready_at is None):
        return SETTING_UP
    return READY if jump.instance.public_address else NO_ADDRESS
