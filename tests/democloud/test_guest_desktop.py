"""The desktop of a guest over SSH: sizes, clipboard, keys, several who look, and screens that mean harm."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from portal.democloud.guest import Guests
from portal.democloud.guest_keys import Keyboard
from portal.democloud.guest_screen import COPY_BOX, HEIGHT, WIDTH, Screen
from portal.democloud.guest_userdata import DESKTOP_FILE, SETUP_FILE
from tests.democloud.guest_disks import host
from tests.democloud.guest_fixtures import booted, cloud_config, connect, public, running, spec, until
from tests.democloud.guest_terminal import KEY
from tests.democloud.rfb_client import Client

SOCKET = "/run/heliosphere-desktop/vnc"
EXTENDED, PLAIN, ZRLE, RAW = -308, -223, 16, 0
CTRL, ALT, DELETE = 0xFFE3, 0xFFE9, 0xFFFF


class Site:
    def __init__(self, guests: Guests, connection: Any) -> None:
        self.guests, self.connection = guests, connection

    @property
    def screen(self) -> Screen:
        return self.guests._machines["server-1"].desktop

    async def client(self, *encodings: int) -> Client:
        client = Client(*await self.connection.open_unix_connection(SOCKET, encoding=None))
        await client.begin(*encodings)
        return client


@contextlib.asynccontextmanager
async def desktop() -> AsyncIterator[Site]:
    data = cloud_config({SETUP_FILE: "#!/bin/sh", DESKTOP_FILE: "[Service]\nUser=exouser\n"})
    async with running() as guests:
        address = str(guests.network[10])
        await booted(guests, spec(user_data=data, key=public(KEY)), address)
        async with await connect(guests, address, "exouser", KEY) as connection:
            yield Site(guests, connection)


async def test_zrle_draws_what_raw_draws_with_a_tenth_of_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with desktop() as site:
        # Nothing may move between the two pictures: neither the clock nor the meters.
        site.screen.host.now = lambda: 1000.0
        still = site.screen.host.load.usage(1000.0)
        monkeypatch.setattr(site.screen.host.load, "usage", lambda now: still)
        raw, packed = await site.client(RAW), await site.client(ZRLE, RAW)
        assert await raw.whole() == await packed.whole()
        assert packed.rectangles[0][4] == ZRLE
        assert packed.received * 10 < raw.received
        packed.key(ord("x"))
        packed.ask()
        await packed.message()
        assert await raw.whole() == bytes(packed.frame)


async def test_a_client_asks_for_a_size_and_all_who_look_follow() -> None:
    async with desktop() as site:
        site.screen.host.now = lambda: 1000.0
        one, two, old = await site.client(EXTENDED), await site.client(EXTENDED, ZRLE), await site.client(RAW)
        for client in (one, two):
            await client.whole()
            assert client.sizes[0] == (0, 0, WIDTH, HEIGHT), "told at once that sizes can be asked for"
        await old.whole()
        one.set_size(1000, 700)
        one.ask()
        await one.message()
        assert one.sizes[-1] == (1, 0, 1000, 700)
        two.ask()
        await until(lambda: site.screen.width == 1000)
        while two.sizes[-1] != (2, 0, 1000, 700):
            await two.message()
            two.ask()
        assert (await one.whole(), one.size) == (await two.whole(), (1000, 700))
        assert (len(await old.whole()), old.size) == (WIDTH * HEIGHT * 4, (WIDTH, HEIGHT))


async def test_who_knows_only_the_plain_size_is_told_plainly() -> None:
    async with desktop() as site:
        client = await site.client(PLAIN)
        await client.whole()
        assert site.screen.resize(800, 600)
        client.ask()
        while not client.sizes:
            await client.message()
            client.ask()
        assert client.sizes == [(0, 0, 800, 600)]


@pytest.mark.parametrize("size", [(10, 10), (60_000, 60_000), (0, 0)])
async def test_a_size_that_no_screen_has_is_refused(size: tuple[int, int]) -> None:
    async with desktop() as site:
        client = await site.client(EXTENDED)
        await client.whole()
        client.set_size(*size)
        client.ask()
        await client.message()
        assert client.sizes[-1][:2] == (1, 3)
        assert (site.screen.width, site.screen.height) == (WIDTH, HEIGHT)


async def test_the_clipboard_goes_both_ways() -> None:
    async with desktop() as site:
        one, two = await site.client(RAW), await site.client(RAW)
        for client in (one, two):
            await client.whole()
        x, y = COPY_BOX[0] + 5, COPY_BOX[1] + 5
        one.point(x, y, 1)
        one.point(x, y, 0)
        for client in (one, two):
            while not client.clipboard:
                await client.message()
                client.ask()
            assert client.clipboard == ["copied from my-machine, time 1"]
        before = await one.whole()
        two.paste("pasted: Grüße")
        await until(lambda: site.screen.pasted == "pasted: Grüße")
        async with asyncio.timeout(10):
            # An answer to what was asked for before may still be on its way.
            while await one.whole() == before:
                pass


async def test_special_keys_are_seen() -> None:
    async with desktop() as site:
        client = await site.client(RAW)
        before = await client.whole()
        for keysym in (CTRL, ALT, DELETE):
            client.key(keysym)
        for keysym in (DELETE, ALT, CTRL):
            client.key(keysym, down=False)
        await until(lambda: site.screen.keyboard.last)
        assert list(site.screen.keyboard.last) == ["Ctrl-Alt-Del"]
        assert await client.whole() != before


@pytest.mark.parametrize(
    ("keys", "named", "typed"),
    [
        ((ord("a"),), "a", "a"),
        ((0xFFE1, ord("A")), "A", "A"),
        ((0x01004E2D,), "中", "中"),
        ((CTRL, ord("c")), "Ctrl-c", ""),
        ((0xFFE1, 0xFFBE), "Shift-F1", ""),
        ((ALT, 0xFF09), "Alt-Tab", ""),
        ((0x12345678,), "0x12345678", ""),
    ],
)
def test_keys_have_names_and_write_only_what_they_write(
    keys: tuple[int, ...], named: str, typed: str
) -> None:
    keyboard = Keyboard()
    for keysym in keys:
        keyboard.key(keysym)
    assert (keyboard.last[-1], keyboard.typed) == (named, typed)


async def test_the_console_of_the_cloud_and_the_desktop_are_two_screens() -> None:
    async with desktop() as site:
        site.screen.resize(1200, 800)
        assert site.guests._machines["server-1"].screen.width == WIDTH


async def test_one_who_goes_is_told_nothing_more() -> None:
    async with desktop() as site:
        client = await site.client(RAW)
        await client.whole()
        assert len(site.screen.told) == 1
        client.writer.close()
        await until(lambda: not site.screen.told)
        assert site.screen.resized == []


@pytest.mark.parametrize("kind", ["garbage", "gigantic", "cut-text"])
async def test_screens_that_mean_harm_go_on_and_on_and_end_with_the_client(kind: str) -> None:
    async with desktop() as site:
        site.guests.misbehave("server-1", {"vnc": kind})
        client = await site.client(RAW)
        assert (client.size == (65_535, 65_535)) == (kind == "gigantic")
        assert len(await client.read(300_000)) == 300_000
        client.writer.close()
        assert (await site.connection.run("whoami")).stdout == "exouser\n"


async def test_a_silent_screen_says_nothing_and_one_that_hangs_up_goes_after_a_frame() -> None:
    async with desktop() as site:
        site.guests.misbehave("server-1", {"vnc": "silent"})
        reader, writer = await site.connection.open_unix_connection(SOCKET, encoding=None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        writer.close()
        site.guests.misbehave("server-1", {"vnc": "hangup"})
        client = await site.client(RAW)
        await client.whole()
        assert await asyncio.wait_for(client.reader.read(1), 5) == b""  # type: ignore[attr-defined]


def test_a_screen_of_any_size_draws_itself() -> None:
    screen = Screen(host(gpus=("A100X_10C",) * 4))
    for size in ((320, 200), (3840, 2400), (641, 399)):
        assert screen.resize(*size)
        assert len(screen.draw()) == size[0] * size[1]
