"""Where several sources speak of the same thing: whose word counts. Pure; docs/adr/0011-sources-and-precedence.md.

Who is in: OpenStack alone. What somebody may do here: the membership that the portal enforces. A source's word about a
role is advice, unless the operator has said that it decides (`roles_decide`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from allocations.sources.states import State, together

Name = Literal["accounting", "projects", "access", "keystone", "claim", "portal", "cloud"]

# What was decided here stands before what others say; those who keep the people's list before the cloud's own roles.
ROLES: tuple[str, ...] = ("portal", "access", "claim", "keystone")

# The provider's own accounting knows its award and period; the programme's list knows what the project is about.
_OFFICIAL: tuple[str, ...] = ("projects", "accounting", "access", "cloud")
_PROVIDER: tuple[str, ...] = ("accounting", "projects", "access", "cloud")
FACTS: Mapping[str, tuple[str, ...]] = {
    "grant": _OFFICIAL,
    "title": _OFFICIAL,
    "abstract": _OFFICIAL,
    "field_of_science": _OFFICIAL,
    "pi": _OFFICIAL,
    "institution": _OFFICIAL,
    "type": _OFFICIAL,
    "begins": _PROVIDER,
    "ends": _PROVIDER,
}


@dataclass(frozen=True, slots=True)
class Said:
    """What one source says of one person. An empty role: it does not tell roles."""

    source: str
    role: str
    state: State = "active"
    decides: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """One fact by one source."""

    source: str
    value: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """`advisory`: the role is a source's word, which the portal does not act upon."""

    role: str
    source: str
    advisory: bool


def role_of(enforced: Said | None, said: Iterable[Said]) -> Choice:
    """The role to show. `enforced` is the live membership: what the portal acts upon."""
    if enforced is not None:
        return Choice(enforced.role, enforced.source, advisory=False)
    told = [one for one in said if one.role]
    chosen = min(told, key=lambda one: (not one.decides, _place(one.source, ROLES)), default=None)
    if chosen is None:
        return Choice("member", next((one.source for one in said), ""), advisory=True)
    return Choice(chosen.role, chosen.source, advisory=not chosen.decides)


def state_of(enforced: Said | None, said: Sequence[Said]) -> State:
    """Whom OpenStack lets in is active, whatever a list says that may be hours behind."""
    if enforced is not None:
        return "active"
    return together(one.state for one in said)


def fact(field: str, told: Iterable[Told]) -> tuple[Told, tuple[Told, ...]] | None:
    """Whose word counts, and those who say something else. None where nobody says anything."""
    order = FACTS.get(field, _OFFICIAL)
    given = sorted(
        (one for one in told if one.value), key=lambda one: (_place(one.source, order), one.source)
    )
    if not given:
        return None
    chosen = given[0]
    return chosen, tuple(one for one in given[1:] if not _same(one.value, chosen.value))


def _place(source: str, order: Sequence[str]) -> int:
    return order.index(source) if source in order else len(order)


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
