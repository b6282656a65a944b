"""A browser's end of a WebSocket of the portal, in the test's own process."""

import json
from typing import Any

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import Client

from portal.accounts.models import User
from portal.asgi import application

# Untyped upstream.
_communicator: Any = ApplicationCommunicator


def cookie_of(user: User) -> str:
    """Sign in, and the Cookie header that this gives."""
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


class Page:
    """`async with Page(user, "allocation:x") as page`: an open page that shows these topics."""

    def __init__(
        self, user: User | None, *topics: str, origin: str = "http://testserver", cookie: str = ""
    ) -> None:
        self.user = user
        self.cookie = cookie
        self.origin = origin
        self.query = "&".join(f"t={name}" for name in topics)

    async def __aenter__(self) -> "Page":
        if self.user is not None and not self.cookie:
            self.cookie = await sync_to_async(cookie_of)(self.user)
        headers = {"origin": self.origin, "host": "testserver", "cookie": self.cookie}
        scope = {
            "type": "websocket",
            "path": "/ws/live/",
            "query_string": self.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": [],
        }
        self.socket: Any = _communicator(application, scope)
        await self.socket.send_input({"type": "websocket.connect"})
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.socket.send_input({"type": "websocket.disconnect", "code": 1005})
        await self.socket.wait(timeout=3)

    async def accepted(self) -> bool:
        answer = await self.socket.receive_output(timeout=3)
        return bool(answer["type"] == "websocket.accept")

    async def opened(self) -> None:
        """The handshake is over and the topics are joined: a pong is sent only after that."""
        assert await self.accepted()
        await self.say('{"ping":1}')
        assert await self.heard() == {"pong": 1}

    async def say(self, text: str) -> None:
        await self.socket.send_input({"type": "websocket.receive", "text": text})

    async def say_bytes(self, content: bytes) -> None:
        await self.socket.send_input({"type": "websocket.receive", "bytes": content})

    async def heard(self) -> Any:
        message = await self.socket.receive_output(timeout=3)
        return json.loads(message["text"])

    async def heard_nothing(self, seconds: float = 0.2) -> bool:
        return bool(await self.socket.receive_nothing(timeout=seconds, interval=0.02))

    async def ended(self) -> tuple[str, int]:
        """Why, and with which code, the portal closed it."""
        last = await self.heard()
        return last["end"], await self.closed()

    async def closed(self) -> int:
        closing = await self.socket.receive_output(timeout=3)
        return int(closing["code"])
