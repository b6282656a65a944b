"""What layers above tell of scopes: here they are names without meaning ("allocation.12")."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from portal.accounts.models import User


@dataclass(frozen=True, slots=True)
class Scope:
    """Something that notices are about, as one person stands to it. `manages`: they may have all of it told."""

    name: str
    title: str
    manages: bool
    cloud: str = ""
    region: str = ""


Scopes = Callable[[User], Collection[Scope]]
_sources: list[Scopes] = []


def scopes(function: Scopes) -> Scopes:
    """Register `function(user) -> scopes` that the person belongs to now; a fixed number of queries."""
    if function not in _sources:
        _sources.append(function)
    return function


def scopes_of(user: User) -> dict[str, Scope]:
    return {scope.name: scope for source in _sources for scope in source(user)}


def manages(user: User, name: str) -> bool:
    found = scopes_of(user).get(name)
    return found is not None and found.manages
