"""The one WebSocket of a page: what changed in the things that it shows.

`topic` says who may listen to what; `live.Hub` hands on what arrives; `LiveConsumer` is one open page.
"""

from collections.abc import Callable
from typing import Any

from portal.core.errors import PortalError

# Resolver(user, key) -> group name, or PortalError for one who may not listen.
Resolver = Callable[[Any, str], str]
_topics: dict[str, Resolver] = {}


def topic(kind: str) -> Callable[[Resolver], Resolver]:
    """Decorator: `kind:key` in a page's topics is checked, and made a group name, by this function.

    It is called in a thread with the database, when a page opens and whenever the access of its person changes.
    """

    def registered(resolver: Resolver) -> Resolver:
        _topics[kind] = resolver
        return resolver

    return registered


def group_of(user: Any, name: str) -> str:
    """The group behind `kind:key` for this person; PortalError `portal:not-found` or `portal:forbidden`."""
    kind, _, key = name.partition(":")
    resolver = _topics.get(kind)
    if resolver is None or not key:
        raise PortalError("portal:not-found")
    return resolver(user, key)
