"""Waiting for a cloud to have done what it accepted."""

import time
from collections.abc import Callable
from typing import TypeVar

from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import Server
from portal.core.errors import PortalError
from tests.contract.places import Place

_Seen = TypeVar("_Seen")


def eventually(place: Place, look: Callable[[], _Seen], fits: Callable[[_Seen], bool]) -> _Seen:
    """What `look` sees once it fits; fails with what was last seen when the place has no more patience."""
    end = time.monotonic() + place.patience
    while True:
        seen = patiently(place, look, end)
        if fits(seen):
            return seen
        assert time.monotonic() < end, f"still {seen} after {place.patience} s on {place.name}"
        time.sleep(place.look_every)


def patiently(place: Place, look: Callable[[], _Seen], end: float) -> _Seen:
    """A real cloud that is busy lets a look go unanswered now and then: it is looked again, until `end`."""
    while True:
        try:
            return look()
        except PortalError as error:
            if error.outcome != "retry" or not place.real or time.monotonic() >= end:
                raise


def until(place: Place, cloud: Cloud, server_id: str, fits: Callable[[Server], bool]) -> Server:
    """The server once it fits and no task is running; ends early where it went into ERROR."""

    def settled(server: Server) -> bool:
        assert server.status != "ERROR", f"{server.name} went into ERROR: {server.fault}"
        return server.task_state is None and fits(server)

    return eventually(place, lambda: servers.get_server(cloud, server_id), settled)


def gone(place: Place, cloud: Cloud, server_id: str) -> None:
    """Nova shows a deleted server as DELETED for a moment, then not at all."""

    def status() -> str:
        try:
            return servers.get_server(cloud, server_id).status
        except PortalError as error:
            if error.id != "cloud:not-found":
                raise
            return "gone"

    eventually(place, status, lambda seen: seen == "gone")
