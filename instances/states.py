"""The rules of what may be done: state × lock × the operator's veto × what is going on already. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from instances.actions import ACTIONS, BULK_ACTIONS, LAUNCH_STAGES, Action
from instances.statuses import GONE, REQUESTED, Badge, badge, in_transition

__all__ = [
    "ACTIONS",
    "BULK_ACTIONS",
    "LAUNCH_STAGES",
    "Action",
    "Badge",
    "MachineState",
    "Ruling",
    "badge",
    "in_transition",
    "progress",
    "ruling",
    "rulings",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """What the rules look at. `operation`: what the portal is doing with the machine now, and for whom;
    `lacking`: actions that this cloud cannot do, and why."""

    status: str
    task_state: str = ""
    locked: bool = False
    vetoes: frozenset[str] = frozenset()
    group_title: str = ""
    volume_backed: bool = False
    floating_address: bool = False
    operation: str = ""
    lacking: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ruling:
    allowed: bool
    reason: str = ""


ALLOWED = Ruling(True)


def ruling(name: str, state: MachineState) -> Ruling:
    """Whether this may be done now, and if not, the sentence that says what is in the way."""
    action = ACTIONS.get(name)
    if action is None:
        return Ruling(False, "There is no such action.")
    for rule in (_gone, _lacking, _vetoed, _own_condition, _occupied, _lock, _wrong_state):
        reason = rule(action, state)
        if reason:
            return Ruling(False, reason)
    return ALLOWED


def rulings(state: MachineState, names: Iterable[str] = ACTIONS) -> dict[str, Ruling]:
    return {name: ruling(name, state) for name in names}


def _gone(action: Action, state: MachineState) -> str:
    return "The machine is deleted." if state.status in GONE else ""


def _lacking(action: Action, state: MachineState) -> str:
    missing = state.lacking.get(action.name, "")
    return f"This cloud has nothing for it. {missing}" if missing else ""


def _vetoed(action: Action, state: MachineState) -> str:
    if action.name not in state.vetoes:
        return ""
    group = state.group_title or "this size"
    return f"The operators of this cloud do not allow “{action.label}” for {group}."


def _own_condition(action: Action, state: MachineState) -> str:
    match action.name:
        case "lock" if state.locked:
            return "It is locked already."
        case "unlock" if not state.locked:
            return "It is not locked."
        case "assign_address" if state.floating_address:
            return "It has a public address already."
        case "unassign_address" if not state.floating_address:
            return "It has no public address that can be taken away."
        case "rebuild" if state.volume_backed:
            return "Its root disk is a volume, which a rebuild does not overwrite. Launch a new machine."
        case _:
            return ""


def _occupied(action: Action, state: MachineState) -> str:
    if state.operation and not action.beside_operation:
        return f"The portal is busy with it: {state.operation}."
    if state.status == REQUESTED and action.name != "delete":
        return "The cloud has not made it yet."
    if state.task_state and not action.when_busy:
        return f"It is busy: {badge(state.status, state.task_state).label.lower()}."
    return ""


def _lock(action: Action, state: MachineState) -> str:
    return (
        "It is locked. Unlock it first."
        if state.locked and not action.when_locked and action.name != "lock"
        else ""
    )


def _wrong_state(action: Action, state: MachineState) -> str:
    if action.states is None or state.status in action.states:
        return ""
    wanted = sorted({badge(status).label.lower() for status in action.states})
    listed = wanted[0] if len(wanted) == 1 else f"{', '.join(wanted[:-1])} or {wanted[-1]}"
    return f"It is {badge(state.status).label.lower()}; this works only when it is {listed}."


def progress(elapsed_seconds: float, usual_seconds: float) -> int:
    """Percent for a bar: two thirds at the usual time, and never full before it is done."""
    if usual_seconds <= 0 or elapsed_seconds <= 0:
        return 0
    return min(95, round(100 * elapsed_seconds / (elapsed_seconds + usual_seconds / 2)))
