"""What layers above have done when something happens here. They register in their `handlers.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.http import HttpRequest

from portal.accounts.models import User
from portal.accounts.oidc import GroupClaim, LoginClaims
from portal.cloud.types import Project


@dataclass(frozen=True, slots=True)
class GrantedProject:
    """A project that the cloud lets the person into: with which roles, in which regions."""

    project: Project
    roles: tuple[str, ...]
    regions: tuple[str, ...]


class OnProjects(Protocol):
    def __call__(
        self,
        user: User,
        cloud: str,
        projects: Sequence[GrantedProject],
        claims: Sequence[GroupClaim],
        *,
        complete: bool,
    ) -> None: ...


OnUsable = Callable[[User, str], None]
OnSignedOut = Callable[[User, str], None]
OnSignedIn = Callable[[User], None]
# Whether whoever sits there comes for a workshop; claims: as whom, once the identity provider said so.
Visits = Callable[[HttpRequest, LoginClaims | None], bool]


@dataclass(frozen=True, slots=True)
class Way:
    """Another way in than the identity provider, as the sign-in page offers it."""

    path: str
    label: str


Ways = Callable[[], Sequence[Way]]

_on_projects: list[OnProjects] = []
_on_usable: list[OnUsable] = []
_on_signed_out: list[OnSignedOut] = []
_on_signed_in: list[OnSignedIn] = []
_visits: list[Visits] = []
_ways: list[Ways] = []


def on_projects(function: OnProjects) -> OnProjects:
    """`function(user, cloud, projects, claims, complete=…)` is called, in a transaction, when a cloud told.

    `complete`: these are all of the person's projects there.
    """
    if function not in _on_projects:
        _on_projects.append(function)
    return function


def on_usable(function: OnUsable) -> OnUsable:
    """`function(user, cloud)`: called, in the transaction, when new credentials of the person are stored."""
    if function not in _on_usable:
        _on_usable.append(function)
    return function


def on_signed_out(function: OnSignedOut) -> OnSignedOut:
    """`function(user, mark)`: called when one portal session of the person ended; an empty mark: all of them."""
    if function not in _on_signed_out:
        _on_signed_out.append(function)
    return function


def on_signed_in(function: OnSignedIn) -> OnSignedIn:
    """`function(user)`: called, in the transaction, each time that somebody signed in."""
    if function not in _on_signed_in:
        _on_signed_in.append(function)
    return function


def signed_in(user: User) -> None:
    for function in _on_signed_in:
        function(user)


def visits(function: Visits) -> Visits:
    """Register who is let in that may not use the portal otherwise (`oidc.visitor_of`)."""
    if function not in _visits:
        _visits.append(function)
    return function


def visiting(request: HttpRequest, claims: LoginClaims | None = None) -> bool:
    return any(function(request, claims) for function in _visits)


def ways_in(function: Ways) -> Ways:
    if function not in _ways:
        _ways.append(function)
    return function


def other_ways() -> list[Way]:
    return [way for function in _ways for way in function()]


def signed_out(user: User, mark: str = "") -> None:
    for function in _on_signed_out:
        function(user, mark)


def projects_known(
    user: User,
    cloud: str,
    projects: Sequence[GrantedProject],
    claims: Sequence[GroupClaim],
    *,
    complete: bool,
) -> None:
    for function in _on_projects:
        function(user, cloud, projects, claims, complete=complete)


def became_usable(user: User, cloud: str) -> None:
    for function in _on_usable:
        function(user, cloud)
