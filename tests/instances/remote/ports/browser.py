"""A browser's requests to the ports site, in the test's own process."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from instances.remote.ports.app import PortsSite

Pairs = list[tuple[bytes, bytes]]


@dataclass
class Answer:
    status: int
    headers: Pairs
    body: bytes
    whole: bool

    def all(self, name: str) -> list[str]:
        return [value.decode("latin-1") for key, value in self.headers if key.decode().lower() == name]

    def header(self, name: str) -> str | None:
        found = self.all(name)
        return found[0] if found else None


async def portal(scope: Any, receive: Any, send: Any) -> None:
    """Stands for all of Django: whatever gets here is seen by it."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4000})
        return
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"the portal"})


site = PortsSite(portal)


def scope_of(
    kind: str, host: str, path: str, headers: Iterable[tuple[str, str]], **more: Any
) -> dict[str, Any]:
    raw, _, query = path.partition("?")
    pairs = [(b"host", host.encode())] if host else []
    pairs += [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return {
        "type": kind,
        "http_version": "1.1",
        "path": raw,
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "headers": pairs,
        "client": ("192.0.2.7", 5000),
        **more,
    }


@dataclass
class Exchange:
    """One request that is going on: what is sent of it, and what has come back."""

    scope: dict[str, Any]
    incoming: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)
    outgoing: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)
    # Held by a browser that takes nothing.
    takes: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.takes.set()

    async def send(self, message: Any) -> None:
        await self.takes.wait()
        await self.outgoing.put(dict(message))

    async def run(self) -> None:
        await site(self.scope, self.incoming.get, self.send)

    async def next(self, seconds: float = 5) -> dict[str, Any]:
        return await asyncio.wait_for(self.outgoing.get(), seconds)


@asynccontextmanager
async def going_on(scope: dict[str, Any]) -> AsyncIterator[Exchange]:
    exchange = Exchange(scope)
    task = asyncio.create_task(exchange.run())
    exchange.task = task  # type: ignore[attr-defined]
    try:
        yield exchange
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ask(
    host: str,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    body: Iterable[bytes] = (),
) -> Answer:
    """The whole answer; `whole` is false where the connection was cut."""
    exchange = Exchange(scope_of("http", host, path, headers, method=method))
    parts = list(body)
    for place, part in enumerate(parts):
        more = place < len(parts) - 1
        exchange.incoming.put_nowait({"type": "http.request", "body": part, "more_body": more})
    if not parts:
        exchange.incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    await asyncio.wait_for(exchange.run(), 20)
    start = exchange.outgoing.get_nowait()
    got, whole = b"", False
    while not exchange.outgoing.empty():
        message = exchange.outgoing.get_nowait()
        got += message.get("body", b"")
        whole = not message.get("more_body", False)
    return Answer(start["status"], start["headers"], got, whole)
