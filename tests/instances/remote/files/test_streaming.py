"""Downloads and uploads through a real web server: nothing piles up, and who goes away stops the reading."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from instances.models import Instance
from instances.remote import closing, ways
from instances.remote.files.reading import WINDOW
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from portal.asgi import application
from tests.instances.remote.files import machine as machines
from tests.instances.remote.files.machine import Machine
from tests.instances.remote.files.page import MARK, open_page
from tests.instances.remote.sshd import Sshd, free_port

MB = 1024 * 1024


@dataclass
class Served:
    """The page's session on a portal that listens, and the wire to the machine, which is counted."""

    http: httpx.AsyncClient
    session: str
    box: Machine
    home: Path

    def url(self, what: str) -> str:
        return f"/remote/{self.session}/files/{what}/"

    def path(self, name: str) -> str:
        return str(self.home / name)


@pytest.fixture
async def served(
    machine: Instance, member: User, sshd: Sshd, home: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    port = free_port()
    config = uvicorn.Config(
        application, host="127.0.0.1", port=port, lifespan="off", log_level="critical", ws="none"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server.serve())
    async with machines.relayed(sshd.port, sshd.login) as box:
        monkeypatch.setattr(ways, "_port", lambda instance: box.port)
        page = await open_page(member, machine, home)
        cookies = {name: found.value for name, found in page.client.cookies.items()}
        headers = {"Host": "testserver"}
        await _until(lambda: server.started)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", cookies=cookies, headers=headers, timeout=30
        ) as http:
            yield Served(http, page.session, box, home)
    server.should_exit = True
    server.force_exit = True
    await asyncio.wait([running], timeout=5)


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)


def memory() -> int:
    """Resident bytes of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def hollow(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


async def test_who_reads_slowly_slows_the_machine_and_who_leaves_stops_it(served: Served) -> None:
    hollow(served.home / "big", 2000 * MB)
    async with served.http.stream(
        "GET", served.url("content"), params={"path": served.path("big")}
    ) as answer:
        assert answer.headers["Content-Length"] == str(2000 * MB)
        source: Any = answer.aiter_raw()
        await anext(source)
        await asyncio.sleep(1)
        first = served.box.from_machine
        await asyncio.sleep(1)
        assert served.box.from_machine == first, "nobody reads, and still it comes"
        assert first < WINDOW + 12 * MB  # the window, and the buffers of two sockets
        await source.aclose()
    await asyncio.sleep(1)
    left = served.box.from_machine
    await asyncio.sleep(1)
    assert served.box.from_machine - left < 64 * 1024


async def test_memory_stays_where_it_is_down_and_up(served: Served) -> None:
    hollow(served.home / "big", 400 * MB)
    params = {"path": served.path("big")}
    async with served.http.stream("GET", served.url("content"), params=params) as answer:
        got, before, most = 0, 0, 0
        async for data in answer.aiter_raw():
            got += len(data)
            if got > 50 * MB:
                before = before or memory()
                if got % (20 * MB) < 100_000:
                    most = max(most, memory() - before)
    assert got == 400 * MB and most <= 16 * MB
    token = served.http.cookies.get("csrftoken") or "t" * 32
    served.http.cookies.set("csrftoken", token)
    whole, before = 240, 0
    for number in range(whole):
        query: dict[str, Any] = {
            "folder": str(served.home),
            "name": "up",
            "upload": MARK,
            "offset": number * MB,
            "total": whole * MB,
        }
        headers = {"X-CSRFToken": token}
        sent = await served.http.put(served.url("content"), params=query, content=bytes(MB), headers=headers)
        assert sent.status_code == 200, sent.text
        # The first pieces warm up what threads of requests keep for themselves.
        before = memory() if number == whole // 3 else before
    # Threads' allocators come and go by up to 50 MB; what was sent is 160 MB.
    assert memory() - before <= 80 * MB
    assert (served.home / "up").stat().st_size == whole * MB


async def test_a_connection_lost_in_a_download_fails_it_and_a_range_goes_on(served: Served) -> None:
    content = os.urandom(30 * MB)
    (served.home / "data").write_bytes(content)
    params = {"path": served.path("data")}
    got = b""
    with pytest.raises(httpx.RemoteProtocolError):
        async with served.http.stream("GET", served.url("content"), params=params) as answer:
            tag = answer.headers["ETag"]
            async for data in answer.aiter_raw():
                got += data
                if len(got) > 5 * MB:
                    served.box.drop()
    assert 5 * MB < len(got) < 30 * MB
    # The link is made again by itself.
    headers = {"Range": f"bytes={len(got)}-", "If-Range": tag}
    rest = await served.http.get(served.url("content"), params=params, headers=headers)
    assert rest.status_code == 206 and got + rest.content == content


async def test_a_session_that_is_ended_ends_its_downloads(served: Served, member: User) -> None:
    hollow(served.home / "big", 2000 * MB)
    got = 0
    with pytest.raises(httpx.RemoteProtocolError):
        async with served.http.stream(
            "GET", served.url("content"), params={"path": served.path("big")}
        ) as answer:
            async for data in answer.aiter_raw():
                if got == 0:
                    row = await RemoteSession.objects.aget(pk=served.session)
                    await asyncio.to_thread(_end, row, member)
                got += len(data)
                await asyncio.sleep(0.002)
    assert got < 1500 * MB


def _end(row: RemoteSession, by: User) -> None:
    row.instance  # noqa: B018  (fetched here, where the database may be asked)
    closing.end_session(session=row, by=by)


async def test_compression_is_left_to_what_is_compressed(served: Served) -> None:
    (served.home / "text").write_bytes(b"a" * 500_000)
    headers = {"Accept-Encoding": "gzip"}
    answer = await served.http.get(
        served.url("content"), params={"path": served.path("text")}, headers=headers
    )
    assert answer.headers["Content-Encoding"] == "identity" and answer.headers["Content-Length"] == "500000"
    assert answer.content == b"a" * 500_000
