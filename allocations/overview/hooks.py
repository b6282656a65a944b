"""What layers above add to the export of everything that is one's own, and to the list of what to save before an end.
They register in their `handlers.py`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allocations.models import Allocation
from portal.accounts.models import User

Rows = Iterable[Mapping[str, Any]]
# `function(user)`: rows of their own, each with the same keys, in a fixed number of queries. No secrets, no hashes.
PartSource = Callable[[User], Rows]


@dataclass(frozen=True, slots=True)
class Part:
    """`name` is that of its files; `what` says to the person what is in it."""

    name: str
    what: str
    rows: PartSource


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class ToSave:
    """One thing of the person that an end would take. `links`: where to fetch it, or to make a copy that can be kept."""

    kind: str
    name: str
    detail: str
    links: Sequence[Link]


SaveSource = Callable[[Allocation, User], Iterable[ToSave]]
_parts: dict[str, Part] = {}
_to_save: list[SaveSource] = []


def export_part(name: str, what: str) -> Callable[[PartSource], PartSource]:
    """Decorator: `function(user)` gives the rows of one pair of files, <name>.json and <name>.csv."""

    def register(function: PartSource) -> PartSource:
        _parts[name] = Part(name, what, function)
        return function

    return register


def parts() -> Iterator[Part]:
    yield from sorted(_parts.values(), key=lambda part: part.name)


def save_source(function: SaveSource) -> SaveSource:
    """Decorator: `function(allocation, user)` says what of theirs should be saved before it ends."""
    if function not in _to_save:
        _to_save.append(function)
    return function


def to_save(allocation: Allocation, user: User) -> list[ToSave]:
    return [thing for function in _to_save for thing in function(allocation, user)]
