"""A browser's WebSocket joined to one of the application: messages, subprotocols and close codes go through.

Pings are answered on each side by its own end. A side that takes nothing stops the other.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

from websockets.client import ClientProtocol
from websockets.datastructures import Headers as SocketHeaders
from websockets.exceptions import InvalidState, ProtocolError
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from instances.remote.ports.asgi_types import Headers, Receive, Scope, Send, Stream
from instances.remote.ports.channel import CHUNK, FAILURES
from instances.remote.ports.door import MOST_SOCKETS, Visit
from instances.remote.ports.headers import to_application, to_browser
from portal.core.errors import PortalError

# Of one message, whatever its fragments; seconds for the application's handshake, and for its last word.
MOST_BYTES = 16 * 1024 * 1024
HANDSHAKE_SECONDS, GOODBYE_SECONDS = 20.0, 2.0
_HANDSHAKE = b"sec-websocket-"
_OURS = ("Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol")
LOST, OVER = 1011, 1008
# What may be said in a close frame; 1005, 1006 and 1015 only stand for its absence.
_SAYABLE = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}


async def relay(visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
    """PortalError before the browser's socket is accepted; an application's refusal is passed on."""
    if visit.door.sockets >= MOST_SOCKETS:
        raise PortalError("remote:port-busy", outcome="retry", most=MOST_SOCKETS)
    visit.door.sockets += 1
    try:
        stream = await visit.door.stream()
        try:
            await _joined(_Pair(visit, scope, receive, send, stream))
        finally:
            stream[1].close()
    finally:
        visit.door.sockets -= 1


async def _joined(pair: "_Pair") -> None:
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            response, more = await pair.ask()
    except TimeoutError:
        raise PortalError("remote:port-silent", outcome="retry") from None
    if response.status_code != 101:
        await pair.refuse(response)
        return
    await pair.accept(response)
    tasks = [asyncio.create_task(pair.outward(more)), asyncio.create_task(pair.inward())]
    ended: asyncio.Future[Any] = pair.visit.attended.ended
    either: set[asyncio.Future[Any]] = {*tasks, ended}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if ended.done():
        with suppress(OSError):
            await pair.send({"type": "websocket.close", "code": OVER, "reason": "it was ended in the portal"})


class _Pair:
    def __init__(self, visit: Visit, scope: Scope, receive: Receive, send: Send, stream: Stream) -> None:
        self.visit, self.scope = visit, scope
        self.receive, self.send = receive, send
        self.reader, self.writer = stream
        wanted = [cast(Subprotocol, name) for name in scope.get("subprotocols", [])]
        # The address only fills in headers, which are replaced by ours.
        place = WebSocketURI(False, "localhost", visit.name.port, "/", "", None, None)
        self.client = ClientProtocol(place, subprotocols=wanted or None, max_size=MOST_BYTES)
        self.parts: list[bytes] = []
        self.kind = Opcode.BINARY

    async def ask(self) -> tuple[Response, list[Any]]:
        """The application's answer to the handshake, and the frames that came with it."""
        self.client.send_request(self._request())
        await self._flush()
        while True:
            data = await self.reader.read(CHUNK)
            if data:
                self.client.receive_data(data)
            else:
                self.client.receive_eof()
            events = self.client.events_received()
            wrong = self.client.handshake_exc
            if events and isinstance(events[0], Response) and (wrong is None or events[0].status_code != 101):
                return events[0], events[1:]
            if wrong is not None or not data:
                kind = "remote:port-not-http" if data else "remote:port-silent"
                raise PortalError(kind, detail=str(wrong or "")[:200])

    def _request(self) -> Request:
        made = self.client.connect()
        query = self.scope.get("query_string", b"")
        target = self.scope["raw_path"] + (b"?" + query if query else b"")
        client = (self.scope.get("client") or ["unknown"])[0]
        kept = to_application(self.scope["headers"], self.visit.name, self.visit.site, client=client)
        headers = SocketHeaders()
        for name, value in kept:
            if not name.startswith(_HANDSHAKE):
                headers[name.decode("latin-1")] = value.decode("latin-1")
        for ours in _OURS:
            if ours in made.headers:
                headers[ours] = made.headers[ours]
        return Request(target.decode("ascii"), headers)

    def _answered(self, response: Response) -> Headers:
        given = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.raw_items()
        ]
        kept = to_browser(given, self.visit.name, self.visit.site, addresses=self.visit.addresses)
        return [pair for pair in kept if not pair[0].lower().startswith(_HANDSHAKE)]

    async def accept(self, response: Response) -> None:
        headers = self._answered(response)
        accepted = {"type": "websocket.accept", "subprotocol": self.client.subprotocol, "headers": headers}
        await self.send(accepted)

    async def refuse(self, response: Response) -> None:
        """As the application refused it, where our server can say so before it accepts."""
        if "websocket.http.response" not in self.scope.get("extensions", {}):
            await self.send({"type": "websocket.close", "code": LOST})
            return
        headers = [pair for pair in self._answered(response) if pair[0].lower() != b"content-length"]
        body = bytes(response.body)
        headers.append((b"content-length", str(len(body)).encode()))
        # An interim answer to a handshake is none.
        status = response.status_code if response.status_code >= 200 else 502
        await self.send({"type": "websocket.http.response.start", "status": status, "headers": headers})
        await self.send({"type": "websocket.http.response.body", "body": body})

    async def outward(self, waiting: Iterable[Any]) -> None:
        """From the application to the browser, until either is gone."""
        with suppress(*FAILURES):
            await self._show(waiting)
            while self.client.close_rcvd is None and self.client.parser_exc is None:
                data = await self.reader.read(CHUNK)
                if not data:
                    break
                self.client.receive_data(data)
                await self._show(self.client.events_received())
                await self._flush()
        code, reason = _heard(self.client.close_rcvd or self.client.close_sent)
        with suppress(OSError):
            await self.send({"type": "websocket.close", "code": code, "reason": reason})

    async def _show(self, events: Iterable[Any]) -> None:
        for event in events:
            if isinstance(event, Frame) and event.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
                await self._frame(event)

    async def _frame(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self.kind = frame.opcode
        self.parts.append(bytes(frame.data))
        if not frame.fin:
            return
        whole = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        self.parts = []
        self.visit.count(out=len(whole))
        if self.kind is Opcode.TEXT:
            await self.send({"type": "websocket.send", "text": whole.decode("utf-8", "replace")})
        else:
            await self.send({"type": "websocket.send", "bytes": whole})

    async def inward(self) -> None:
        """From the browser to the application."""
        while True:
            message = await self.receive()
            if message["type"] == "websocket.disconnect":
                await self._goodbye(message.get("code") or 1005, message.get("reason") or "")
                return
            with suppress(InvalidState):
                self._take(message)
            try:
                await self._flush()
            except FAILURES:
                # The other task sees it too, and tells the browser.
                await asyncio.sleep(GOODBYE_SECONDS)
                return
            self.visit.attended.touch()

    def _take(self, message: Any) -> None:
        text, data = message.get("text"), message.get("bytes")
        content = text.encode() if text is not None else (data or b"")
        self.visit.count(in_=len(content))
        if text is not None:
            self.client.send_text(content)
        else:
            self.client.send_binary(content)

    async def _goodbye(self, code: int, reason: str) -> None:
        """The browser's last word to the application, and a moment for its answer."""
        with suppress(InvalidState, ProtocolError, TimeoutError, *FAILURES):
            if _sayable(code):
                self.client.send_close(code, reason)
            else:
                # Nothing was said (1005), or the browser vanished: going away.
                self.client.send_close(1001 if code != 1005 else None)
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._flush()

    async def _flush(self) -> None:
        data = b"".join(self.client.data_to_send())
        if data:
            self.writer.write(data)
            await self.writer.drain()


def _sayable(code: int) -> bool:
    return code in _SAYABLE or 3000 <= code <= 4999


def _heard(close: Close | None) -> tuple[int, str]:
    """What the application closed with, as our server may repeat it."""
    if close is None:
        return LOST, "the application ended the connection"
    if _sayable(close.code):
        return close.code, close.reason
    return 1000, ""
