from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from portal.democloud.guest_http import HttpClient, Unreachable
from tests.democloud.guest_fixtures import portal, said


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/push",
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "http://0.0.0.0:1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "/push",
        "",
    ],
)
async def test_guests_reach_nothing_but_loopback(url: str) -> None:
    with pytest.raises(Unreachable, match="loopback"):
        await HttpClient().post(url, {}, b"")


async def test_an_answer_comes_with_status_headers_and_body() -> None:
    async with portal() as fake:
        fake.answers = [said(429, {"a": 1}, Retry_After="7")]
        client = HttpClient()
        answer = await client.post(fake.url + "?x=1", {"X-One": "1"}, b"body")
        client.close()
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "7", b'{"a": 1}')
    assert (fake.pushes[0].path, fake.pushes[0].headers["x-one"]) == ("/metrics/push?x=1", "1")
    assert fake.pushes[0].body == b"body"


async def test_a_chunked_answer_is_read() -> None:
    async with portal() as fake:
        fake.answers = [b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"]
        client = HttpClient()
        assert (await client.post(fake.url, {}, b"")).body == b"{}"
        client.close()


async def test_a_connection_that_the_server_closed_meanwhile_is_made_anew() -> None:
    async with portal() as fake:
        client = HttpClient()
        await client.post(fake.url, {}, b"one")
        fake.writers[0].close()
        await fake.writers[0].wait_closed()
        assert (await client.post(fake.url, {}, b"two")).status == 202
        client.close()
    assert fake.connections == 2


async def test_a_server_that_wants_no_keep_alive_is_left() -> None:
    async with portal() as fake:
        fake.answers = [said(202, {}, Connection="close")]
        client = HttpClient()
        for _ in range(2):
            assert (await client.post(fake.url, {}, b"")).status == 202
        client.close()
    assert fake.connections == 2


@contextlib.asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[str]:
    """A server that gives these bytes and hangs up; None: it never answers."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        if answer is not None:
            writer.write(answer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    for writer in writers:
        writer.transport.abort()
    server.close()
    await asyncio.sleep(0.01)  # the transports' own last words


async def test_silence_ends_in_a_timeout() -> None:
    client = HttpClient(timeout=0.2)
    async with answering(None) as url:
        with pytest.raises(Unreachable, match="TimeoutError"):
            await client.post(url, {}, b"")
        client.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 200_000,
    ],
    ids=["nothing", "not-http", "cut-off", "endless"],
)
async def test_what_is_no_answer_is_unreachable(answer: bytes) -> None:
    client = HttpClient(timeout=2)
    async with answering(answer) as url:
        with pytest.raises(Unreachable):
            await client.post(url, {}, b"")
        client.close()
