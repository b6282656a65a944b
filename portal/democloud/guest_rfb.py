"""The words of RFB: the handshake, new sizes, clipboard text."""

import asyncio
import struct
from typing import Protocol

from portal.democloud.guest_pixels import NATIVE

VERSION = b"RFB 003.008\n"
DESKTOP_SIZE, EXTENDED_SIZE = -223, -308
Gone = asyncio.IncompleteReadError


class Reader(Protocol):
    async def readexactly(self, n: int) -> bytes: ...


class Writer(Protocol):
    def write(self, data: bytes) -> None: ...
    async def drain(self) -> None: ...
    def close(self) -> None: ...


async def handshake(reader: Reader, writer: Writer, size: tuple[int, int], name: str) -> None:
    """ValueError where the client does not speak RFB 3.8, or wants security."""
    writer.write(VERSION)
    await writer.drain()
    if await reader.readexactly(12) != VERSION:
        raise ValueError("only RFB 3.8")
    writer.write(b"\x01\x01")
    await writer.drain()
    if await reader.readexactly(1) != b"\x01":
        raise ValueError("only security type None")
    writer.write(struct.pack(">I", 0))
    await writer.drain()
    await reader.readexactly(1)
    encoded = name.encode()[:255]
    writer.write(struct.pack(">HH", *size) + NATIVE + struct.pack(">I", len(encoded)) + encoded)
    await writer.drain()


def size_rectangle(size: tuple[int, int], knows: frozenset[int], reason: int, status: int = 0) -> bytes:
    """Of one screen; plain DesktopSize for who knows no other."""
    width, height = size
    if EXTENDED_SIZE not in knows:
        return struct.pack(">HHHHi", 0, 0, width, height, DESKTOP_SIZE)
    head = struct.pack(">HHHHi", reason, status, width, height, EXTENDED_SIZE)
    return head + struct.pack(">B3x", 1) + struct.pack(">IHHHHI", 1, 0, 0, width, height, 0)


def cut_text(text: str) -> bytes:
    data = text.encode("latin-1", "replace")
    return struct.pack(">B3xI", 3, len(data)) + data
