"""A browser's WebSocket through the ports site to an application's, over a real SSH connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from instances.remote.ports import websocket
from tests.instances.remote.ports.browser import Exchange, going_on, scope_of
from tests.instances.remote.ports.conftest import Attended, Opened
from tests.instances.remote.ports.guest import answers, application

REFUSING: dict[str, Any] = {"extensions": {"websocket.http.response": {}}}


@asynccontextmanager
async def echo(**options: Any) -> AsyncIterator[tuple[int, list[ServerConnection]]]:
    """An application that sends back what it gets. Also the connections that it had."""
    had: list[ServerConnection] = []

    async def talk(socket: ServerConnection) -> None:
        had.append(socket)
        async for message in socket:
            if message == "close":
                await socket.close(4001, "as you wish")
            elif message == "fragments":
                await socket.send(iter(["a", "b", "c"]))
            elif message == "vanish":
                socket.transport.abort()
            else:
                await socket.send(message)

    async with serve(talk, "127.0.0.1", 0, **options) as server:
        yield server.sockets[0].getsockname()[1], had


@asynccontextmanager
async def browser(port: Opened, path: str = "/ws", **more: Any) -> AsyncIterator[Exchange]:
    headers = [
        port.cookie,
        ("origin", port.origin),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
    ]
    async with going_on(scope_of("websocket", port.host, path, headers, **more)) as exchange:
        exchange.incoming.put_nowait({"type": "websocket.connect"})
        yield exchange


async def opened(exchange: Exchange) -> dict[str, Any]:
    found = await exchange.next()
    assert found["type"] == "websocket.accept", found
    return found


def said(exchange: Exchange, text: str) -> None:
    exchange.incoming.put_nowait({"type": "websocket.receive", "text": text})


async def test_texts_and_bytes_go_both_ways(open_port: Any, attended: Attended) -> None:
    async with echo() as (number, had), browser(open_port(number), "/api/kernels?x=1") as page:
        await opened(page)
        said(page, "héllo")
        assert (await page.next())["text"] == "héllo"
        page.incoming.put_nowait({"type": "websocket.receive", "bytes": b"\x00\xff" * 70_000})
        assert (await page.next())["bytes"] == b"\x00\xff" * 70_000
    request = had[0].request
    assert request is not None
    assert request.path == "/api/kernels?x=1"
    assert request.headers["Host"] == f"localhost:{number}"
    assert request.headers["Origin"] == f"http://localhost:{number}"
    assert "heliosphere" not in request.headers.get("Cookie", "")
    assert "Sec-WebSocket-Extensions" not in request.headers
    assert attended.bytes_in == attended.bytes_out == 140_006


async def test_the_subprotocol_that_the_application_chose_is_the_browsers(open_port: Any) -> None:
    options = {"subprotocols": ["v1.kernel.websocket.jupyter.org"]}
    wanted: dict[str, Any] = {"subprotocols": ["other", "v1.kernel.websocket.jupyter.org"]}
    async with echo(**options) as (number, _), browser(open_port(number), **wanted) as page:
        assert (await opened(page))["subprotocol"] == "v1.kernel.websocket.jupyter.org"


async def test_fragments_arrive_as_the_message_that_they_are(open_port: Any) -> None:
    async with echo() as (number, _), browser(open_port(number)) as page:
        await opened(page)
        said(page, "fragments")
        assert (await page.next())["text"] == "abc"


async def test_pings_of_the_application_are_answered(open_port: Any) -> None:
    async with echo(ping_interval=0.1, ping_timeout=0.3) as (number, had), browser(open_port(number)) as page:
        await opened(page)
        await asyncio.sleep(1)
        said(page, "still there")
        assert (await page.next())["text"] == "still there"
        assert had[0].latency > 0


async def test_the_applications_close_code_and_reason_reach_the_browser(open_port: Any) -> None:
    async with echo() as (number, _), browser(open_port(number)) as page:
        await opened(page)
        said(page, "close")
        assert await page.next() == {"type": "websocket.close", "code": 4001, "reason": "as you wish"}


async def test_an_application_that_vanishes_is_told_apart_from_one_that_closed(open_port: Any) -> None:
    async with echo() as (number, _), browser(open_port(number)) as page:
        await opened(page)
        said(page, "vanish")
        assert (await page.next())["code"] == CloseCode.INTERNAL_ERROR


@pytest.mark.parametrize(
    ("left", "heard"),
    [(1000, 1000), (4321, 4321), (1006, CloseCode.GOING_AWAY), (1005, CloseCode.NO_STATUS_RCVD)],
)
async def test_how_the_browser_left_is_what_the_application_hears(
    open_port: Any, left: int, heard: int
) -> None:
    async with echo() as (number, had), browser(open_port(number)) as page:
        await opened(page)
        said(page, "x")
        await page.next()
        page.incoming.put_nowait({"type": "websocket.disconnect", "code": left})
        await asyncio.wait_for(page.task, 3)  # type: ignore[attr-defined]
        await asyncio.wait_for(had[0].wait_closed(), 3)
        assert had[0].close_code == heard


async def test_a_message_larger_than_the_portal_carries_ends_it(
    open_port: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "MOST_BYTES", 1000)
    async with echo() as (number, had), browser(open_port(number)) as page:
        await opened(page)
        said(page, "x" * 1001)
        assert (await page.next())["code"] == CloseCode.MESSAGE_TOO_BIG
        await asyncio.wait_for(had[0].wait_closed(), 3)
        assert had[0].close_code == CloseCode.MESSAGE_TOO_BIG


async def test_the_end_of_the_session_closes_it_at_once(open_port: Any, attended: Attended) -> None:
    async with echo() as (number, had), browser(open_port(number)) as page:
        await opened(page)
        attended.ended.set_result("signed-out")
        assert (await page.next(1))["code"] == websocket.OVER
        await asyncio.wait_for(had[0].wait_closed(), 3)


async def test_a_browser_that_takes_nothing_stops_the_application(open_port: Any) -> None:
    sent = [0]

    async def flood(socket: ServerConnection) -> None:
        try:
            while True:
                await socket.send(b"x" * 100_000)
                sent[0] += 1
        except ConnectionClosed:
            pass

    async with serve(flood, "127.0.0.1", 0, compression=None) as server:
        number = server.sockets[0].getsockname()[1]
        async with browser(open_port(number)) as page:
            await opened(page)
            page.takes.clear()
            await asyncio.sleep(0.7)
            standing = sent[0]
            await asyncio.sleep(0.5)
            assert standing == sent[0] < 300


async def test_an_applications_refusal_is_passed_on(open_port: Any) -> None:
    raw = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\nSet-Cookie: a=1; Domain=x.org\r\n\r\nno xs"
    async with application(answers(raw)) as app, browser(open_port(app.port), **REFUSING) as page:
        start, body = await page.next(), await page.next()
    assert (start["type"], start["status"], body["body"]) == ("websocket.http.response.start", 403, b"no xs")
    assert (b"set-cookie", b"a=1") in start["headers"]


async def test_where_the_server_cannot_pass_a_refusal_on_the_socket_is_closed(open_port: Any) -> None:
    raw = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    async with application(answers(raw)) as app, browser(open_port(app.port)) as page:
        assert (await page.next())["type"] == "websocket.close"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 502),
        (
            b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
            502,
        ),
        (b"garbage\r\n\r\n", 502),
        (b"", 502),
    ],
)
async def test_what_is_no_websocket_is_refused(open_port: Any, raw: bytes, status: int) -> None:
    async with application(answers(raw)) as app, browser(open_port(app.port), **REFUSING) as page:
        assert (await page.next())["status"] == status


async def test_more_sockets_than_the_most_are_refused(
    open_port: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "MOST_SOCKETS", 1)
    async with echo() as (number, _):
        port = open_port(number)
        async with browser(port) as first:
            await opened(first)
            async with browser(port, **REFUSING) as second:
                assert (await second.next())["status"] == 503
        async with browser(port) as third:
            await opened(third)


@pytest.mark.parametrize("sender", ["https://evil.org", "https://ports.example.net", "null", ""])
async def test_a_page_of_elsewhere_opens_no_socket(open_port: Any, sender: str) -> None:
    async with echo() as (number, had):
        port = open_port(number)
        headers = [port.cookie, *([("origin", sender)] if sender else [])]
        async with going_on(scope_of("websocket", port.host, "/", headers, **REFUSING)) as page:
            page.incoming.put_nowait({"type": "websocket.connect"})
            assert (await page.next())["status"] == 403
    assert had == []


async def test_without_its_cookie_no_socket_is_opened(open_port: Any) -> None:
    async with echo() as (number, had):
        port = open_port(number)
        async with going_on(
            scope_of("websocket", port.host, "/", [("origin", port.origin)], **REFUSING)
        ) as page:
            page.incoming.put_nowait({"type": "websocket.connect"})
            assert (await page.next())["status"] == 403
    assert had == []
