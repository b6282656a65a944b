"""Watching an action from its request to its end, state by state."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from portal.cloud import servers, volumes
from portal.cloud.connection import Cloud
from portal.cloud.types import Server, Volume
from portal.core.errors import PortalError
from tests.contract import sequences
from tests.contract.places import Place
from tests.contract.sequences import State
from tests.contract.waiting import patiently

_Seen = TypeVar("_Seen")
GONE: State = ["gone"]
# So long a real cloud is asked without a pause; a state that lasts longer is worth a breath between looks.
_KEEN_SECONDS, _BREATH = 4.0, 0.25


@dataclass(frozen=True)
class Watch:
    """Does something and follows what becomes of it; on a real cloud that is recorded, else compared."""

    place: Place
    cloud: Cloud

    def server(
        self, action: str, server_id: str, do: Callable[[], object], fits: Callable[[Server], bool]
    ) -> Server:
        """The server, settled in a state that fits."""

        def look() -> Server:
            return servers.get_server(self.cloud, server_id)

        def done(server: Server) -> bool:
            assert server.status != "ERROR", f"{server.name} went into ERROR: {server.fault}"
            return server.task_state is None and fits(server)

        return self.follow(action, do, look, state_of, done)

    def new_server(self, action: str, create: Callable[[], str]) -> Server:
        """From the request until the server is running."""
        made: list[str] = []

        def look() -> Server:
            return servers.get_server(self.cloud, made[0])

        return self.follow(action, lambda: made.append(create()), look, state_of, _is_built)

    def deleted(self, action: str, server_id: str) -> None:
        def look() -> Server | None:
            return _unless_gone(lambda: servers.get_server(self.cloud, server_id))

        self.follow(
            action,
            lambda: servers.delete_server(self.cloud, server_id),
            look,
            lambda seen: GONE if seen is None else state_of(seen),
            lambda seen: seen is None,
        )

    def volume(self, action: str, do: Callable[[], str], last: str) -> None:
        """`do` tells the id of the volume; `last` is its last status, or "gone"."""
        made: list[str] = []

        def look() -> Volume | None:
            return _unless_gone(lambda: volumes.get_volume(self.cloud, made[0]))

        self.follow(
            action,
            lambda: made.append(do()),
            look,
            lambda seen: GONE if seen is None else [seen.status],
            lambda seen: (seen.status if seen else "gone") == last,
        )

    def follow(
        self,
        action: str,
        do: Callable[[], object],
        look: Callable[[], _Seen],
        state: Callable[[_Seen], State],
        done: Callable[[_Seen], bool],
    ) -> _Seen:
        shown: list[State] = []
        with self.place.in_slow_motion():
            do()
            end, since = time.monotonic() + self.place.patience, time.monotonic()
            while True:
                seen = patiently(self.place, look, end)
                if not shown or shown[-1] != state(seen):
                    shown.append(state(seen))
                    since = time.monotonic()
                if done(seen):
                    break
                assert time.monotonic() < end, f"{action} on {self.place.name}: {shown} and no end"
                self.place.tick(0 if time.monotonic() - since < _KEEN_SECONDS else _BREATH)
        self._keep(action, shown)
        return seen

    def _keep(self, action: str, shown: list[State]) -> None:
        if self.place.real:
            sequences.record(self.place.zone or self.place.name, action, shown)
        else:
            wrong = sequences.differences(sequences.recorded(), action, shown)
            assert wrong == [], "\n".join(wrong)


def state_of(server: Server) -> State:
    return [server.status, server.vm_state, server.task_state, server.power_state]


def _is_built(server: Server) -> bool:
    assert server.status != "ERROR", f"{server.name} went into ERROR: {server.fault}"
    return server.status == "ACTIVE" and server.task_state is None


def _unless_gone(look: Callable[[], _Seen]) -> _Seen | None:
    try:
        return look()
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise
        return None
