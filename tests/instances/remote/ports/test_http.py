"""Requests through the ports site to an application behind a real SSH connection on loopback."""

import asyncio
from typing import Any

import pytest

from instances.remote.ports import channel
from tests.instances.remote.ports.browser import ask, going_on, scope_of
from tests.instances.remote.ports.conftest import Attended
from tests.instances.remote.ports.guest import Talk, answers, application, head, ok

BIG = 24 * 1024 * 1024


def _lines(raw: bytes) -> list[str]:
    return raw.decode().lower().split("\r\n")


async def test_an_application_is_shown_and_hears_localhost(open_port: Any) -> None:
    heard: list[bytes] = []
    async with application(answers(ok(b"hello", b"Content-Type: text/html"), heard=heard)) as app:
        port = open_port(app.port)
        answer = await ask(port.host, "/tree?a=1", headers=[port.cookie, ("origin", port.origin)])
    assert (answer.status, answer.body, answer.whole) == (200, b"hello", True)
    assert answer.header("content-type") == "text/html"
    assert _lines(heard[0])[0] == "get /tree?a=1 http/1.1"
    assert f"host: localhost:{app.port}" in _lines(heard[0])
    assert f"origin: http://localhost:{app.port}" in _lines(heard[0])
    assert f"x-forwarded-host: {port.host}" in _lines(heard[0])
    assert b"heliosphere" not in heard[0].replace(port.host.encode(), b"")


async def test_told_the_outside_name_it_hears_that(open_port: Any) -> None:
    heard: list[bytes] = []
    async with application(answers(ok(b""), heard=heard)) as app:
        port = open_port(app.port, outside=True)
        await ask(port.host, headers=[port.cookie, ("origin", port.origin)])
    assert f"host: {port.host}" in _lines(heard[0])
    assert f"origin: {port.origin}" in _lines(heard[0])


async def test_the_bytes_of_both_ways_are_counted_and_the_session_is_touched(
    open_port: Any, attended: Attended
) -> None:
    async with application(answers(ok(b"12345"))) as app:
        port = open_port(app.port)
        await ask(
            port.host,
            "/",
            method="POST",
            headers=[port.cookie, ("content-length", "3"), ("origin", port.origin)],
            body=[b"abc"],
        )
    assert (attended.bytes_in, attended.bytes_out, attended.touched) == (3, 5, 1)


async def test_a_channel_carries_one_request_after_another(open_port: Any) -> None:
    async with application(answers(ok(b"1"), ok(b"2"), ok(b"3"))) as app:
        port = open_port(app.port)
        bodies = [(await ask(port.host, headers=[port.cookie])).body for _ in range(3)]
    assert (bodies, app.connections) == ([b"1", b"2", b"3"], 1)


async def test_a_kept_channel_that_died_is_replaced_for_what_may_be_repeated(open_port: Any) -> None:
    async with application(answers(ok(b"x"))) as app:
        port = open_port(app.port)
        first = await ask(port.host, headers=[port.cookie])
        second = await ask(port.host, headers=[port.cookie])
    assert (first.body, second.body, app.connections) == (b"x", b"x", 2)


async def test_what_may_not_be_repeated_gets_a_channel_of_its_own(open_port: Any) -> None:
    seen: list[bytes] = []
    async with application(answers(ok(b"x"), ok(b"y"), heard=seen)) as app:
        port = open_port(app.port)
        await ask(port.host, headers=[port.cookie])
        posted = [port.cookie, ("content-length", "0"), ("origin", port.origin)]
        assert (await ask(port.host, method="POST", headers=posted)).status == 200
    assert [one.split()[0] for one in seen] == [b"GET", b"POST"]
    assert app.connections == 2


async def test_a_post_that_was_not_answered_is_not_sent_twice(open_port: Any) -> None:
    seen: list[bytes] = []
    async with application(answers(b"", heard=seen)) as app:
        port = open_port(app.port)
        posted = [port.cookie, ("content-length", "0"), ("origin", port.origin)]
        answer = await ask(port.host, method="POST", headers=posted)
    assert answer.status == 502
    assert (len(seen), app.connections) == (1, 1)


async def test_an_upload_in_chunks_is_framed_anew(open_port: Any) -> None:
    got = bytearray()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.extend(await head(reader))
        while not got.endswith(b"0\r\n\r\n"):
            got.extend(await reader.read(65536))
        writer.write(ok(b"done"))

    async with application(talk) as app:
        port = open_port(app.port)
        headers = [
            port.cookie,
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
            ("origin", port.origin),
        ]
        answer = await ask(port.host, method="PUT", headers=headers, body=[b"ab", b"", b"cde"])
    assert answer.body == b"done"
    assert b"content-length" not in bytes(got).lower()
    assert bytes(got).partition(b"\r\n\r\n")[2] == b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"


async def test_an_answer_before_the_end_of_an_upload_counts(open_port: Any) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch")
        await asyncio.sleep(1)  # without reading on, and without closing on what was not read

    async with application(talk) as app:
        port = open_port(app.port)
        headers = [port.cookie, ("content-length", str(BIG)), ("origin", port.origin)]
        parts = [b"x" * 1024 * 1024] * 24
        answer = await ask(port.host, method="POST", headers=headers, body=parts)
    assert (answer.status, answer.body) == (413, b"much")


