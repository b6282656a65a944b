"""Screens that a client must survive: garbage, gigantic rectangles, clipboard text without end."""

import asyncio
import random
import struct
from collections.abc import Awaitable, Callable

from portal.democloud.guest_rfb import Reader, Writer

GIGANTIC = (65_535, 65_535)
PIECE = 32 * 1024
PAUSE = 0.01


async def garbage(reader: Reader, writer: Writer) -> None:
    noise = random.Random(7)  # noqa: S311 - noise, no secret
    while True:
        writer.write(noise.randbytes(PIECE))
        await writer.drain()
        await asyncio.sleep(PAUSE)


async def gigantic(reader: Reader, writer: Writer) -> None:
    """An update of 17 GB, of which it sends the beginning."""
    writer.write(struct.pack(">BxHHHHHi", 0, 1, 0, 0, *GIGANTIC, 0))
    while True:
        writer.write(bytes(PIECE))
        await writer.drain()
        await asyncio.sleep(PAUSE)


async def endless_text(reader: Reader, writer: Writer) -> None:
    writer.write(struct.pack(">B3xI", 3, 0xFFFFFFF0))
    while True:
        writer.write(b"clipboard " * (PIECE // 10))
        await writer.drain()
        await asyncio.sleep(PAUSE)


AFTER: dict[str, Callable[[Reader, Writer], Awaitable[None]]] = {
    "garbage": garbage,
    "gigantic": gigantic,
    "cut-text": endless_text,
}
