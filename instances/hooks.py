"""What layers above tell launches and files for one's own ssh, without being imported by them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from allocations.models import Allocation
from instances.models import Instance
from instances.seat_spec import SeatSpec
from instances.ssh_config import SshJump

if TYPE_CHECKING:
    from portal.cloud.connection import Cloud

Authorities = Callable[[], Sequence[str]]
Trusts = Callable[[Instance, str, Sequence[str]], None]
Announced = Callable[[Sequence[UUID]], Mapping[UUID, "Announcement"]]
SeatGroup = Callable[["Cloud", Allocation, SeatSpec], str]
Ways = Callable[[Sequence[Instance]], Mapping[UUID, "SshWay"]]
_authorities: list[Authorities] = []
_ways: list[Ways] = []
_trusts: list[Trusts] = []
_announced: list[Announced] = []
Seen = Callable[[Collection[UUID | str]], None]
_seen: list[Seen] = []
_groups: list[SeatGroup] = []


def trusted_authorities(function: Authorities) -> Authorities:
    """Register `function()`: public keys whose SSH certificates new machines take."""
    if function not in _authorities:
        _authorities.append(function)
    return function


def authorities() -> list[str]:
    return [key for function in _authorities for key in function()]


def machine_trusts(function: Trusts) -> Trusts:
    """Register `function(instance, login, authorities)`: a launch's server is there, and was told to trust these.

    Called again where a worker died just then: it must not matter.
    """
    if function not in _trusts:
        _trusts.append(function)
    return function


def tell_trust(instance: Instance, login: str, authorities: Sequence[str]) -> None:
    for function in _trusts if authorities else []:
        function(instance, login, authorities)


@dataclass(frozen=True, slots=True)
class SshWay:
    """How ssh gets to a machine, besides what the mirror knows. `login` empty: as the mirror has it."""

    host_keys: tuple[str, ...]
    jump: SshJump | None
    certificate: bool
    login: str


def ssh_ways(function: Ways) -> Ways:
    """Register `function(machines)`: the ways to those of them of which it knows more, in a fixed number of queries."""
    if function not in _ways:
        _ways.append(function)
    return function


def ways_of(machines: Sequence[Instance]) -> dict[UUID, SshWay]:
    return {pk: way for function in _ways for pk, way in function(machines).items()}


def on_seen(function: Seen) -> Seen:
    """Register `function(ids)`: these machines were seen to be otherwise. After commit, and best effort."""
    if function not in _seen:
        _seen.append(function)
    return function


def tell_seen(ids: Collection[UUID | str]) -> None:
    for function in _seen if ids else []:
        function(ids)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What will be done to a machine by itself: rows of lists say it in time."""

    label: str
    at: datetime
    danger: bool = False


def announced(function: Announced) -> Announced:
    """Register `function(ids)`: what comes within a day, for those of the machines for which something does; one query."""
    if function not in _announced:
        _announced.append(function)
    return function


def announcements(ids: Sequence[UUID]) -> dict[UUID, Announcement]:
    return {pk: found for function in _announced if ids for pk, found in function(ids).items()}


def seat_group(function: SeatGroup) -> SeatGroup:
    """Register `function(cloud, allocation, seat)`: finds or makes the one firewall group that seats are in; its id."""
    if function not in _groups:
        _groups.append(function)
    return function


def group_of_seat(cloud: "Cloud", allocation: Allocation, seat: SeatSpec) -> str:
    return next((function(cloud, allocation, seat) for function in _groups), "")
