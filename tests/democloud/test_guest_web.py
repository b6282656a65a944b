"""Web applications of a guest, through its SSH."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import asyncssh
import h11
import httpx
import pytest
from websockets.asyncio.client import connect as ws_connect
from websockets.exceptions import InvalidStatus

from tests.democloud.guest_fixtures import running
from tests.democloud.guest_terminal import machine


@contextlib.asynccontextmanager
async def forwarded(port: int = 8888) -> AsyncIterator[str]:
    """host:port on this side of a port of the guest."""
    async with running() as guests, machine(guests) as connection:
        listener = await connection.forward_local_port("127.0.0.1", 0, "127.0.0.1", port)
        yield f"127.0.0.1:{listener.get_port()}"
        listener.close()


@contextlib.asynccontextmanager
async def client(port: int = 8888) -> AsyncIterator[httpx.AsyncClient]:
    async with forwarded(port) as place, httpx.AsyncClient(base_url=f"http://{place}", timeout=10) as found:
        yield found


async def test_the_notebook_sends_to_where_it_believes_to_be() -> None:
    async with client() as web:
        answer = await web.get("/")
        assert (answer.status_code, answer.headers["location"]) == (302, "http://localhost:8888/lab")


async def test_its_page_names_the_machine_and_sets_cookies_for_itself() -> None:
    async with client() as web:
        page = await web.get("/lab")
        assert "<title>Notebook on my machine</title>" in page.text
        cookies = page.headers.get_list("set-cookie")
        assert "demo-notebook=1; Path=/; Domain=localhost" in cookies
        assert any("Domain" not in one for one in cookies)
        assert "document.cookie" in (await web.get("/lab.js")).text
        assert (await web.get("/tree/a%3Cb%3E.html")).text.count("<b>") == 0


async def test_what_is_sent_is_counted_and_given_back() -> None:
    body = b"x" * 3_000_000
    async with client() as web:
        assert (await web.post("/upload", content=body)).json() == {"bytes": len(body)}
        assert (await web.post("/echo", content=body)).content == body
        seen = (await web.get("/headers.json", headers={"X-Mine": "1", "Host": "odd.example"})).json()
        assert (seen["x-mine"], seen["host"]) == ("1", "odd.example")


async def test_a_download_has_its_length_and_chunks_come_one_by_one() -> None:
    async with client() as web:
        answer = await web.get("/big?mb=3")
        assert int(answer.headers["content-length"]) == len(answer.content) == 3 << 20
        async with web.stream("GET", "/stream?n=3") as chunks:
            assert chunks.headers["transfer-encoding"] == "chunked"
            assert [piece async for piece in chunks.aiter_raw()] == [b"chunk %d\n" % n for n in range(3)]


async def test_events_go_on_until_one_leaves() -> None:
    async with client() as web, web.stream("GET", "/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        seen = []
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line[6:])["n"])
            if len(seen) == 3:
                break
        assert seen == [0, 1, 2]


async def test_websockets_echo_texts_bytes_and_their_end() -> None:
    async with forwarded() as place, ws_connect(f"ws://{place}/ws", subprotocols=["v1"]) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == "v1"
        for message in ("text", b"\x00\xff" * 50_000):
            await socket.send(message)
            assert await socket.recv() == message
        await socket.send("close")
        await socket.wait_closed()
        assert socket.close_code == 4001


@pytest.mark.parametrize(
    ("origin", "opens"), [("http://localhost:8888", True), ("http://evil.example", False)]
)
async def test_the_notebooks_own_socket_looks_at_the_origin(origin: str, opens: bool) -> None:
    async with forwarded() as place:
        if opens:
            async with ws_connect(f"ws://{place}/api/echo", origin=origin) as socket:  # type: ignore[arg-type]
                await socket.send("ping")
                assert await socket.recv() == "ping"
            return
        with pytest.raises(InvalidStatus, match="403"):
            await ws_connect(f"ws://{place}/api/echo", origin=origin)  # type: ignore[arg-type]


async def test_another_application_is_on_another_port_and_elsewhere_is_nothing() -> None:
    async with client(8787) as web:
        assert (await web.get("/")).headers["location"] == "http://localhost:8787/lab"
        assert "RStudio on my machine" in (await web.get("/lab")).text
    async with running() as guests, machine(guests) as connection:
        for port in (80, 22, 8889, 5432):
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", port)


async def test_one_port_takes_connections_and_never_answers() -> None:
    async with running() as guests, machine(guests) as connection:
        reader, writer = await connection.open_connection("127.0.0.1", 9999)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        writer.close()


async def test_what_is_no_http_is_told_so() -> None:
    async with running() as guests, machine(guests) as connection:
        reader, writer = await connection.open_connection("127.0.0.1", 8888)
        writer.write(b"\x16\x03\x01 not http\r\n\r\n")
        answer = h11.Connection(h11.CLIENT)
        answer.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
        answer.receive_data(await asyncio.wait_for(reader.read(65536), 5))
        event = answer.next_event()
        assert isinstance(event, h11.Response)
        assert event.status_code == 400
        writer.close()


async def test_who_listens_is_in_proc() -> None:
    async with running() as guests, machine(guests) as connection:
        listing = str((await connection.run("cat /proc/net/tcp /proc/net/tcp6")).stdout)
    rows = [line.split() for line in listing.splitlines() if ":" in line.split()[0]]
    assert {row[1] for row in rows if row[3] == "0A"} >= {"0100007F:22B8", "0100007F:2253"}


async def test_connections_end_with_the_guest() -> None:
    async with running() as guests, machine(guests) as connection:
        reader, _ = await connection.open_connection("127.0.0.1", 8888)
        await guests.shutdown("server-1")
        with pytest.raises(asyncssh.ConnectionLost):
            await asyncio.wait_for(reader.read(1), 5)
