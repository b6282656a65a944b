from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from portal.democloud.guest import Guests
from portal.democloud.guest_screen import HEIGHT, PALETTE, WIDTH, Screen
from portal.democloud.guest_vnc import NATIVE, PixelFormat
from tests.democloud.guest_disks import host
from tests.democloud.guest_fixtures import booted, running, spec

Rect = tuple[int, int, int, int]


@dataclass
class Viewer:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    bytes_per_pixel: int = 4

    async def read(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), 5)

    async def handshake(self) -> tuple[int, int, str]:
        assert await self.read(12) == b"RFB 003.008\n"
        self.writer.write(b"RFB 003.008\n")
        assert await self.read(2) == b"\x01\x01"
        self.writer.write(b"\x01")
        assert await self.read(4) == bytes(4)
        self.writer.write(b"\x01")
        width, height = struct.unpack(">HH", await self.read(4))
        assert await self.read(16) == NATIVE
        (length,) = struct.unpack(">I", await self.read(4))
        return width, height, (await self.read(length)).decode()

    def ask(self, *, incremental: bool) -> None:
        self.writer.write(struct.pack(">BBHHHH", 3, incremental, 0, 0, WIDTH, HEIGHT))

    async def update(self) -> tuple[Rect, bytes]:
        kind, count = struct.unpack(">BxH", await self.read(4))
        assert (kind, count) == (0, 1)
        x, y, width, height, encoding = struct.unpack(">HHHHi", await self.read(12))
        assert encoding == 0
        return (x, y, width, height), await self.read(width * height * self.bytes_per_pixel)

    async def ended(self) -> bool:
        return await asyncio.wait_for(self.reader.read(1), 5) == b""


@dataclass
class Setup:
    guests: Guests
    port: int

    async def open(self) -> Viewer:
        return Viewer(*await asyncio.open_connection("127.0.0.1", self.port))


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    async with running() as guests:
        await booted(guests, spec(gpus=("A100X_10C",)))
        port = guests.vnc_port("server-1")
        assert port is not None
        assert port == guests.vnc_port("server-1")
        yield Setup(guests, port)


