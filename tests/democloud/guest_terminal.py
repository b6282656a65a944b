"""A person at a terminal in a guest: raw bytes over a PTY, as xterm.js sends and gets them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncssh

from portal.democloud.guest import Guests
from tests.democloud.guest_fixtures import booted, connect, new_key, public, running, spec

KEY = new_key()


class Terminal:
    def __init__(self, process: asyncssh.SSHClientProcess[bytes]) -> None:
        self.process = process
        self.seen = b""

    def type(self, keys: str | bytes) -> None:
        self.process.stdin.write(keys.encode() if isinstance(keys, str) else keys)

    async def until(self, text: str | bytes, seconds: float = 5.0) -> bytes:
        """Read on until it has come; what was read since the last call."""
        wanted = text.encode() if isinstance(text, str) else text
        async with asyncio.timeout(seconds):
            while wanted not in self.seen:
                more = await self.process.stdout.read(65536)
                assert more, f"the session ended before {wanted!r}: {self.seen[-500:]!r}"
                self.seen += more
        end = self.seen.index(wanted) + len(wanted)
        read, self.seen = self.seen[:end], self.seen[end:]
        return read

    async def prompt(self) -> bytes:
        return await self.until("\x1b[0m$ ")

    async def run(self, line: str) -> str:
        """What a line prints, without its echo and the next prompt."""
        self.type(line + "\r")
        await self.until("\r\n")
        read = (await self.prompt()).decode()
        return read.rpartition("\x1b]0;")[0]

    async def ended(self) -> int:
        await asyncio.wait_for(self.process.wait_closed(), 5)
        return int(self.process.exit_status if self.process.exit_status is not None else -1)


async def terminal(
    connection: asyncssh.SSHClientConnection, command: str | None = None, **more: Any
) -> Terminal:
    given: dict[str, Any] = {"term_type": "xterm-256color", "term_size": (100, 40), "encoding": None} | more
    return Terminal(await connection.create_process(command, **given))


@contextlib.asynccontextmanager
async def machine(
    guests: Guests, *, user: str = "ubuntu", **changes: Any
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    address = str(guests.network[10])
    await booted(guests, spec(key=public(KEY), **changes), address)
    async with await connect(guests, address, user, KEY) as connection:
        yield connection


@contextlib.asynccontextmanager
async def at_a_prompt(**changes: Any) -> AsyncIterator[Terminal]:
    async with running() as guests, machine(guests, **changes) as connection:
        screen = await terminal(connection)
        await screen.prompt()
        yield screen
