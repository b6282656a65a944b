"""Typed events, published after commit to the groups that open pages listen to.

A group name is `<kind>.<key>`, of letters, digits, hyphens and dots: `user.7`, `allocation.12`, `instance.<uuid>`.
"""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class Event(Protocol):
    def message(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Html:
    """Markup, the same for every viewer of the group, that replaces the element of that id if it is older.

    `name` is the DOM event that pages without the element get instead, so that lists can refetch.
    """

    element: str
    version: int
    html: str
    name: str
    detail: dict[str, Any] = field(default_factory=dict)

    def message(self) -> dict[str, Any]:
        return {
            "type": "live.html",
            "element": self.element,
            "version": self.version,
            "html": self.html,
            "name": self.name,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Changed:
    """Something changed that each viewer must fetch for themselves: becomes the DOM event `name` on <body>."""

    name: str
    detail: dict[str, Any] = field(default_factory=dict)

    def message(self) -> dict[str, Any]:
        return {"type": "live.changed", "name": self.name, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Samples:
    """New measurements of one instance: numbers, straight to the graphs."""

    instance: str
    samples: list[dict[str, Any]]

    def message(self) -> dict[str, Any]:
        return {"type": "live.samples", "instance": self.instance, "samples": self.samples}


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """Sockets of this user check again what they may see, and drop what they may not."""

    def message(self) -> dict[str, Any]:
        return {"type": "live.access"}


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Sockets opened by this session (its hash; empty: every session of the user) end."""

    session: str = ""

    def message(self) -> dict[str, Any]:
        return {"type": "live.signed_out", "session": self.session}


def session_mark(session_key: str) -> str:
    """What names a session in messages: its key would open it."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:32] if session_key else ""


def send(groups: Iterable[str], event: Event) -> None:
    """Send now. Workers that render after commit use this; everything else uses `publish`."""
    layer = get_channel_layer()
    if layer is None:
        return
    message = event.message()
    for group in groups:
        async_to_sync(layer.group_send)(group, message)


def publish(groups: Iterable[str], event: Event) -> None:
    """Send after the current transaction commits; never when it rolls back. Best effort: pages heal by refetching."""
    names = list(groups)
    transaction.on_commit(lambda: _send_best_effort(names, event), robust=True)


def _send_best_effort(groups: list[str], event: Event) -> None:
    try:
        send(groups, event)
    except (OSError, RedisError) as error:
        logger.warning("event not sent, pages will heal by refetching: %s", error)
