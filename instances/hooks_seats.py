"""Who is let to a machine without a role in its allocation: layers above say so (a workshop's learners and helpers)."""

from collections.abc import Callable, Iterable, Mapping
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
_sources: list[Source] = []


def seat_source(function: Source) -> Source:
    """Register `function(user, machine ids)`: what the person is at those of them where they are something."""
    if function not in _sources:
        _sources.append(function)
    return function


def places(user: User, ids: Iterable[UUID]) -> dict[UUID, Place]:
    asked = list(ids)
    return {pk: place for function in _sources if asked for pk, place in function(user, asked).items()}
