"""A client of RFB that knows ZRLE and new sizes, written from the RFC and apart from the server's code."""

from __future__ import annotations

import asyncio
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, Protocol

MOST_PIXELS = 1 << 24


class Reader(Protocol):
    async def readexactly(self, n: int) -> bytes: ...


@dataclass
class Client:
    reader: Reader
    writer: Any
    size: tuple[int, int] = (0, 0)
    frame: bytearray = field(default_factory=bytearray)
    sizes: list[tuple[int, int, int, int]] = field(default_factory=list)  # reason, status, width, height
    clipboard: list[str] = field(default_factory=list)
    rectangles: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    received: int = 0
    inflate: Any = field(default_factory=zlib.decompressobj)

    async def read(self, count: int) -> bytes:
        self.received += count
        return await asyncio.wait_for(self.reader.readexactly(count), 5)

    async def begin(self, *encodings: int) -> None:
        assert await self.read(12) == b"RFB 003.008\n"
        self.writer.write(b"RFB 003.008\n")
        assert await self.read(2) == b"\x01\x01"
        self.writer.write(b"\x01")
        assert await self.read(4) == bytes(4)
        self.writer.write(b"\x01")
        self._resize(*struct.unpack(">HH", await self.read(4)))
        await self.read(16)
        await self.read(struct.unpack(">I", await self.read(4))[0])
        self.writer.write(struct.pack(f">BxH{len(encodings)}i", 2, len(encodings), *encodings))

    def _resize(self, width: int, height: int) -> None:
        self.size = (width, height)
        self.frame = bytearray(width * height * 4 if width * height < MOST_PIXELS else 0)

    def ask(self, *, incremental: bool = True) -> None:
        self.writer.write(struct.pack(">BBHHHH", 3, incremental, 0, 0, *self.size))

    def set_size(self, width: int, height: int) -> None:
        screen = struct.pack(">IHHHHI", 1, 0, 0, width, height, 0)
        self.writer.write(struct.pack(">BxHHBx", 251, width, height, 1) + screen)

    def key(self, keysym: int, *, down: bool = True) -> None:
        self.writer.write(struct.pack(">BBxxI", 4, down, keysym))

    def point(self, x: int, y: int, buttons: int) -> None:
        self.writer.write(struct.pack(">BBHH", 5, buttons, x, y))

    def paste(self, text: str) -> None:
        data = text.encode("latin-1")
        self.writer.write(struct.pack(">BxxxI", 6, len(data)) + data)

    async def message(self) -> int:
        kind = (await self.read(1))[0]
        if kind == 3:
            (length,) = struct.unpack(">3xI", await self.read(7))
            self.clipboard.append((await self.read(length)).decode("latin-1"))
        else:
            assert kind == 0, kind
            (count,) = struct.unpack(">xH", await self.read(3))
            for _ in range(count):
                await self._rectangle()
        return kind

    async def whole(self) -> bytes:
        """Ask for a whole frame, and take what comes until it has."""
        self.ask(incremental=False)
        before = len(self.rectangles)
        while len(self.rectangles) == before:
            if await self.message() == 0 and len(self.rectangles) == before:
                self.ask(incremental=False)
        return bytes(self.frame)

    async def _rectangle(self) -> None:
        x, y, width, height, encoding = struct.unpack(">HHHHi", await self.read(12))
        if encoding == -308:
            (screens,) = struct.unpack(">B3x", await self.read(4))
            await self.read(16 * screens)
        if encoding in (-308, -223):
            self.sizes.append((x, y, width, height))
            if y == 0:
                self._resize(width, height)
            return
        self.rectangles.append((x, y, width, height, encoding))
        if encoding == 0:
            self._put(x, y, width, await self.read(width * height * 4))
        else:
            assert encoding == 16
            (length,) = struct.unpack(">I", await self.read(4))
            self._zrle(x, y, width, height, self.inflate.decompress(await self.read(length)))

    def _put(self, x: int, y: int, width: int, pixels: bytes) -> None:
        for row in range(len(pixels) // (4 * width)):
            at = ((y + row) * self.size[0] + x) * 4
            self.frame[at : at + 4 * width] = pixels[row * 4 * width : (row + 1) * 4 * width]

    def _zrle(self, x: int, y: int, width: int, height: int, data: bytes) -> None:
        at = 0
        for top in range(0, height, 64):
            for left in range(0, width, 64):
                wide, high = min(64, width - left), min(64, height - top)
                kind, at = data[at], at + 1
                count = 1 if kind == 1 else wide * high
                assert kind in (0, 1)
                pixels = b"".join(data[n : n + 3] + b"\0" for n in range(at, at + 3 * count, 3))
                at += 3 * count
                self._put(x + left, y + top, wide, pixels if kind == 0 else pixels * (wide * high))
        assert at == len(data)
