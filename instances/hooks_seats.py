"""Who is let to a machine without a role in its allocation: layers above say so (a workshop's learners and helpers)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from portal.accounts.models import User


@dataclass(frozen=True, slots=True)
class Place:
    """A learner is at this one machine as `login` and as nobody else; a helper as the machine's own account (empty)."""

    role: Literal["learner", "helper"]
    login: str


Source = Callable[[User, Iterable[UUID]], Mapping[UUID, Place]]
# Ids of the people whom whoever learns at a machine may invite to what they have open there.
Company = Callable[[UUID], Collection[int]]
# After commit: somebody came to a machine, or left it.
Visited = Callable[[UUID], None]
_sources: list[Source] = []
_companies: list[Company] = []
_visited: list[Visited] = []


def seat_source(function: Source) -> Source:
    """Register `function(user, machine ids)`: what the person is at those of them where they are something."""
    if function not in _sources:
        _sources.append(function)
    return function


def places(user: User, ids: Iterable[UUID]) -> dict[UUID, Place]:
    asked = list(ids)
    return {pk: place for function in _sources if asked for pk, place in function(user, asked).items()}


def company_source(function: Company) -> Company:
    if function not in _companies:
        _companies.append(function)
    return function


def company(instance_id: UUID) -> set[int]:
    """Nobody, on a machine that is no seat."""
    return {pk for function in _companies for pk in function(instance_id)}


def on_visit(function: Visited) -> Visited:
    if function not in _visited:
        _visited.append(function)
    return function


def tell_visit(instance_id: UUID) -> None:
    for function in _visited:
        function(instance_id)


Kept = Callable[[Collection[UUID] | None], set[UUID]]
_kept: list[Kept] = []


def kept(function: Kept) -> Kept:
    """Register `function(ids or None)`: those of the machines, or of all, whose hours somebody else keeps."""
    if function not in _kept:
        _kept.append(function)
    return function


def kept_elsewhere(ids: Collection[UUID] | None = None) -> set[UUID]:
    """No rule for all machines, and no lifetime, holds for them. One query."""
    return {pk for function in _kept for pk in function(ids)}
