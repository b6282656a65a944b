"""Screens to look at: a VNC server that does what a test wants, the real Xvnc, and a page's end of the WebSocket."""

import asyncio
import contextlib
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from instances.models import Instance
from tests.instances.remote.pages import Browser, Socket

UNIT = Path("instances/guest/heliosphere-desktop.service")
HELLO = b"RFB 003.008\n"
SOCKET_IN_UNIT = "/run/heliosphere-desktop/vnc"
MISSING = "no Xvnc here: apt-get install tigervnc-standalone-server xclip xterm"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A screen of 4 by 3 points, up to where pictures would be asked for."""
    writer.write(HELLO)
    await reader.readexactly(12)
    writer.write(b"\x01\x01")
    await reader.readexactly(1)
    writer.write(bytes(4))
    await reader.readexactly(1)
    pixels = bytes([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])
    writer.write((4).to_bytes(2) + (3).to_bytes(2) + pixels + (4).to_bytes(4) + b"Desk")
    await writer.drain()


@contextlib.asynccontextmanager
async def vnc_server(path: Path, answer: Answer) -> AsyncIterator[None]:
    here: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here[writer] = asyncio.current_task()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_unix_server(handle, str(path))
    try:
        yield
    finally:
        server.close()
        os.unlink(path)
        # Who still looks on loses it now, not when the test's loop is gone.
        for writer, task in here.items():
            if task is not None:
                task.cancel()
            writer.transport.abort()
        await asyncio.gather(*(task for task in here.values() if task), return_exceptions=True)
        for writer in here:
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class DesktopPage:
    """`async with DesktopPage(browser, machine) as page`. `given`: what a POST gave, where it was not ours."""

    def __init__(
        self, owner: Browser, machine: Instance, *, given: dict[str, Any] | None = None, query: bytes = b""
    ) -> None:
        self.owner, self.machine, self.given, self.query = owner, machine, given, query
        self.code = 1001
        self.output = b""

    async def __aenter__(self) -> "DesktopPage":
        given = self.given or await sync_to_async(self.owner.ask)(self.machine, kind="desktop")
        self.session: str = given["session"]
        self.socket = Socket(self.owner, given["path"], given["subprotocols"])
        self.socket.raw.scope["query_string"] = self.query
        assert await self.socket.connect()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.socket.raw.send_input({"type": "websocket.disconnect", "code": self.code})
        await self.socket.raw.wait(timeout=10)

    async def send(self, data: bytes) -> None:
        await self.socket.type(data)

    async def read(self, count: int, seconds: float = 10) -> bytes:
        """The next bytes of the screen."""
        end = time.monotonic() + seconds
        while len(self.output) < count:
            found = await self.socket.hear(max(0.01, end - time.monotonic()))
            assert isinstance(found, bytes), found
            self.output += found
        taken, self.output = self.output[:count], self.output[count:]
        return taken

    async def closed(self, seconds: float = 15) -> tuple[int, str]:
        """Code and reason, whatever comes before."""
        end = time.monotonic() + seconds
        while True:
            found = await self.socket.hear(max(0.01, end - time.monotonic()))
            if isinstance(found, dict) and found["t"] == "closed":
                return found["code"], found["reason"]

    async def greet(self) -> None:
        """As noVNC does, up to the name of the screen."""
        assert await self.read(12) == HELLO
        await self.send(HELLO)
        kinds = (await self.read(1))[0]
        assert b"\x01" in await self.read(kinds)
        await self.send(b"\x01")
        assert await self.read(4) == bytes(4)
        await self.send(b"\x01")
        rest = await self.read(24)
        self.size = (int.from_bytes(rest[:2]), int.from_bytes(rest[2:4]))
        self.name = await self.read(int.from_bytes(rest[20:]))


@dataclass
class Xvnc:
    """TigerVNC as the guests' unit starts it, with a terminal on it."""

    socket: Path
    display: str
    folder: Path

    def run(self, *command: str, input: str = "") -> str:
        """A program on this screen, awaited."""
        env = {**os.environ, "DISPLAY": self.display, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            command, env=env, input=input, capture_output=True, text=True, timeout=20, check=False
        )
        return done.stdout

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command,
            env={**os.environ, "DISPLAY": self.display, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
        )

    def copy(self, text: str) -> None:
        """Into the clipboard, as a program on the desktop does. xclip stays to hand it out."""
        subprocess.run(
            ["xclip", "-selection", "clipboard", "-i"],
            env={**os.environ, "DISPLAY": self.display, "LC_ALL": "C.UTF-8"},
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=True,
        )

    def clipboard(self) -> str:
        return self.run("xclip", "-selection", "clipboard", "-o")

    def size(self) -> tuple[int, int]:
        words = self.run("xdpyinfo").split("dimensions:")[1].split()[0]
        width, height = words.split("x")
        return int(width), int(height)


def command_of_unit(socket: Path, display: str) -> list[str]:
    """What the unit starts for a screen, with this socket and this number."""
    text = UNIT.read_text(encoding="utf-8").replace("\\\n", " ")
    line = next(one for one in text.splitlines() if one.startswith("ExecStart="))
    words = shlex.split(line.removeprefix("ExecStart="))
    server = words[words.index("--") + 1 :]
    assert server[:2] == ["/usr/bin/Xvnc", ":1"] and SOCKET_IN_UNIT in server
    return [server[0], display, *(str(socket) if word == SOCKET_IN_UNIT else word for word in server[2:])]


def needed() -> None:
    """Skips where there is no Xvnc, and fails where that must not be."""
    if all(shutil.which(name) for name in ("Xvnc", "xclip", "xterm", "xdpyinfo")):
        return
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


def running_xvnc(folder: Path) -> Iterator[Xvnc]:
    needed()
    number = next(n for n in range(70, 200) if not Path(f"/tmp/.X11-unix/X{n}").exists())
    found = Xvnc(folder / "vnc", f":{number}", folder)
    with (folder / "xvnc.log").open("wb") as log:
        process = subprocess.Popen(command_of_unit(found.socket, found.display), stdout=log, stderr=log)
    try:
        end = time.monotonic() + 15
        while not found.socket.exists() or not found.run("xdpyinfo"):
            assert process.poll() is None and time.monotonic() < end, (folder / "xvnc.log").read_text()
            time.sleep(0.1)
        yield found
    finally:
        process.terminate()
        process.wait(10)
