"""Where the parts of workshops meet without importing each other. Each function is called with what it needs, and no more."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from instances.workshops.models import Seat, Workshop

# A sentence about what is still to be waited for; empty: nothing.
BeforeRemoval = Callable[[Workshop], str]
# Whether a seat's home, as it is since that moment, is kept outside of its machine; asked until it is. PortalError: never.
HomeKept = Callable[[Seat, datetime], bool]
# In the transaction in which seats got a machine that is set up.
SeatsReady = Callable[[Collection[Seat]], None]
# After commit: these seats look different. Best effort, as all pushing is.
SeatsChanged = Callable[[Collection[UUID]], None]
# How many of each kind are left at the cloud ("security_groups": 1), asked by a worker with a connected cloud.
Leftovers = Callable[[Workshop, Any], Mapping[str, int]]
# In the transaction of the change: the workshop was "planned", "moved", "cancelled", or has "ended".
PlanChanged = Callable[[Workshop, str], None]
# Sentences about what stands in the way of its next meeting, asked a day before it; none: nothing.
Obstacles = Callable[[Workshop], Collection[str]]
_before: list[BeforeRemoval] = []
_away: list[BeforeRemoval] = []
_homes: list[HomeKept] = []
_ready: list[SeatsReady] = []
_changed: list[SeatsChanged] = []
_left: list[Leftovers] = []
_plans: list[PlanChanged] = []
_obstacles: list[Obstacles] = []


def before_removal(function: BeforeRemoval) -> BeforeRemoval:
    if function not in _before:
        _before.append(function)
    return function


def waits_for(workshop: Workshop) -> list[str]:
    return [words for words in (function(workshop) for function in _before) if words]


def before_away(function: BeforeRemoval) -> BeforeRemoval:
    """As `before_removal`, and less patient: what is better done before machines of a workshop that is over are put away."""
    if function not in _away:
        _away.append(function)
    return function


def holds_back(workshop: Workshop) -> list[str]:
    return [words for words in (function(workshop) for function in _away) if words]


def home_keeper(function: HomeKept) -> HomeKept:
    if function not in _homes:
        _homes.append(function)
    return function


def home_kept(seat: Seat, since: datetime) -> bool:
    """The first call has it kept; it is put back by itself when the seat is ready again."""
    return all(function(seat, since) for function in _homes)


def seats_ready(function: SeatsReady) -> SeatsReady:
    if function not in _ready:
        _ready.append(function)
    return function


def tell_ready(seats: Collection[Seat]) -> None:
    for function in _ready if seats else []:
        function(seats)


def seats_changed(function: SeatsChanged) -> SeatsChanged:
    if function not in _changed:
        _changed.append(function)
    return function


def tell_changed(ids: Collection[UUID]) -> None:
    for function in _changed if ids else []:
        function(ids)


def leftovers(function: Leftovers) -> Leftovers:
    if function not in _left:
        _left.append(function)
    return function


def count_left(workshop: Workshop, cloud: Any) -> dict[str, int]:
    return {kind: count for function in _left for kind, count in function(workshop, cloud).items()}


def plan_changed(function: PlanChanged) -> PlanChanged:
    if function not in _plans:
        _plans.append(function)
    return function


def tell_plan_changed(workshop: Workshop, what: str) -> None:
    for function in _plans:
        function(workshop, what)


def obstacles(function: Obstacles) -> Obstacles:
    if function not in _obstacles:
        _obstacles.append(function)
    return function


def in_the_way(workshop: Workshop) -> list[str]:
    return [words for function in _obstacles for words in function(workshop)]


# Those in line who get no seat although there is one: the link by which they came has given all that it may.
HeldBack = Callable[[Workshop], Collection[UUID]]
_held_back: list[HeldBack] = []


def held_back(function: HeldBack) -> HeldBack:
    if function not in _held_back:
        _held_back.append(function)
    return function


def kept_waiting(workshop: Workshop) -> set[UUID]:
    return {pk for function in _held_back for pk in function(workshop)}
