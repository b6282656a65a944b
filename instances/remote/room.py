"""One shell on one machine: its terminal, the pages on it, and what it printed last.

It outlives the pages: a page that comes back finds it again, for as long as the grace time lasts.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from instances.remote import limits, terminal
from instances.remote.audience import Audience, Viewer
from instances.remote.endings import End
from instances.remote.link import Link, Secret
from instances.remote.links import links
from instances.remote.ring import Ring
from instances.remote.ways import Way
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)

# Seconds between attempts to come back to a machine that was lost while tmux keeps the shell there.
_AGAIN = (1.0, 2.0, 4.0, 8.0, 15.0)
EARLY_BYTES = 4096
# Ends after which the person may come back to what tmux keeps.
KEPT_REASONS = frozenset({"exited", "link-lost", "grace-over", "made-room", "shutdown", "machine-gone"})


async def first_of(work: Coroutine[Any, Any, None], future: "asyncio.Future[End]") -> None:
    """Until one of both is done; the work is not left running. Its error is the caller's."""
    task = asyncio.ensure_future(work)
    try:
        waiting: set[asyncio.Future[Any]] = {task, future}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        task.cancel()


class Recorder(Protocol):
    def feed(self, data: bytes) -> None: ...
    def resize(self, cols: int, rows: int) -> None: ...
    def close(self, reason: str = ...) -> None: ...


@dataclass
class Size:
    cols: int
    rows: int


AskSecret = Callable[[PortalError], Awaitable[Secret | None]]


