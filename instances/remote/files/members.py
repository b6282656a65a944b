"""What goes into an archive, in order: each thing below some names, its beginning read ahead of its turn.

Ten thousand small files cost a few round trips for each eight of them, not for each.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field

import asyncssh

from instances.remote.files import paths
from instances.remote.files.disk import Disk
from instances.remote.files.failures import is_gone
from instances.remote.files.reading import BLOCK, Readable, Unasked, blocks, let_go
from instances.remote.files.walking import Found, walk

# Members that are opened before their turn, each with one block of memory at most.
AHEAD = 8
# Lines of the report; the rest is counted.
MOST_LINES = 1000
REPORT = b"heliosphere-not-included.txt"


@dataclass(slots=True)
class Report:
    """What is not in the archive, or not whole, and why."""

    lines: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, relative: bytes, reason: str) -> None:
        self.count += 1
        if len(self.lines) < MOST_LINES:
            self.lines.append(f"{paths.shown(relative)}: {reason}")

    def text(self) -> bytes:
        more = self.count - len(self.lines)
        tail = [f"and {more} more"] if more else []
        return "\n".join(["Not in this archive, or not whole:", "", *self.lines, *tail, ""]).encode()


@dataclass(slots=True)
class Member:
    """A file's `size` bytes are `first`, and the rest from `file`. Of a link: `target`. `missing`: why it is left out."""

    found: Found
    size: int = 0
    first: bytes = b""
    file: Readable | None = None
    target: bytes = b""
    missing: str = ""

    async def content(self) -> AsyncGenerator[bytes, None]:
        if self.first:
            yield self.first
        if self.file is not None:
            async with aclosing(blocks(self.file, len(self.first), self.size)) as rest:
                async for data in rest:
                    yield data

    async def close(self) -> None:
        file, self.file = self.file, None
        if file is not None:
            await let_go(file)


async def members(
    disk: Disk, folder: bytes, names: Sequence[bytes], report: Report
) -> AsyncGenerator[Member, None]:
    """The caller has each until it asks for the next; then it is closed."""

    async def missed(relative: bytes, error: Exception) -> None:
        report.add(relative, reason(error))

    ahead: deque[asyncio.Task[Member]] = deque()
    try:
        async with aclosing(walk(disk, folder, names, missed)) as everything:
            async for found in everything:
                ahead.append(asyncio.ensure_future(_prepared(disk, folder, found)))
                if len(ahead) > AHEAD:
                    async with aclosing(_in_turn(ahead)) as one:
                        async for member in one:
                            yield member
        while ahead:
            async with aclosing(_in_turn(ahead)) as one:
                async for member in one:
                    yield member
    finally:
        await _forget(ahead)


async def _in_turn(ahead: "deque[asyncio.Task[Member]]") -> AsyncGenerator[Member, None]:
    member = await ahead[0]
    ahead.popleft()
    try:
        yield member
    finally:
        await member.close()


async def _forget(ahead: "deque[asyncio.Task[Member]]") -> None:
    for task in ahead:
        task.cancel()
    for result in await asyncio.gather(*ahead, return_exceptions=True):
        if isinstance(result, Member):
            await result.close()


async def _prepared(disk: Disk, folder: bytes, found: Found) -> Member:
    path, entry = paths.join(folder, found.relative), found.entry
    try:
        if entry.kind == "link":
            return Member(found, target=await disk.sftp.readlink(path))
        if entry.kind == "file":
            return await _begun(disk, path, found)
    except (asyncssh.Error, OSError) as error:
        if is_gone(error):
            raise
        return Member(found, missing=reason(error))
    return Member(found, missing="" if entry.kind == "folder" else "a device, a socket or a pipe")


async def _begun(disk: Disk, path: bytes, found: Found) -> Member:
    size = found.entry.size
    async with AsyncExitStack() as undo:
        file = await disk.sftp.open(path, "rb", block_size=0)
        undo.push_async_callback(let_go, file)
        # Files that say they are empty need not be: those under /proc.
        first: bytes = await file.read(min(size, BLOCK) or BLOCK, 0)
        if len(first) > BLOCK:
            raise Unasked
        undo.pop_all()
    member = Member(found, size=size or len(first), first=first, file=file)
    if len(first) == member.size:
        await member.close()
    return member


def reason(error: BaseException) -> str:
    if isinstance(error, asyncssh.SFTPPermissionDenied):
        return "permission denied"
    if isinstance(error, asyncssh.SFTPNoSuchFile | asyncssh.SFTPNoSuchPath):
        return "gone when it was to be read"
    said = getattr(error, "reason", "") or str(error)
    return "could not be read: " + "".join(letter if letter.isprintable() else " " for letter in said)[:200]
