"""Everything below some names of a folder, links not followed: counting it, and deleting it.

Each yields while it goes, so that whoever asks may stop. What is kept in memory are folders that are still to be
visited, never the files.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import asyncssh

from instances.remote.files import paths
from instances.remote.files.browsing import entry_of, scan
from instances.remote.files.disk import Disk
from instances.remote.files.entries import Entry
from instances.remote.files.failures import is_gone, told

# Folders that wait for their turn; a tree with more at once is not walked to its end.
MOST_WAITING = 200_000
_DELETES_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Found:
    """`relative` to the folder where the walk began."""

    relative: bytes
    entry: Entry


Missed = Callable[[bytes, Exception], Awaitable[None]]


async def walk(
    disk: Disk, folder: bytes, names: Sequence[bytes], missed: Missed
) -> AsyncGenerator[Found, None]:
    """Folders come before what is in them. What cannot be read goes to `missed`; a lost connection is raised."""
    waiting: list[bytes] = list(reversed(names))
    first = set(names)
    while waiting:
        relative = waiting.pop()
        path = paths.join(folder, relative)
        try:
            if relative in first:
                first.discard(relative)
                entry = entry_of(paths.last(path), await disk.sftp.lstat(path))
                yield Found(relative, entry)
                if entry.kind != "folder":
                    continue
            below: list[bytes] = []
            async with aclosing(scan(disk, path)) as found:
                async for entry in found:
                    inner = relative + b"/" + entry.name
                    yield Found(inner, entry)
                    if entry.kind == "folder" and len(waiting) + len(below) < MOST_WAITING:
                        below.append(inner)
            waiting += reversed(below)
        except (asyncssh.Error, OSError) as error:
            if is_gone(error):
                raise
            await missed(relative, error)


@dataclass(frozen=True, slots=True)
class Count:
    files: int = 0
    folders: int = 0
    links: int = 0
    bytes: int = 0
    unread: int = 0
    # There is more: the counting took too long.
    more: bool = False

    @property
    def things(self) -> int:
        return self.files + self.folders + self.links

    def plus(self, entry: Entry) -> "Count":
        if entry.kind == "folder":
            return replace(self, folders=self.folders + 1)
        if entry.kind == "link":
            return replace(self, links=self.links + 1)
        return replace(self, files=self.files + 1, bytes=self.bytes + entry.size)


async def count(disk: Disk, folder: bytes, names: Sequence[bytes], *, seconds: float, most: int) -> Count:
    unread = 0

    async def missed(relative: bytes, error: Exception) -> None:
        nonlocal unread
        unread += 1

    found = Count()
    end = time.monotonic() + seconds
    async with told(disk, folder, "read"), aclosing(walk(disk, folder, names, missed)) as everything:
        async for one in everything:
            if found.things >= most or time.monotonic() > end:
                return replace(found, unread=unread, more=True)
            found = found.plus(one.entry)
    return replace(found, unread=unread)


@dataclass(frozen=True, slots=True)
class Deleted:
    """`gone` of them in this turn. `failed`: the first name that stayed and why. Not `whole`: ask again."""

    gone: int
    whole: bool
    failed: tuple[bytes, Exception] | None = None


async def delete(disk: Disk, folder: bytes, names: Sequence[bytes], *, seconds: float) -> Deleted:
    """Delete what can be deleted in that time. Links go themselves, never what they lead to."""
    work = _Deleting(disk, time.monotonic() + seconds)
    async with told(disk, folder, "delete"):
        for name in names:
            await work.everything(paths.join(folder, name))
    return Deleted(work.gone, not work.late, work.failed)


class _Deleting:
    def __init__(self, disk: Disk, end: float) -> None:
        self.sftp = disk.sftp
        self.disk = disk
        self.end = end
        self.gone = 0
        self.failed: tuple[bytes, Exception] | None = None

    @property
    def late(self) -> bool:
        return time.monotonic() > self.end

    async def everything(self, top: bytes) -> None:
        """Depth first without recursion: a folder is seen a second time once all in it had its turn."""
        try:
            entry = entry_of(b"", await self.sftp.lstat(top))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return
        if entry.kind != "folder":
            await self._try(self.sftp.remove, top)
            return
        waiting = [(top, False)]
        while waiting and not self.late:
            path, emptied = waiting.pop()
            if emptied:
                await self._try(self.sftp.rmdir, path)
                continue
            waiting.append((path, True))
            waiting += [(inner, False) for inner in await self._empty(path)]

    async def _empty(self, path: bytes) -> list[bytes]:
        """Remove the folder's files; the folders in it."""
        folders: list[bytes] = []
        running: set[asyncio.Task[None]] = set()
        try:
            async with aclosing(scan(self.disk, path)) as found:
                async for entry in found:
                    inner = paths.join(path, entry.name)
                    if entry.kind == "folder":
                        folders.append(inner)
                        continue
                    running.add(asyncio.ensure_future(self._try(self.sftp.remove, inner)))
                    if len(running) >= _DELETES_AT_ONCE:
                        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                        await asyncio.gather(*done)
                    if self.late:
                        break
        except asyncssh.SFTPError as error:
            self._note(path, error)
        finally:
            left = await asyncio.gather(*running, return_exceptions=True)
        for one in left:
            if isinstance(one, BaseException):
                raise one
        return folders

    async def _try(self, act: Callable[[bytes], Awaitable[None]], path: bytes) -> None:
        try:
            await act(path)
            self.gone += 1
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            pass  # somebody else was quicker
        except asyncssh.SFTPError as error:
            self._note(path, error)

    def _note(self, path: bytes, error: asyncssh.SFTPError) -> None:
        if is_gone(error):
            raise error
        if self.failed is None:
            self.failed = (path, error)