@pytest.mark.parametrize(
    ("raw", "status", "body", "length"),
    [
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", 204, b"", None),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: x\r\n\r\n", 304, b"", None),
        (
            b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nab",
            206,
            b"ab",
            "2",
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end", None),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n"
            b"3\r\nabc\r\n0\r\nX-Trailer: no\r\n\r\n",
            200,
            b"abc",
            None,
        ),
        (
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            200,
            b"x",
            "1",
        ),
    ],
)
async def test_answers_of_all_framings(
    open_port: Any, raw: bytes, status: int, body: bytes, length: str | None
) -> None:
    async with application(answers(raw)) as app:
        port = open_port(app.port)
        answer = await ask(port.host, headers=[port.cookie])
    assert (answer.status, answer.body, answer.whole) == (status, body, True)
    assert answer.header("content-length") == length
    assert answer.header("transfer-encoding") is answer.header("x-trailer") is answer.header("link") is None


async def test_head_has_the_length_and_no_body(open_port: Any) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    async with application(answers(raw, ok(b"next"))) as app:
        port = open_port(app.port)
        answer = await ask(port.host, method="HEAD", headers=[port.cookie])
        following = await ask(port.host, headers=[port.cookie])
    assert (answer.status, answer.body, answer.header("content-length")) == (200, b"", "1000")
    assert (following.body, app.connections) == (b"next", 1)


async def test_an_answer_that_is_cut_short_is_seen_to_be(open_port: Any) -> None:
    async with application(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")) as app:
        port = open_port(app.port)
        answer = await ask(port.host, headers=[port.cookie])
    assert (answer.status, answer.body, answer.whole) == (200, b"half", False)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "gave no answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no web application"),
        (b"\x15\x03\x03\x00\x02\x02\x50", "speaks HTTPS"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "no web application"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", "no web application"),
    ],
)
async def test_what_is_no_web_application_is_told_in_words(open_port: Any, raw: bytes, words: str) -> None:
    async with application(answers(raw)) as app:
        port = open_port(app.port)
        answer = await ask(port.host, headers=[port.cookie, ("accept", "text/html")])
    assert answer.status == 502
    assert words in answer.body.decode()
    assert "default-src 'none'" in (answer.header("content-security-policy") or "")
    assert f"?port={app.port}" in answer.body.decode()


async def test_a_port_that_nothing_listens_on_is_told_with_how_to_start_it(open_port: Any) -> None:
    async with application(answers()) as app:
        pass
    port = open_port(app.port)
    answer = await ask(port.host, headers=[port.cookie, ("accept", "text/html")])
    assert answer.status == 502
    assert f"Nothing listens on port {app.port}" in answer.body.decode()


async def test_an_application_on_the_other_loopback_address_is_found(open_port: Any) -> None:
    async with application(answers(ok(b"six"), ok(b"again")), host="::1") as app:
        port = open_port(app.port)
        assert (await ask(port.host, headers=[port.cookie])).body == b"six"
        assert (await ask(port.host, headers=[port.cookie])).body == b"again"


async def _events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    for number in range(1000):
        writer.write(b"data: %d\n\n" % number)
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_events_come_as_they_happen_and_end_at_once_with_the_session(
    open_port: Any, attended: Attended
) -> None:
    async with application(_events) as app:
        port = open_port(app.port)
        async with going_on(scope_of("http", port.host, "/", [port.cookie], method="GET")) as browser:
            browser.incoming.put_nowait({"type": "http.request", "body": b""})
            assert (await browser.next())["status"] == 200
            assert b"data: 0" in (await browser.next())["body"]
            attended.ended.set_result("signed-out")
            await asyncio.wait_for(browser.task, 1)  # type: ignore[attr-defined]


async def test_a_browser_that_leaves_frees_the_application(open_port: Any) -> None:
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        await reader.read()
        gone.set()

    async with application(talk) as app:
        port = open_port(app.port)
        async with going_on(scope_of("http", port.host, "/slow", [port.cookie], method="GET")) as browser:
            browser.incoming.put_nowait({"type": "http.request", "body": b""})
            await asyncio.sleep(0.1)
            browser.incoming.put_nowait({"type": "http.disconnect"})
            await asyncio.wait_for(gone.wait(), 3)


def _flood(written: list[int]) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (200 * 1024 * 1024))
        for _ in range(200):
            writer.write(b"x" * 1024 * 1024)
            await writer.drain()
            written[0] += 1

    return talk


async def test_a_browser_that_reads_slowly_slows_the_application(open_port: Any) -> None:
    written = [0]
    async with application(_flood(written)) as app:
        port = open_port(app.port)
        async with going_on(scope_of("http", port.host, "/", [port.cookie], method="GET")) as browser:
            browser.incoming.put_nowait({"type": "http.request", "body": b""})
            await browser.next()
            browser.takes.clear()
            await asyncio.sleep(0.7)
            standing = written[0]
            await asyncio.sleep(0.5)
            assert written[0] == standing < 30


async def test_requests_beyond_the_most_wait_for_one_to_end(
    open_port: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "MOST", 2)
    monkeypatch.setattr(channel, "WAIT_SECONDS", 0.3)
    hold = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        await hold.wait()
        writer.write(ok(b"late"))

    async with application(talk) as app:
        port = open_port(app.port)
        waiting = [asyncio.create_task(ask(port.host, headers=[port.cookie])) for _ in range(3)]
        done, _ = await asyncio.wait(waiting, timeout=2, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result().status for task in done] == [503]
        hold.set()
        assert sorted([(await task).status for task in waiting]) == [200, 200, 503]
