"""Two terminals that are measured side by side: a page's, through the portal, and OpenSSH's client on a pty."""

import asyncio
import json
import os
import pty
import subprocess
import termios
import time
from types import TracebackType
from typing import Any, Protocol

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.bench.remote.place import Place

# As static/js/remote/socket.js does.
ACK_BYTES = 32 * 1024


class Page:
    """A page's shell. It draws at once, and acknowledges as the page does."""

    def __init__(self, place: Place, person: int) -> None:
        self.place = place
        self.cookie = place.people[person]
        self.offset = self.acked = 0
        self.socket: ClientConnection

    async def open(self, http: httpx.AsyncClient) -> "Page":
        token = "x" * 32  # both halves of Django's double submit
        response = await http.post(
            f"{self.place.url}/instances/{self.place.instance}/remote/open/",
            data={"kind": "shell"},
            headers={
                "Cookie": f"sessionid={self.cookie}; csrftoken={token}",
                "X-CSRFToken": token,
                "Origin": self.place.url,
            },
        )
        response.raise_for_status()
        given: dict[str, Any] = response.json()
        self.session = given["session"]
        self.socket = await connect(
            self.place.url.replace("http", "ws") + given["path"],
            additional_headers={"Cookie": f"sessionid={self.cookie}"},
            origin=Origin(self.place.url),
            subprotocols=[Subprotocol(name) for name in given["subprotocols"]],
            max_queue=4,
            compression=None,
        )
        start = {"t": "start", "cols": 80, "rows": 24, "have": 0, "keep": "portal"}
        await self.socket.send(json.dumps(start))
        await self.until(b"# ")
        return self

    async def read(self) -> bytes:
        """The next output."""
        while True:
            found = await self.socket.recv()
            if isinstance(found, bytes):
                self.offset += len(found)
                if self.offset - self.acked >= ACK_BYTES:
                    await self.ack()
                return found
            words = json.loads(found)
            if words["t"] in ("problem", "end"):
                raise RuntimeError(f"the shell ended: {words}")

    async def ack(self) -> None:
        self.acked = self.offset
        await self.socket.send(json.dumps({"t": "ack", "n": self.offset}))

    async def until(self, text: bytes) -> None:
        seen = b""
        while text not in seen:
            seen = seen[-len(text) :] + await self.read()

    async def write(self, data: bytes) -> None:
        await self.socket.send(data)

    async def close(self) -> None:
        await self.socket.close()


class Plain:
    """`ssh` on a pty of its own."""

    def __init__(self, place: Place) -> None:
        self.command = place.ssh

    async def __aenter__(self) -> "Plain":
        self.main, child = pty.openpty()
        # As it is: ssh gives the machine's terminal the settings of this one, and makes this one raw itself.
        termios.tcsetwinsize(child, (24, 80))
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=child, stdout=child, stderr=subprocess.DEVNULL
        )
        os.close(child)
        os.set_blocking(self.main, False)
        await self.until(b"# ")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        await self.process.wait()
        os.close(self.main)

    async def read(self) -> bytes:
        while True:
            try:
                return os.read(self.main, 65_536)
            except BlockingIOError:
                await self._more()

    async def _more(self) -> None:
        """Watched only while it is waited for: what nobody reads would keep the loop of this process turning."""
        loop, more = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.main, more.set)
        try:
            await more.wait()
        finally:
            loop.remove_reader(self.main)

    async def until(self, text: bytes) -> None:
        seen = b""
        while text not in seen:
            seen = seen[-len(text) :] + await self.read()

    async def write(self, data: bytes) -> None:
        os.write(self.main, data)


class Terminal(Protocol):
    async def read(self) -> bytes: ...

    async def until(self, text: bytes) -> None: ...

    async def write(self, data: bytes) -> None: ...


async def run(terminal: Terminal, command: str, expect: bytes) -> None:
    await terminal.write(command.encode() + b"\r")
    await terminal.until(expect)


async def echoes(terminal: Terminal, count: int, pause: float) -> list[float]:
    """Seconds from each keystroke to its echo by the machine's terminal driver."""
    found = []
    for number in range(count):
        letter = b"%c" % (97 + number % 26)
        began = time.perf_counter()
        await terminal.write(letter)
        await terminal.until(letter)
        found.append(time.perf_counter() - began)
        await asyncio.sleep(pause)
    return found


async def flood(terminal: Terminal, megabytes: int) -> float:
    """Bytes per second of a long output, to its end."""
    size = megabytes * 1024 * 1024
    await terminal.write(f"head -c {size} /dev/zero | tr '\\0' x; echo over-$((1+1))\r".encode())
    began, seen = 0.0, 0
    tail = b""
    while b"over-2" not in tail:
        data = await terminal.read()
        began = began or time.perf_counter()
        seen += len(data)
        tail = (tail + data)[-64:]
    return seen / (time.perf_counter() - began)
