"""One hub per process (per event loop): it listens to each group once, whatever the number of pages open on it."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from portal.core import presence
from portal.core.outbox import Prepared

logger = logging.getLogger(__name__)


class Viewer(Protocol):
    def take(self, event: Prepared) -> None: ...
    def access_changed(self) -> None: ...
    def signed_out(self, mark: str) -> None: ...


class Hub:
    def __init__(self) -> None:
        self._viewers: dict[str, set[Viewer]] = {}
        self._lock = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._layer: Any = get_channel_layer()
        self._channel = ""

    async def join(self, viewer: Viewer, groups: Iterable[str]) -> None:
        """From here on the viewer gets what is sent to these groups."""
        wanted = set(groups)
        async with self._lock:
            if not self._tasks:
                self._channel = await self._layer.new_channel("live.")
                self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._be_seen())]
            for group in wanted:
                if group not in self._viewers:
                    await self._layer.group_add(group, self._channel)
                self._viewers.setdefault(group, set()).add(viewer)
        await _seen(wanted)

    async def leave(self, viewer: Viewer) -> None:
        async with self._lock:
            for viewers in self._viewers.values():
                viewers.discard(viewer)
            for group in [name for name, viewers in self._viewers.items() if not viewers]:
                del self._viewers[group]
                # A Redis that is away has forgotten the subscription by itself.
                with suppress(RedisError, OSError):
                    await self._layer.group_discard(group, self._channel)
            if not self._viewers:
                await self._stop()

    async def _stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                self.hand_on(await self._layer.receive(self._channel))
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                # Of another version of the portal, or nobody's: the next one is for us again.
                logger.warning("an event could not be read: %r", error)

    def hand_on(self, message: dict[str, Any]) -> None:
        viewers = self._viewers.get(message.get("group", ""))
        if not viewers:
            return
        kind = message["type"]
        if kind == "live.access":
            for viewer in tuple(viewers):
                viewer.access_changed()
        elif kind == "live.signed_out":
            for viewer in tuple(viewers):
                viewer.signed_out(message["session"])
        else:
            event = Prepared.of(message)
            if event is not None:
                for viewer in viewers:
                    viewer.take(event)

    async def _be_seen(self) -> None:
        while True:
            await asyncio.sleep(presence.AGAIN)
            await _seen(list(self._viewers))


async def _seen(groups: Iterable[str]) -> None:
    try:
        await sync_to_async(presence.touch, thread_sensitive=False)(groups)
    except RedisError as error:
        logger.warning("who is watching could not be noted: %s", error)


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub() -> Hub:
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
