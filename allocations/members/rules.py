"""Who may change whom. Pure: answers are a reason in words, empty where it is allowed.

Whoever manages an allocation decides about those below them. The last PI stays: without one nobody could decide.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from allocations.roles import MAY, Need, allows, rank

# Strongest first.
ORDER = tuple(MAY)
# What can be given here. That somebody may look only is the cloud's word.
GIVABLE = ("member", "ta", "manager", "co_pi", "pi")
# As what people come in.
ADDABLE = ("member", "ta", "manager")
LABELS = {
    "pi": "PI",
    "co_pi": "co-PI",
    "manager": "allocation manager",
    "ta": "teaching assistant",
    "member": "member",
    "reader": "reader",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wants to change something, as what; `pis`: how many PIs the allocation has."""

    role: str
    pis: int

    @property
    def manages(self) -> bool:
        return allows(self.role, Need.MANAGE)


def why_not_add(actor: Actor, role: str) -> str:
    """Why this actor may not bring in somebody as that."""
    if not actor.manages:
        return "Only the PI, co-PIs and allocation managers add people."
    if role not in ADDABLE:
        return (
            "People are added as member, teaching assistant or allocation manager; more is given afterwards."
        )
    if rank(role) < rank(actor.role):
        return f"You are {LABELS[actor.role]} yourself, and cannot give a role above that."
    return ""


def why_not_change(actor: Actor, held: str, wanted: str, *, own: bool) -> str:
    """Why this actor may not make a `held` a `wanted`. `own`: it is about themselves."""
    if not actor.manages:
        return "Only the PI, co-PIs and allocation managers change roles."
    if wanted not in GIVABLE:
        return "That is no role that can be given here."
    if held == wanted:
        return f"That is their role already: {LABELS[wanted]}."
    if held == "pi" and actor.pis <= 1:
        return "This is the only PI. Make somebody else PI first."
    if rank(wanted) < rank(actor.role):
        return f"You are {LABELS[actor.role]} yourself, and cannot give a role above that."
    return "" if own else _why_not_touch(actor, held)


def why_not_remove(actor: Actor, held: str, *, own: bool) -> str:
    """Why this actor may not remove somebody who is `held`. Who manages may also leave, but for the last PI."""
    if not actor.manages:
        return "Only the PI, co-PIs and allocation managers remove people."
    if held == "pi" and actor.pis <= 1:
        return "This is the only PI. Make somebody else PI first."
    return "" if own else _why_not_touch(actor, held)


def choices(actor: Actor, among: Iterable[str] = GIVABLE) -> list[tuple[str, str]]:
    """The roles that this actor may give, weakest first, with what they are called."""
    return [(role, title(role)) for role in among if actor.manages and rank(role) >= rank(actor.role)]


def title(role: str) -> str:
    """What a role is called where a line begins with it."""
    label = LABELS.get(role, role)
    return label[:1].upper() + label[1:]


def _why_not_touch(actor: Actor, held: str) -> str:
    """PIs decide about everybody; others about those below them."""
    if actor.role == "pi" or rank(held) > rank(actor.role):
        return ""
    return f"They are {LABELS.get(held, held)}: only a {'PI' if rank(held) <= 1 else 'co-PI or PI'} decides about them."
