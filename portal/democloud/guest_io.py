"""What programs in a guest read from and write to: nothing, pipes, files, and the ends of an SSH channel."""

import asyncio
from typing import Protocol

from portal.democloud.guest_files import Files
from portal.democloud.guest_node import Node

PIECE = 32 * 1024
PIPE_BYTES = 64 * 1024


class Source(Protocol):
    async def read(self, count: int = PIECE, /) -> bytes:
        """Up to so many bytes; none at the end."""
        ...


class Sink(Protocol):
    async def write(self, data: bytes, /) -> None: ...


class Nothing:
    """/dev/null."""

    async def read(self, count: int = PIECE, /) -> bytes:
        return b""

    async def write(self, data: bytes, /) -> None:
        await asyncio.sleep(0)


class Zeros(Nothing):
    """/dev/zero."""

    async def read(self, count: int = PIECE, /) -> bytes:
        await asyncio.sleep(0)
        return bytes(min(count, PIECE))


class Text:
    """A text that is there already (here-documents)."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, count: int = PIECE, /) -> bytes:
        part, self._data = self._data[:count], self._data[count:]
        return part


class Kept:
    """Collects what is written, up to `most` bytes."""

    def __init__(self, most: int = 1 << 20) -> None:
        self.data = bytearray()
        self._most = most

    async def write(self, data: bytes, /) -> None:
        self.data += data[: self._most - len(self.data)]
        await asyncio.sleep(0)


class Pipe:
    """Between two programs: who writes faster waits, who writes to nobody breaks off."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._changed = asyncio.Condition()
        self._ended = False
        self._abandoned = False

    async def write(self, data: bytes, /) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._abandoned or len(self._data) < PIPE_BYTES)
            if self._abandoned:
                raise BrokenPipeError("nobody reads the pipe")
            self._data += data
            self._changed.notify_all()

    async def read(self, count: int = PIECE, /) -> bytes:
        async with self._changed:
            await self._changed.wait_for(lambda: self._data or self._ended)
            part = bytes(self._data[:count])
            del self._data[:count]
            self._changed.notify_all()
            return part

    async def end(self) -> None:
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def abandon(self) -> None:
        async with self._changed:
            self._abandoned = True
            self._data.clear()
            self._changed.notify_all()


class FileSource:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._at = 0

    async def read(self, count: int = PIECE, /) -> bytes:
        await asyncio.sleep(0)
        part = self._node.content.read(self._at, count) if self._node.content else b""
        self._at += len(part)
        return part


class FileSink:
    def __init__(self, files: Files, path: str, node: Node, *, append: bool) -> None:
        self._files, self._path, self._node = files, path, node
        self._at = node.size if append else 0

    async def write(self, data: bytes, /) -> None:
        self._files.write(self._path, self._node, self._at, data)
        self._at += len(data)
        await asyncio.sleep(0)
