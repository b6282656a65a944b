"""The little HTTP client of the guests: keep-alive POSTs to loopback, cheap enough for a thousand agents."""

import asyncio
import contextlib
import ipaddress
import ssl
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import h11

MAX_ANSWER = 64 * 1024
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter, h11.Connection]
Key = tuple[str, str, int]


class Unreachable(Exception):
    """No answer: refused, reset, timed out, not HTTP, or an address that a demo guest may not call."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class HttpClient:
    """Shares idle connections among all guests and bounds how many requests are under way."""

    def __init__(self, *, at_once: int = 64, timeout: float = 10.0) -> None:
        self._idle: dict[Key, list[Connection]] = defaultdict(list)
        self._slots = asyncio.Semaphore(at_once)
        self._timeout = timeout

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(url)
        _check_loopback(parts)
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._post(parts, headers, body)
            except (OSError, TimeoutError, h11.ProtocolError, ValueError) as exc:
                raise Unreachable(str(exc) or type(exc).__name__) from exc

    async def _post(self, parts: SplitResult, headers: dict[str, str], body: bytes) -> Answer:
        key = (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        if self._idle[key]:
            # The server may have closed an idle one meanwhile: then it goes through a fresh one.
            with contextlib.suppress(OSError, h11.ProtocolError):
                return await self._through(key, self._idle[key].pop(), parts, headers, body)
        return await self._through(key, await _connect(*key), parts, headers, body)

    async def _through(
        self, key: Key, connection: Connection, parts: SplitResult, headers: dict[str, str], body: bytes
    ) -> Answer:
        kept = False
        try:
            answer = await _exchange(connection, parts, headers, body)
            if connection[2].our_state is h11.DONE and connection[2].their_state is h11.DONE:
                connection[2].start_next_cycle()
                self._idle[key].append(connection)
                kept = True
            return answer
        finally:
            if not kept:
                _drop(connection)

    def close(self) -> None:
        for connections in self._idle.values():
            for connection in connections:
                _drop(connection)
        self._idle.clear()


def _check_loopback(parts: SplitResult) -> None:
    host = parts.hostname or ""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback and parts.scheme in {"http", "https"}:
            return
    if host == "localhost" and parts.scheme in {"http", "https"}:
        return
    raise Unreachable("guests of the demo cloud reach nothing but loopback")


async def _connect(scheme: str, host: str, port: int) -> Connection:
    context = ssl.create_default_context() if scheme == "https" else None
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    return reader, writer, h11.Connection(h11.CLIENT)


def _drop(connection: Connection) -> None:
    connection[1].close()


async def _exchange(
    connection: Connection, parts: SplitResult, headers: dict[str, str], body: bytes
) -> Answer:
    reader, writer, http = connection
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    fields = [("Host", parts.netloc), ("Content-Length", str(len(body))), *headers.items()]
    request = h11.Request(method="POST", target=target, headers=fields)
    writer.write((http.send(request) or b"") + (http.send(h11.Data(data=body)) or b""))
    http.send(h11.EndOfMessage())
    await writer.drain()
    return await _answer(reader, http)


async def _answer(reader: asyncio.StreamReader, http: h11.Connection) -> Answer:
    status, fields, body = 0, dict[str, str](), bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(16 * 1024))
        elif isinstance(event, h11.Response):
            status = event.status_code
            fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_ANSWER:
                raise ValueError("answer too long")
        elif isinstance(event, h11.EndOfMessage):
            return Answer(status, fields, bytes(body))
        elif isinstance(event, h11.ConnectionClosed):
            raise ConnectionResetError("closed before an answer")
