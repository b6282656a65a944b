"""Unfinished uploads of one session that this process writes at the moment: which piece is next, and the open file.

Nothing here has to last. What is on the machine is the truth: a new process, or another one, finds the unfinished file
by its name and goes on at its end.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from asyncssh import SFTPClientFile

from instances.remote.files.reading import let_go

# Files kept open between two pieces, and for how long: opening one for each piece would cost three more round trips.
MOST_OPEN = 16
IDLE_SECONDS = 20.0
# Uploads that ended of late: their last piece may come again.
_REMEMBERED = 256


@dataclass(slots=True, eq=False)
class Part:
    """`end`: bytes from the start of the file that are surely there. None: look."""

    turn: asyncio.Condition = field(default_factory=asyncio.Condition)
    file: SFTPClientFile | None = None
    end: int | None = None
    # Raised by one for each piece that failed: who waits behind it need not wait on.
    failures: int = 0
    waiting: int = 0
    timer: asyncio.TimerHandle | None = None

    async def close(self) -> None:
        file, self.file, self.end = self.file, None, None
        if self.timer is not None:
            self.timer.cancel()
        if file is not None:
            await let_go(file)


class Parts:
    def __init__(self) -> None:
        self._parts: dict[bytes, Part] = {}
        self._finished: deque[tuple[bytes, str]] = deque(maxlen=_REMEMBERED)
        self._closing: set[asyncio.Task[None]] = set()

    def take(self, path: bytes) -> Part:
        """The part for a piece that came in; `leave` when the piece is done."""
        part = self._parts.pop(path, None) or Part()
        self._parts[path] = part  # the newest is last
        part.waiting += 1
        if part.timer is not None:
            part.timer.cancel()
        for name in [name for name, one in self._parts.items() if not one.waiting][:-MOST_OPEN]:
            self._close(self._parts.pop(name))
        return part

    def leave(self, path: bytes, part: Part) -> None:
        part.waiting -= 1
        if part.waiting == 0:
            loop = asyncio.get_running_loop()
            part.timer = loop.call_later(IDLE_SECONDS, self._expire, path, part)

    def finish(self, path: bytes, attempt: str) -> None:
        if attempt:
            self._finished.append((path, attempt))
        self.drop(path)

    def has_finished(self, path: bytes, attempt: str) -> bool:
        return bool(attempt) and (path, attempt) in self._finished

    def drop(self, path: bytes) -> None:
        """The upload is over."""
        part = self._parts.pop(path, None)
        if part is not None:
            self._close(part)

    def drop_all(self) -> None:
        for path in list(self._parts):
            self.drop(path)

    def __len__(self) -> int:
        return len(self._parts)

    def _expire(self, path: bytes, part: Part) -> None:
        if part.waiting == 0 and self._parts.get(path) is part:
            self.drop(path)

    def _close(self, part: Part) -> None:
        task = asyncio.ensure_future(part.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class Transfers:
    """Counts what goes on at once in one session."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.running = 0
        self.parts = Parts()

    def begin(self) -> Callable[[], None] | None:
        """A place; None when all are taken. Call what comes back once to give it back."""
        if self.running >= self.most:
            return None
        self.running += 1
        given = [True]

        def end() -> None:
            with suppress(IndexError):
                given.pop()
                self.running -= 1

        return end
