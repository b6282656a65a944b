"""What layers above know of the people of an allocation: what they hold, what ends with their membership, what was
decided about them. They register in their `handlers.py`."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from allocations.models import Membership
from portal.accounts.models import User

HAND, STOP, SHELVE, LEAVE = "hand", "stop", "shelve", "leave"


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """One thing that stays when its person goes. `choices`: what may be done with it; none: `detail` says what happens.

    `su_per_hour` None: it costs nothing, or nobody knows what.
    """

    kind: str
    id: str
    name: str
    detail: str
    su_per_hour: Decimal | None = None
    url: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be done with one thing: hand it to `to`, stop it, shelve it, leave it."""

    what: str
    to: User | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """What one person has in the allocations asked for, and when they last used it."""

    machines: int = 0
    last_active: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided here about a person in one project. `out`: they are no member, whatever the cloud says."""

    out: bool = False
    role: str = ""


LeftSource = Callable[[Collection[int], User], Iterable[LeftBehind]]
# (by, whose, {id: choice}) -> {id: why it could not be done}; what is absent was done. Within the caller's transaction.
Settler = Callable[[User, User, Mapping[str, Choice]], Mapping[str, str]]
HoldingSource = Callable[[Collection[int]], Mapping[int, Holding]]
OnJoined = Callable[[Membership], None]
OnEnded = Callable[[User, Collection[int]], None]
Decider = Callable[[User, str], Mapping[str, Decided]]

_left: list[LeftSource] = []
_settlers: dict[str, Settler] = {}
_holdings: list[HoldingSource] = []
_joined: list[OnJoined] = []
_ended: list[OnEnded] = []
_deciders: list[Decider] = []


def left_behind(function: LeftSource) -> LeftSource:
    """Register `function(allocation_ids, user)`: what the person has there, in a fixed number of queries."""
    if function not in _left:
        _left.append(function)
    return function


def all_left_behind(allocation_ids: Collection[int], user: User) -> list[LeftBehind]:
    return [thing for function in _left for thing in function(allocation_ids, user)]


def settles(kind: str, function: Settler) -> None:
    """Register who carries out the choices for things of that kind."""
    _settlers[kind] = function


def settle(kind: str, *, by: User, whose: User, choices: Mapping[str, Choice]) -> Mapping[str, str]:
    """{id: why it could not be done}, within the caller's transaction."""
    if kind not in _settlers:
        return dict.fromkeys(choices, "Nobody here can do that with it.")
    return _settlers[kind](by, whose, choices)


def holding_source(function: HoldingSource) -> HoldingSource:
    """Register `function(allocation_ids)`: {user's primary key: what they have there}, in a fixed number of queries."""
    if function not in _holdings:
        _holdings.append(function)
    return function


def holdings(allocation_ids: Collection[int]) -> dict[int, Holding]:
    """All sources together: numbers are added, of the times the latest counts."""
    total: dict[int, Holding] = {}
    for function in _holdings:
        for pk, found in function(allocation_ids).items():
            known = total.get(pk, Holding())
            times = [at for at in (known.last_active, found.last_active) if at is not None]
            total[pk] = Holding(known.machines + found.machines, max(times, default=None))
    return total


def on_joined(function: OnJoined) -> OnJoined:
    """Register `function(membership)`: called in the transaction in which the cloud's word makes somebody a member."""
    if function not in _joined:
        _joined.append(function)
    return function


def joined(membership: Membership) -> None:
    for function in _joined:
        function(membership)


def on_ended(function: OnEnded) -> OnEnded:
    """Register `function(user, allocation_ids)`: called in the transaction in which memberships of theirs end."""
    if function not in _ended:
        _ended.append(function)
    return function


def ended(user: User, allocation_ids: Collection[int]) -> None:
    for function in _ended:
        function(user, allocation_ids)


def decider(function: Decider) -> Decider:
    """Register `function(user, cloud)`: {project id: what was decided here about the person}."""
    if function not in _deciders:
        _deciders.append(function)
    return function


def decided(user: User, cloud: str) -> dict[str, Decided]:
    return {project: word for function in _deciders for project, word in function(user, cloud).items()}
