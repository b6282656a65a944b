"""What each role may do. Pure. OpenStack enforces its own rules besides: these narrow them, never widen."""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Need(StrEnum):
    """What a page or an action asks of the person; the value is what a refusal says."""

    SEE = "see it"
    LAUNCH = "launch instances"
    ACT = "act on your own instances"
    ACT_ON_OTHERS = "act on instances of others"
    MANAGE = "manage the allocation"


_SEE = frozenset({Need.SEE})
_USE = _SEE | {Need.LAUNCH, Need.ACT}
_ASSIST = _USE | {Need.ACT_ON_OTHERS}
_ALL = frozenset(Need)

# Strongest first: where a person has several roles, the first of these counts.
MAY: Mapping[str, frozenset[Need]] = {
    "pi": _ALL,
    "co_pi": _ALL,
    "manager": _ALL,
    "ta": _ASSIST,
    "member": _USE,
    "reader": _SEE,
}
WEAKEST = "reader"


def allows(role: str, need: Need) -> bool:
    return need in MAY.get(role, frozenset())


def strongest(roles: Iterable[str]) -> str | None:
    """The strongest of the roles known here; None when there is none."""
    given = set(roles)
    return next((role for role in MAY if role in given), None)


def having(need: Need) -> tuple[str, ...]:
    """The roles that may do this, strongest first."""
    return tuple(role for role in MAY if allows(role, need))


def rank(role: str) -> int:
    """0 is the strongest; a role that nobody knows is below all."""
    order = tuple(MAY)
    return order.index(role) if role in order else len(order)
