"""The ports site behind our own server on a socket: what a hostile browser, and a hostile machine, write to it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from tests.instances.remote.ports.browser import site
from tests.instances.remote.ports.conftest import Opened
from tests.instances.remote.ports.guest import answers, application, ok


@pytest.fixture
async def server() -> AsyncIterator[int]:
    config = uvicorn.Config(
        site,
        host="127.0.0.1",
        port=0,
        lifespan="off",
        log_config=None,
        ws="websockets-sansio",
        http="httptools",
    )
    made = uvicorn.Server(config)
    task = asyncio.create_task(made._serve() if hasattr(made, "_serve") else made.serve())
    async with asyncio.timeout(10):
        while not made.started:  # noqa: ASYNC110 (it has no event for it)
            await asyncio.sleep(0.01)
    yield made.servers[0].sockets[0].getsockname()[1]
    made.should_exit = True
    await task


async def talk(server: int, raw: bytes, *, until: bytes = b"") -> bytes:
    """All that comes back within a moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server)
    writer.write(raw)
    got = b""
    try:
        async with asyncio.timeout(3):
            while not until or until not in got:
                data = await reader.read(65536)
                if not data:
                    break
                got += data
    except TimeoutError:
        pass
    writer.close()
    return got


def request(port: Opened, *lines: bytes, line: bytes = b"GET / HTTP/1.1", body: bytes = b"") -> bytes:
    head = [line, b"Host: " + port.host.encode(), b"Cookie: " + port.cookie[1].encode(), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
ATTEMPTS = {
    "length and chunks": (
        [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        b"0\r\n\r\n" + SMUGGLED,
    ),
    "two lengths": ([b"Content-Length: 0", b"Content-Length: %d" % len(SMUGGLED)], SMUGGLED),
    "a list of lengths": ([b"Content-Length: 0, %d" % len(SMUGGLED)], SMUGGLED),
    "a signed length": ([b"Content-Length: +0"], SMUGGLED),
    "hidden chunks": ([b"Transfer-Encoding: xchunked", b"Content-Length: 0"], SMUGGLED),
    "chunks twice": ([b"Transfer-Encoding: chunked, identity"], b"0\r\n\r\n" + SMUGGLED),
    "a space before the colon": ([b"Content-Length : %d" % len(SMUGGLED)], SMUGGLED),
    "a folded header": ([b"X: a\r\n Content-Length: 0"], SMUGGLED),
    "a bare line feed": ([b"X: a\nContent-Length: 0"], SMUGGLED),
}


@pytest.mark.parametrize("attempt", sorted(ATTEMPTS))
async def test_no_request_hides_in_another(open_port: Any, server: int, attempt: str) -> None:
    """Whatever our server takes for the next request has no cookie, and so is not passed on."""
    heard: list[bytes] = []
    lines, body = ATTEMPTS[attempt]
    async with application(answers(ok(b"one"), ok(b"two"), ok(b"three"), heard=heard)) as app:
        port = open_port(app.port)
        origin = b"Origin: " + port.origin.encode()
        await talk(
            server, request(port, origin, *lines, line=b"POST / HTTP/1.1", body=body), until=b"HTTP/1.1 4"
        )
    assert not any(b"/smuggled" in one.split(b"\r\n")[0] for one in heard)
    assert len(heard) <= 1


async def test_a_length_stays_though_it_is_named_as_the_connections(open_port: Any, server: int) -> None:
    heard: list[bytes] = []
    async with application(answers(ok(b"one"), heard=heard)) as app:
        port = open_port(app.port)
        lines = [b"Origin: " + port.origin.encode(), b"Connection: Content-Length", b"Content-Length: 3"]
        await talk(server, request(port, *lines, line=b"POST / HTTP/1.1", body=b"abc"), until=b"one")
    assert b"\r\ncontent-length: 3\r\n" in heard[0].lower()


@pytest.mark.parametrize(
    "line",
    [b"GET http://localhost:22/ HTTP/1.1", b"GET //localhost:22/x HTTP/1.1", b"GET /%0d%0aX:y HTTP/1.1"],
)
async def test_whatever_the_target_the_destination_is_the_port(
    open_port: Any, server: int, line: bytes
) -> None:
    heard: list[bytes] = []
    async with application(answers(ok(b"one"), heard=heard)) as app:
        port = open_port(app.port)
        got = await talk(server, request(port, line=line), until=b"one")
    assert got.startswith(b"HTTP/1.1 ")
    for one in heard:
        assert one.count(b"\r\nhost:") == 1 and f"\r\nhost: localhost:{app.port}\r\n".encode() in one
        assert b"\r\nX:y" not in one


@pytest.mark.parametrize("method", [b"CONNECT", b"TRACE"])
async def test_methods_for_proxies_are_not_passed_on(open_port: Any, server: int, method: bytes) -> None:
    heard: list[bytes] = []
    async with application(answers(ok(b"one"), heard=heard)) as app:
        port = open_port(app.port)
        target = b"localhost:22" if method == b"CONNECT" else b"/"
        got = await talk(
            server, request(port, b"Connection: close", line=method + b" " + target + b" HTTP/1.1")
        )
    assert b" 200 " not in got.split(b"\r\n")[0]
    assert heard == []


async def test_an_answer_cannot_hide_another(open_port: Any, server: int) -> None:
    raw = ok(b"one") + ok(b"poison", b"Set-Cookie: hid=1")
    async with application(answers(raw, ok(b"two"))) as app:
        port = open_port(app.port)
        got = await talk(server, request(port) + request(port, b"Connection: close"))
    assert got.count(b"HTTP/1.1 200") == 2
    assert b"poison" not in got


async def test_a_websocket_goes_through_our_server(open_port: Any, server: int) -> None:
    from websockets.asyncio.client import connect
    from websockets.asyncio.server import ServerConnection, serve

    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async with serve(echo, "127.0.0.1", 0, max_size=None) as app:
        port = open_port(app.sockets[0].getsockname()[1])
        headers = {"Cookie": port.cookie[1], "Origin": port.origin}
        async with connect(
            f"ws://{port.host}/x", host="127.0.0.1", port=server, additional_headers=headers, max_size=None
        ) as page:
            for size in (1, 70_000, 5_000_000):
                await page.send(b"x" * size)
                assert len(await page.recv()) == size
            await page.close(4000, "bye")