class Room:
    def __init__(
        self, *, session_id: str, way: Way, user_id: int, person: str, size: Size, keep: str
    ) -> None:
        self.session_id = session_id
        self.way = way
        self.user_id = user_id
        self.person = person
        self.size = size
        self.keep = keep
        self.kept = ""
        self.ring = Ring(limits.RING_BYTES)
        self.audience = Audience()
        self.recorder: Recorder | None = None
        self.recorded_by = ""
        # Told when the machine lets in, and when it runs the shell.
        self.on_link: Callable[[Link], None] = lambda link: None
        self.on_begin: Callable[[], None] = lambda: None
        # The way as it is now: an address, a host key or the jump host may have changed while the machine was lost.
        self.find_way: Callable[[], Awaitable[Way]] | None = None
        # Told when the last of its owner's pages has left.
        self.on_away: Callable[[], None] = lambda: None
        self.bytes_in = 0
        self.opened = False
        self.over: End | None = None
        self.writable = asyncio.Event()
        self.writable.set()
        self._shell: terminal.Shell | None = None
        self._paused = False
        self._early = bytearray()
        self._grace: asyncio.TimerHandle | None = None
        self._end: asyncio.Future[End] = asyncio.get_running_loop().create_future()

    # Pages come and go.

    def attach(self, viewer: Viewer, *, have: int) -> None:
        """The page gets what it has missed, and from here on everything. An owner's other page is sent away."""
        if viewer.mode == "own":
            for other in self.audience.owners():
                other.finish(End("moved"))
                self.audience.leave(other)
            self._stop_grace()
        self.audience.join(viewer)
        if self.opened:
            self._show_past(viewer, have)
        self.audience.tell_who()

    def _show_past(self, viewer: Viewer, have: int) -> None:
        offset, data, whole = self.ring.since(have)
        viewer.tell(**self._opened_message(viewer, offset, reset=not whole, replay=len(data)))
        viewer.restart(offset, data, reset=not whole)
        if viewer.mode != "own":
            viewer.tell(t="size", cols=self.size.cols, rows=self.size.rows)
        if self.recorder is not None:
            viewer.tell(t="recording", on=True, by=self.recorded_by)
        if not whole and viewer.mode == "own" and self._shell is not None:
            # Programs that fill the screen draw it anew when its size changes.
            self._shell.nudge()

    def _opened_message(self, viewer: Viewer, offset: int, *, reset: bool, replay: int = 0) -> dict[str, Any]:
        """`replay`: so many bytes follow that were shown before: questions to the terminal in them are answered."""
        return {
            "t": "open",
            "session": self.session_id,
            "login": self.way.login,
            "name": self.way.name,
            "kept": self.kept or "portal",
            "offset": offset,
            "reset": reset,
            "replay": replay,
            "mode": viewer.mode,
        }

    def detach(self, viewer: Viewer) -> None:
        if not self.audience.leave(viewer):
            return
        if not self.audience.owners() and self.over is None:
            seconds = limits.remote().grace_minutes * 60
            loop = asyncio.get_running_loop()
            self._stop_grace()
            self._grace = loop.call_later(seconds, self.finish, End("grace-over"))
            self.on_away()
        self.flow()
        self.audience.tell_who()

    def _stop_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    # From the pages to the machine.

    async def type(self, viewer: Viewer, data: bytes) -> None:
        """Keystrokes. Whoever may not type is not heard."""
        if viewer.mode == "view":
            return
        if self._shell is None:
            # Typed ahead, as at any terminal; never into the dark of a machine that was lost.
            if not self.opened and len(self._early) + len(data) <= EARLY_BYTES:
                self._early += data
            return
        await self.writable.wait()
        self.bytes_in += len(data)
        self._shell.write(data)
        self.audience.typed(viewer)

    def resize(self, viewer: Viewer, size: Size) -> None:
        """The owner's window counts; the others see it as it is."""
        if viewer.mode != "own" or size == self.size:
            return
        self.size = size
        if self._shell is not None:
            self._shell.resize(size.cols, size.rows)
        if self.recorder is not None:
            self.recorder.resize(size.cols, size.rows)
        self.audience.tell(but=viewer, t="size", cols=size.cols, rows=size.rows)

    # From the machine to the pages.

    def output(self, data: bytes) -> None:
        self.ring.feed(data)
        for viewer in self.audience:
            viewer.push(data)
        if self.recorder is not None:
            self.recorder.feed(data)

    def flow(self, *, full: bool = False) -> None:
        """Stop reading the machine while the owner's page is full, so that neither memory nor Ctrl-C suffers."""
        if self._shell is not None and full != self._paused:
            self._paused = full
            self._shell.pause(full)

    # From beginning to end.

    async def run(self, ask: AskSecret) -> End:
        """Connect, show the shell, come back to it where tmux keeps it, until it is over. PortalError: never began."""
        lost_at = 0.0
        attempt = 0
        while True:
            try:
                end = await self._once(ask)
                attempt, lost_at = 0, time.monotonic()
            except PortalError as problem:
                if not self.opened or problem.outcome != "retry":
                    raise
                end = End("link-lost")
            if end.reason != "link-lost" or self.kept != "tmux" or self._given_up(lost_at):
                return end
            pause = _AGAIN[min(attempt, len(_AGAIN) - 1)]
            attempt += 1
            self.audience.tell(t="lost", words="The connection to the machine was lost.", seconds=pause)
            with suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(self._end), pause)
            await self._look_for_the_way()

    async def _look_for_the_way(self) -> None:
        """The last one known is tried where there is none now: what ended for good is its watch's to say."""
        if self.find_way is not None:
            with suppress(PortalError):
                self.way = await self.find_way()

    def _given_up(self, lost_at: float) -> bool:
        return time.monotonic() - lost_at > limits.remote().grace_minutes * 60

    async def _once(self, ask: AskSecret) -> End:
        async with AsyncExitStack() as stack:
            link = await self._linked(stack, ask)
            self.on_link(link)
            self.audience.tell(t="stage", stage="starting", words="Starting the shell …")
            size = self.size
            shell = await terminal.open_shell(
                link, session_id=self.session_id, cols=size.cols, rows=size.rows, keep=self.keep, room=self
            )
            self._shell = shell
            shell.write(bytes(self._early))
            self._early.clear()
            try:
                await first_of(shell.wait(), self._end)
                end = self._end.result() if self._end.done() else shell.end
                if self.kept == "tmux" and end.reason not in KEPT_REASONS and not link.closed:
                    await terminal.let_go(link, self.session_id)
                return end
            finally:
                self._shell, self._paused = None, False
                self.writable.set()
                shell.close()

    async def _linked(self, stack: AsyncExitStack, ask: AskSecret) -> Link:
        secret: Secret | None = None
        self.audience.tell(t="stage", stage="connecting", words=f"Connecting to {self.way.name} …")
        while True:
            try:
                borrowed = links().borrow(self.way, user_id=self.user_id, person=self.person, secret=secret)
                return await stack.enter_async_context(borrowed)
            except PortalError as problem:
                if problem.outcome != "auth":
                    raise
                secret = await ask(problem)
                if secret is None:
                    raise
                if secret.login:
                    self.way = self.way.by_login(secret.login)

    def began(self, kept: str) -> None:
        """The machine runs the shell: pages may be shown it."""
        again, self.opened = self.opened, True
        self.kept = kept
        self.on_begin()
        for viewer in self.audience:
            viewer.tell(**self._opened_message(viewer, self.ring.total, reset=again))
            viewer.restart(self.ring.total, b"", reset=again)

    def finish(self, end: End) -> None:
        """End it. The first reason stands."""
        if not self._end.done():
            self.over = end
            self._end.set_result(end)

    def close(self, end: End) -> None:
        """After `run`: everybody is sent away."""
        self.over = end
        self._stop_grace()
        if self.recorder is not None:
            self.recorder.close(end.reason)
            self.recorder = None
        self.audience.finish(end)
