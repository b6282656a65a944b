"""One channel to the application that speaks HTTP/1.1, and the few of a session that are kept for the next request."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import asyncssh
import h11

from instances.remote.ports.asgi_types import Stream
from portal.core.errors import PortalError

CHUNK = 64 * 1024
LONGEST_HEAD = 64 * 1024
# Of one name at once; kept while nothing uses them; seconds for which they are; seconds that a request waits for one.
MOST, KEPT, KEPT_SECONDS, WAIT_SECONDS = 32, 6, 20.0, 30.0
FAILURES = (asyncssh.Error, OSError, EOFError)
Opener = Callable[[], Awaitable[Stream]]


class Closed(Exception):
    """The application ended the connection before it answered."""


@dataclass
class Channel:
    stream: Stream
    used: bool = False
    since: float = 0.0
    first: bytes = b""
    http: h11.Connection = field(
        default_factory=lambda: h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
    )

    @property
    def usable(self) -> bool:
        reader, writer = self.stream
        fresh = time.monotonic() - self.since < KEPT_SECONDS
        return fresh and not writer.is_closing() and not reader.at_eof()

    async def say(self, *events: h11.Event) -> None:
        data = b"".join(self.http.send(event) or b"" for event in events)
        if data:
            self.stream[1].write(data)
            await self.stream[1].drain()

    async def hear(self) -> h11.Event:
        """The next event. `Closed`: nothing of an answer came; h11.RemoteProtocolError: no HTTP, or cut short."""
        while True:
            event = self.http.next_event()
            if isinstance(event, h11.Event):
                return event
            data = await self.stream[0].read(CHUNK)
            if not data and not self.first:
                raise Closed
            self.first = self.first or data[:8]
            self.http.receive_data(data)

    def again(self) -> bool:
        """Whether both sides are done with this exchange and may begin another."""
        if self.http.our_state is not h11.DONE or self.http.their_state is not h11.DONE:
            return False
        if self.http.trailing_data[0]:
            return False  # it answered what nobody asked
        self.http.start_next_cycle()
        self.used, self.since, self.first = True, time.monotonic(), b""
        return self.usable

    def close(self) -> None:
        self.stream[1].close()


class Pool:
    """The channels of one name over one link."""

    def __init__(self, opener: Opener) -> None:
        self._open = opener
        self._idle: list[Channel] = []
        self._places = asyncio.Semaphore(MOST)

    async def take(self, *, fresh: bool = False) -> Channel:
        """A channel for one exchange; it comes back by `give` or `drop`."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise PortalError("remote:port-busy", outcome="retry", retry_after=5, most=MOST) from None
        with ExitStack() as undo:
            undo.callback(self._places.release)
            found = (None if fresh else self._kept()) or Channel(await self._open())
            undo.pop_all()
        return found

    def _kept(self) -> Channel | None:
        while self._idle:
            channel = self._idle.pop()
            if channel.usable:
                return channel
            channel.close()
        return None

    def give(self, channel: Channel) -> None:
        """The exchange ended as it should: keep the channel if it can carry another."""
        self._places.release()
        old = [one for one in self._idle if not one.usable]
        self._idle = [one for one in self._idle if one.usable]
        if channel.again() and len(self._idle) < KEPT:
            self._idle.append(channel)
        else:
            old.append(channel)
        for one in old:
            one.close()

    def drop(self, channel: Channel) -> None:
        self._places.release()
        channel.close()

    def close(self) -> None:
        for channel in self._idle:
            channel.close()
        self._idle.clear()
