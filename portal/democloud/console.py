"""Consoles in the browser: what nova-novncproxy and noVNC are to a real cloud.

`remote-consoles` gives an address with a token; its page opens a WebSocket with that token, and the
WebSocket carries RFB to and from the guest's screen."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket, WebSocketDisconnect

from portal.democloud.routing import new_uuid, route
from portal.democloud.state import World

PAGE = Path(__file__).with_name("console.html")
TOKEN_SECONDS = 600.0
CHUNK = 65536


def new_token(world: World, server_id: str) -> str:
    """Good for ten minutes, and for as many connections, as Nova's are."""
    now = world.clock.timestamp()
    world.consoles = {one: kept for one, kept in world.consoles.items() if kept[1] > now}
    token = new_uuid()
    world.consoles[token] = (server_id, now + TOKEN_SECONDS)
    return token


def port_of(world: World, token: str) -> int | None:
    """The port of the screen that a token opens; None when it is unknown, over, or the guest has none."""
    server_id, until = world.consoles.get(token, ("", 0.0))
    if until <= world.clock.timestamp():
        return None
    return world.hypervisor.vnc_port(server_id)


def same_origin(socket: WebSocket) -> bool:
    origin = socket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == socket.headers.get("host")


async def page(request: Request) -> Response:
    """A small RFB client in one page."""
    return Response(PAGE.read_bytes(), media_type="text/html")


async def bridge(socket: WebSocket, world: World) -> None:
    port = port_of(world, socket.query_params.get("token", ""))
    if port is None or not same_origin(socket):
        await socket.close(1008)
        return
    offered = socket.scope.get("subprotocols") or []
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        await socket.close(1011)
        return
    await socket.accept("binary" if "binary" in offered else None)
    try:
        async with asyncio.TaskGroup() as pumps:
            upward = pumps.create_task(_upward(socket, writer))
            await _downward(socket, reader)
            upward.cancel()
    except* (WebSocketDisconnect, ConnectionError, RuntimeError):
        pass  # one side has gone, and with it whoever could be told
    finally:
        writer.close()
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close()


async def _upward(socket: WebSocket, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(await socket.receive_bytes())
        await writer.drain()


async def _downward(socket: WebSocket, reader: asyncio.StreamReader) -> None:
    while data := await reader.read(CHUNK):
        await socket.send_bytes(data)


def routes() -> list[Route]:
    return [route("GET", "/", page)]
