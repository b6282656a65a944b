"""A browser's page with a shell, in the test's own process: asks by HTTP, then speaks the socket's protocol."""

import asyncio
import json
import time
from typing import Any

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from instances.models import Instance
from portal.accounts.models import User
from portal.asgi import application

_communicator: Any = ApplicationCommunicator
ORIGIN = "http://testserver"


class Refused(Exception):
    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(problem["id"])
        self.status = status
        self.problem = problem


class Browser:
    """One portal session of one person."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)
        self.user = user

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={found.value}" for name, found in self.client.cookies.items())

    def ask(self, machine: Instance, kind: str = "shell", **more: str) -> dict[str, Any]:
        """What the POST gives; Refused with the problem."""
        response = self.client.post(f"/instances/{machine.pk}/remote/open/", {"kind": kind, **more})
        found: dict[str, Any] = response.json()
        if response.status_code != 200:
            raise Refused(response.status_code, found["problem"])
        return found


async def browser(user: User) -> Browser:
    return await sync_to_async(Browser)(user)


class Socket:
    def __init__(self, owner: Browser, path: str, subprotocols: list[str], origin: str = ORIGIN) -> None:
        headers = {"origin": origin, "host": "testserver", "cookie": owner.cookie}
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "client": ("127.0.0.1", 40000),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": subprotocols,
        }
        self.raw = _communicator(application, scope)
        self.closed: int | None = None

    async def connect(self) -> bool:
        """True where it was accepted."""
        await self.raw.send_input({"type": "websocket.connect"})
        answer = await self.raw.receive_output(timeout=10)
        if answer["type"] == "websocket.accept":
            assert answer["subprotocol"] == "heliosphere"
            return True
        self.closed = answer.get("code")
        return False

    async def say(self, **message: Any) -> None:
        await self.raw.send_input({"type": "websocket.receive", "text": json.dumps(message)})

    async def type(self, data: bytes) -> None:
        await self.raw.send_input({"type": "websocket.receive", "bytes": data})

    async def hear(self, seconds: float = 30) -> dict[str, Any] | bytes:
        """The next thing said: words, or bytes. `{"t": "closed"}` when it closed."""
        message = await self.raw.receive_output(timeout=seconds)
        if message["type"] == "websocket.close":
            self.closed = message.get("code")
            return {"t": "closed", "code": message.get("code"), "reason": message.get("reason")}
        if message.get("bytes") is not None:
            return bytes(message["bytes"])
        found: dict[str, Any] = json.loads(message["text"])
        return found

    async def leave(self) -> None:
        await self.raw.send_input({"type": "websocket.disconnect", "code": self.closed or 1001})
        await self.raw.wait(timeout=10)


class ShellPage:
    """`async with ShellPage(browser, machine) as page`; `page.said` are the words heard so far, by their `t`."""

    def __init__(self, owner: Browser, machine: Instance, **start: Any) -> None:
        self.owner, self.machine = owner, machine
        self.start = {"t": "start", "cols": 80, "rows": 24, "have": 0, "keep": "portal", **start}
        self.resume = ""
        self.acks = True
        self.said: dict[str, dict[str, Any]] = {}
        self.output = b""
        self.offset = 0

    async def __aenter__(self) -> "ShellPage":
        more = {"resume": self.resume} if self.resume else {}
        await self.connect(await sync_to_async(self.owner.ask)(self.machine, **more))
        return self

    async def connect(self, given: dict[str, Any]) -> None:
        self.session: str = given["session"]
        self.socket = Socket(self.owner, given["path"], given["subprotocols"])
        assert await self.socket.connect()
        await self.socket.say(**self.start)

    async def __aexit__(self, *exc: object) -> None:
        await self.socket.leave()

    async def until(self, kind: str, seconds: float = 30) -> dict[str, Any]:
        """The next words of this kind."""
        end = time.monotonic() + seconds
        while True:
            found = await self.hear(max(0.01, end - time.monotonic()))
            if isinstance(found, dict) and found["t"] == kind:
                return found

    async def hear(self, seconds: float = 30) -> dict[str, Any] | bytes:
        found = await self.socket.hear(seconds)
        if isinstance(found, dict):
            self.said[found["t"]] = found
            if found["t"] == "open":
                self.offset = found["offset"]
                self.output = b"" if found["reset"] else self.output
            return found
        self.output += found
        self.offset += len(found)
        if self.acks:
            await self.socket.say(t="ack", n=self.offset)
        return found

    async def sees(self, text: bytes, seconds: float = 30) -> None:
        """Until the output since the last `forget` has it."""
        end = time.monotonic() + seconds
        while text not in self.output:
            await self.hear(max(0.01, end - time.monotonic()))

    def forget(self) -> None:
        self.output = b""

    async def run(self, command: str, expect: bytes) -> None:
        self.forget()
        await self.socket.type(command.encode() + b"\r")
        await self.sees(expect)

    async def nothing(self, seconds: float = 0.3) -> bool:
        return bool(await self.socket.raw.receive_nothing(timeout=seconds, interval=0.02))


async def eventually(check: Any, seconds: float = 5) -> Any:
    """The first truthy answer of a function that reads the database."""
    end = time.monotonic() + seconds
    while True:
        found = await sync_to_async(check)()
        if found or time.monotonic() > end:
            return found
        await asyncio.sleep(0.05)
