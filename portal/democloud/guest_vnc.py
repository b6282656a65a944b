"""RFB 3.8 (RFC 6143) for a guest's screen: no security, raw encoding, only the rows that changed."""

import asyncio
import struct
from dataclasses import dataclass, field
from typing import Protocol

from portal.democloud.guest_screen import HEIGHT, PALETTE, WIDTH, Screen
from portal.democloud.guest_trouble import Trouble

VERSION = b"RFB 003.008\n"
REDRAW_SECONDS = 1.0
MAX_CUT_TEXT = 1 << 20
NATIVE = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


class Reader(Protocol):
    async def readexactly(self, n: int) -> bytes: ...


class Writer(Protocol):
    def write(self, data: bytes) -> None: ...
    async def drain(self) -> None: ...
    def close(self) -> None: ...


@dataclass
class PixelFormat:
    """How the client wants its pixels; true colour only, as this server's own format is."""

    bytes_per_pixel: int
    tables: list[bytes]  # for each byte of a pixel, palette index -> byte

    @classmethod
    def parse(cls, data: bytes) -> "PixelFormat":
        bits, _, big, true_colour, *channels = struct.unpack(">BBBBHHHBBB3x", data)
        if bits not in (8, 16, 32) or not true_colour:
            raise ValueError("this screen has 8, 16 or 32 bits of true colour")
        maxima, shifts = channels[:3], channels[3:]
        if max(shifts) >= bits:
            raise ValueError("a colour shift lies outside the pixel")
        pixels = [
            sum(
                (value * top // 255) << shift
                for value, top, shift in zip(colour, maxima, shifts, strict=True)
            ).to_bytes(8, "big" if big else "little")
            for colour in PALETTE
        ]
        size = bits // 8
        trimmed = [pixel[-size:] if big else pixel[:size] for pixel in pixels]
        padding = bytes(256 - len(PALETTE))
        return cls(size, [bytes(pixel[i] for pixel in trimmed) + padding for i in range(size)])

    def encode(self, indices: bytes) -> bytes:
        pixels = bytearray(len(indices) * self.bytes_per_pixel)
        for position, table in enumerate(self.tables):
            pixels[position :: self.bytes_per_pixel] = indices.translate(table)
        return bytes(pixels)


@dataclass
class Viewer:
    """One client of the screen: what it was shown, and whether it asks for more."""

    screen: Screen
    reader: Reader
    writer: Writer
    pixels: PixelFormat = field(default_factory=lambda: PixelFormat.parse(NATIVE))
    shown: bytes = b""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    touched: asyncio.Event = field(default_factory=asyncio.Event)


async def serve(screen: Screen, reader: Reader, writer: Writer, trouble: Trouble | None = None) -> None:
    """Serve one client until it goes or breaks the protocol."""
    viewer = Viewer(screen, reader, writer)
    try:
        await _handshake(viewer)
        async with asyncio.TaskGroup() as group:
            drawing = group.create_task(_draw(viewer))
            try:
                await _listen(viewer)
            finally:
                drawing.cancel()
    except* (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError, ValueError, struct.error):
        pass  # gone, or not speaking RFB: nothing to tell it
    finally:
        writer.close()


async def _handshake(viewer: Viewer) -> None:
    viewer.writer.write(VERSION)
    await viewer.writer.drain()
    if await viewer.reader.readexactly(12) != VERSION:
        raise ValueError("only RFB 3.8")
    viewer.writer.write(b"\x01\x01")
    await viewer.writer.drain()
    if await viewer.reader.readexactly(1) != b"\x01":
        raise ValueError("only security type None")
    viewer.writer.write(struct.pack(">I", 0))
    await viewer.writer.drain()
    await viewer.reader.readexactly(1)
    name = viewer.screen.host.spec.name.encode()[:255]
    viewer.writer.write(struct.pack(">HH", WIDTH, HEIGHT) + NATIVE + struct.pack(">I", len(name)) + name)
    await viewer.writer.drain()


async def _listen(viewer: Viewer) -> None:
    read = viewer.reader.readexactly
    while True:
        kind = (await read(1))[0]
        if kind == 0:
            viewer.pixels, viewer.shown = PixelFormat.parse((await read(19))[3:]), b""
        elif kind == 2:
            (count,) = struct.unpack(">xH", await read(3))
            await read(4 * count)
        elif kind == 3:
            incremental = (await read(9))[0]
            viewer.shown = viewer.shown if incremental else b""
            viewer.asked.set()
        elif kind == 4:
            down, keysym = struct.unpack(">B2xI", await read(7))
            if down:
                viewer.screen.key(keysym)
                viewer.touched.set()
        elif kind == 5:
            _, x, y = struct.unpack(">BHH", await read(5))
            viewer.screen.pointer = (x, y)
            viewer.touched.set()
        elif kind == 6:
            (length,) = struct.unpack(">3xI", await read(7))
            if length > MAX_CUT_TEXT:
                raise ValueError("cut text too long")
            await read(length)
        else:
            raise ValueError(f"unknown message {kind}")


async def _draw(viewer: Viewer) -> None:
    while True:
        await viewer.asked.wait()
        frame = bytes(viewer.screen.draw())
        update = _update(viewer, frame)
        if update:
            viewer.asked.clear()
            viewer.shown = frame
            viewer.writer.write(update)
            await viewer.writer.drain()
            continue
        viewer.touched.clear()
        try:
            await asyncio.wait_for(viewer.touched.wait(), REDRAW_SECONDS)
        except TimeoutError:
            continue


def _update(viewer: Viewer, frame: bytes) -> bytes:
    """A FramebufferUpdate of the rows from the first to the last changed one; empty if none changed."""
    if not viewer.shown:
        first, last = 0, HEIGHT - 1
    else:
        changed = [
            row
            for row in range(HEIGHT)
            if frame[row * WIDTH : (row + 1) * WIDTH] != viewer.shown[row * WIDTH : (row + 1) * WIDTH]
        ]
        if not changed:
            return b""
        first, last = changed[0], changed[-1]
    rows = frame[first * WIDTH : (last + 1) * WIDTH]
    head = struct.pack(">BxHHHHHi", 0, 1, 0, first, WIDTH, last - first + 1, 0)
    return head + viewer.pixels.encode(rows)
