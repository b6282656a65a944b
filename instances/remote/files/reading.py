"""A file's bytes in order, with many reads on their way and never more than a window of them in memory."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Protocol

import asyncssh

# What is on its way from the machine or not taken yet, of one download.
WINDOW = 2 * 1024 * 1024
# OpenSSH's servers give at most 255 KiB at a time.
BLOCK = 255 * 1024
_GOODBYE_SECONDS = 1.0


class Readable(Protocol):
    """An open file. A read gives fewer bytes than asked for at the end only, or where the server likes to."""

    async def read(self, size: int, offset: int) -> bytes: ...

    async def close(self) -> None: ...


class Shrank(Exception):
    """The file ended before its size; `at` is where."""

    def __init__(self, at: int) -> None:
        super().__init__(f"ended at {at}")
        self.at = at


class Unasked(asyncssh.SFTPBadMessage):
    """A server sent more than it was asked for."""

    def __init__(self) -> None:
        super().__init__("more bytes than were asked for")


async def blocks(
    file: Readable, start: int, stop: int, *, block: int = BLOCK, window: int = WINDOW
) -> AsyncGenerator[bytes, None]:
    """The bytes from `start` to `stop`. Whoever does not take them stops the reading; closing it drops what is on its way."""
    ahead: deque[tuple[int, int, asyncio.Task[bytes]]] = deque()
    next_at = start
    try:
        while next_at < stop or ahead:
            while next_at < stop and (len(ahead) + 1) * block <= max(window, block):
                size = min(block, stop - next_at)
                ahead.append((next_at, size, asyncio.ensure_future(file.read(size, next_at))))
                next_at += size
            at, size, task = ahead[0]
            data = await task
            ahead.popleft()
            yield data if len(data) == size else await _rest(file, at, size, data)
    finally:
        await _drop([task for _, _, task in ahead])


async def _rest(file: Readable, at: int, size: int, data: bytes) -> bytes:
    """A server may give less than was asked for; nothing at all means that the file ends here."""
    whole = bytearray(data)
    while len(whole) < size:
        more = await file.read(size - len(whole), at + len(whole))
        if not more:
            raise Shrank(at + len(whole))
        whole += more
    if len(whole) > size:
        raise Unasked
    return bytes(whole)


async def until_end(file: Readable, *, block: int = BLOCK) -> AsyncGenerator[bytes, None]:
    """For files that say they are empty and are not, as those under /proc."""
    at = 0
    while data := await file.read(block, at):
        if len(data) > block:
            raise Unasked
        yield data
        at += len(data)


async def _drop(tasks: list[asyncio.Task[bytes]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def let_go(file: Readable) -> None:
    """Close without waiting for a machine that does not answer any more."""
    with suppress(asyncssh.Error, OSError, TimeoutError, ValueError):
        async with asyncio.timeout(_GOODBYE_SECONDS):
            await file.close()