def test_a_screen_shows_name_clock_meters_and_what_was_typed() -> None:
    machine = host()
    machine.now = lambda: 1000.0
    screen = Screen(machine)
    before = bytes(screen.draw())
    assert len(before) == WIDTH * HEIGHT
    assert set(before) <= set(range(len(PALETTE)))
    for letter in "ls -l":
        screen.key(ord(letter))
    screen.key(0xFF08)
    assert screen.typed == "ls -"
    typed = bytes(screen.draw())
    changed = {index // WIDTH for index in range(len(typed)) if typed[index] != before[index]}
    assert changed
    assert min(changed) > HEIGHT - 60, "typing changes only the lines at the foot"
    screen.key(0xFF0D)
    assert screen.typed == ""
    before = bytes(screen.draw())
    screen.pointer = (9999, 9999)
    assert bytes(screen.draw()) != before


async def test_a_viewer_gets_the_size_the_name_and_a_whole_frame(setup: Setup) -> None:
    viewer = await setup.open()
    assert await viewer.handshake() == (WIDTH, HEIGHT, "my machine")
    viewer.ask(incremental=False)
    rect, pixels = await viewer.update()
    assert rect == (0, 0, WIDTH, HEIGHT)
    red, green, blue = PALETTE[1]
    assert pixels[:3] == bytes([blue, green, red])
    viewer.writer.close()


async def test_later_updates_carry_only_what_changed(setup: Setup) -> None:
    viewer = await setup.open()
    await viewer.handshake()
    viewer.ask(incremental=False)
    await viewer.update()
    viewer.ask(incremental=True)
    viewer.writer.write(struct.pack(">BBxxI", 4, 1, ord("x")))
    (_, y, width, height), _ = await viewer.update()
    assert width == WIDTH
    assert (y, height) != (0, HEIGHT)
    viewer.writer.close()


async def test_typing_is_seen_by_another_viewer(setup: Setup) -> None:
    first, second = await setup.open(), await setup.open()
    for viewer in (first, second):
        await viewer.handshake()
    first.writer.write(struct.pack(">BBxxI", 4, 1, ord("h")) + struct.pack(">BBxxI", 4, 0, ord("h")))
    first.ask(incremental=False)
    await first.update()
    second.ask(incremental=False)
    _, pixels = await second.update()
    foot = pixels[(HEIGHT - 36) * WIDTH * 4 :]
    ink = bytes([PALETTE[2][2], PALETTE[2][1], PALETTE[2][0], 0])
    assert foot.count(ink) > 60
    for viewer in (first, second):
        viewer.writer.close()


@pytest.mark.parametrize(
    ("bits", "maxima", "shifts", "white"),
    [
        (32, (255, 255, 255), (0, 8, 16), bytes([0xE8, 0xEC, 0xF1, 0])),
        (16, (31, 63, 31), (11, 5, 0), struct.pack("<H", (28 << 11) | (58 << 5) | 29)),
        (8, (7, 7, 3), (0, 3, 6), bytes([6 | (6 << 3) | (2 << 6)])),
    ],
)
def test_pixels_are_given_as_the_client_wants_them(
    bits: int, maxima: tuple[int, ...], shifts: tuple[int, ...], white: bytes
) -> None:
    asked = PixelFormat.parse(struct.pack(">BBBBHHHBBB3x", bits, 24, 0, 1, *maxima, *shifts))
    assert asked.encode(bytes([2])) == white
    assert len(asked.encode(bytes(100))) == 100 * bits // 8


def test_big_endian_pixels_are_turned_round() -> None:
    little = PixelFormat.parse(struct.pack(">BBBBHHHBBB3x", 16, 16, 0, 1, 31, 63, 31, 11, 5, 0))
    big = PixelFormat.parse(struct.pack(">BBBBHHHBBB3x", 16, 16, 1, 1, 31, 63, 31, 11, 5, 0))
    assert big.encode(bytes([2])) == little.encode(bytes([2]))[::-1]


async def test_a_changed_pixel_format_holds_for_the_next_frame(setup: Setup) -> None:
    viewer = await setup.open()
    await viewer.handshake()
    viewer.writer.write(
        b"\x00\x00\x00\x00" + struct.pack(">BBBBHHHBBB3x", 16, 16, 0, 1, 31, 63, 31, 11, 5, 0)
    )
    viewer.writer.write(struct.pack(">BxHii", 2, 2, 0, 7) + struct.pack(">BxxxI", 6, 3) + b"cut")
    viewer.bytes_per_pixel = 2
    viewer.ask(incremental=False)
    rect, _ = await viewer.update()
    assert rect == (0, 0, WIDTH, HEIGHT)
    viewer.writer.close()


@pytest.mark.parametrize("greeting", [b"RFB 003.003\n", b"GET / HTTP/1\n", b"\x00" * 12])
async def test_other_protocols_are_shown_out(setup: Setup, greeting: bytes) -> None:
    viewer = await setup.open()
    await viewer.read(12)
    viewer.writer.write(greeting)
    assert await viewer.ended()
    viewer.writer.close()


@pytest.mark.parametrize(
    "message",
    [
        b"\xff",
        struct.pack(">BxxxI", 6, 1 << 30),
        b"\x00\x00\x00\x00" + struct.pack(">BBBBHHHBBB3x", 24, 24, 0, 1, 1, 1, 1, 0, 0, 0),
        b"\x00\x00\x00\x00" + struct.pack(">BBBBHHHBBB3x", 8, 8, 0, 1, 7, 7, 3, 0, 3, 200),
    ],
    ids=["unknown", "long-cut-text", "24-bits", "shift"],
)
async def test_a_broken_message_ends_the_session(setup: Setup, message: bytes) -> None:
    viewer = await setup.open()
    await viewer.handshake()
    viewer.writer.write(message)
    assert await viewer.ended()
    viewer.writer.close()


async def test_a_stopped_guest_shows_nothing(setup: Setup) -> None:
    await setup.guests.shutdown("server-1")
    viewer = await setup.open()
    assert await viewer.ended()
    viewer.writer.close()
    assert setup.guests.vnc_port("nobody") is None
