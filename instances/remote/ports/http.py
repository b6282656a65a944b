"""One request of a browser to the application and back: framed anew on both sides, streamed both ways.

Nothing is kept but what is on its way: a browser that reads slowly slows the application, and the other way round.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import h11

from instances.remote.ports.asgi_types import Headers, Receive, Scope, Send
from instances.remote.ports.channel import FAILURES, Channel, Closed
from instances.remote.ports.door import Visit
from instances.remote.ports.headers import to_application, to_browser
from portal.core.errors import PortalError

# May be sent once more when a kept channel turns out to be dead; others get a channel that nobody used before.
_REPEATABLE = {b"GET", b"HEAD", b"OPTIONS"}
_WITHOUT_LENGTH = {204, 304}
_TLS_ALERT = b"\x15\x03"


class _Stale(Exception):
    """A kept channel had been closed by the application meanwhile."""


async def forward(visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
    """PortalError while nothing was sent to the browser yet; later the connection is cut, so that it knows."""
    request, has_body = request_of(visit, scope)
    browser = _Browser(visit, receive, has_body)
    try:
        await _once(visit, request, browser, send, fresh=has_body or bytes(request.method) not in _REPEATABLE)
    except _Stale:
        await _once(visit, request, browser, send, fresh=True)


def request_of(visit: Visit, scope: Scope) -> tuple[h11.Request, bool]:
    """What the application is sent, and whether a body follows."""
    headers: Headers = scope["headers"]
    query = scope.get("query_string", b"")
    target = scope["raw_path"] + (b"?" + query if query else b"")
    framing = framing_of(headers)
    client = (scope.get("client") or ["unknown"])[0]
    kept = to_application(headers, visit.name, visit.site, client=client)
    try:
        made = h11.Request(method=scope["method"], target=target, headers=kept + framing)
    except h11.LocalProtocolError as error:
        raise PortalError("remote:port-request", detail=str(error)) from None
    return made, bool(framing)


def framing_of(headers: Headers) -> Headers:
    """How the body will be framed: as long as our own server measured it, else in chunks. Empty: there is none."""
    if any(name.lower() == b"transfer-encoding" for name, _ in headers):
        return [(b"transfer-encoding", b"chunked")]
    lengths = {value for name, value in headers if name.lower() == b"content-length"}
    if not lengths:
        return []
    length = lengths.pop()
    if lengths or not length.isdigit() or len(length) > 18:
        raise PortalError("remote:port-request", detail="Content-Length is not one number")
    return [(b"content-length", length)]


class _Browser:
    """Its side of the exchange: what it sends, and that it left."""

    def __init__(self, visit: Visit, receive: Receive, has_body: bool) -> None:
        self._visit, self._receive, self.has_body = visit, receive, has_body

    async def until_left(self, channel: Channel) -> None:
        if self.has_body:
            # An application may answer, and stop listening, before it has read all: the answer counts.
            with suppress(*FAILURES):
                if not await self._pass_on(channel):
                    return
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _pass_on(self, channel: Channel) -> bool:
        """False: it left in the middle."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return False
            if body := message.get("body", b""):
                self._visit.count(in_=len(body))
                await channel.say(h11.Data(data=body))
            if not message.get("more_body", False):
                await channel.say(h11.EndOfMessage())
                return True


async def _once(visit: Visit, request: h11.Request, browser: _Browser, send: Send, *, fresh: bool) -> None:
    channel = await visit.pool.take(fresh=fresh)
    whole = False
    try:
        await _ask(channel, request, has_body=browser.has_body)
        whole = await _until(visit.attended.ended, _answer(visit, channel, send), browser.until_left(channel))
    finally:
        if whole:
            visit.pool.give(channel)
        else:
            visit.pool.drop(channel)


async def _ask(channel: Channel, request: h11.Request, *, has_body: bool) -> None:
    try:
        await channel.say(request, *([] if has_body else [h11.EndOfMessage()]))
    except FAILURES as error:
        if channel.used:
            raise _Stale from None
        raise PortalError("remote:port-cut", outcome="retry", detail=str(error)) from error


async def _until(
    ended: "asyncio.Future[Any]", answer: Coroutine[Any, Any, bool], left: Coroutine[Any, Any, None]
) -> bool:
    """Whether the answer went out whole. The browser leaves, or the session ends: it is given up."""
    answering, leaving = asyncio.create_task(answer), asyncio.create_task(left)
    try:
        await asyncio.wait({answering, leaving, ended}, return_when=asyncio.FIRST_COMPLETED)
        return answering.result() if answering.done() else False
    finally:
        answering.cancel()
        leaving.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)


async def _answer(visit: Visit, channel: Channel, send: Send) -> bool:
    """Pass the application's answer on. False: it was cut short, and the browser has to see that."""
    response = await _head(channel)
    kept = to_browser(list(response.headers), visit.name, visit.site, addresses=visit.addresses)
    if response.status_code in _WITHOUT_LENGTH:
        kept = [(name, value) for name, value in kept if name != b"content-length"]
    await send({"type": "http.response.start", "status": response.status_code, "headers": kept})
    try:
        while not isinstance(event := await channel.hear(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                visit.count(out=len(event.data))
                await send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
    except (h11.RemoteProtocolError, Closed, *FAILURES):
        return False
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    return True


async def _head(channel: Channel) -> h11.Response:
    """The head of the final answer: interim ones (1xx) are for whoever asks for them, which we do not."""
    try:
        while True:
            event = await channel.hear()
            if isinstance(event, h11.Response):
                return event
    except Closed:
        if channel.used:
            raise _Stale from None
        raise PortalError("remote:port-silent", outcome="retry") from None
    except h11.RemoteProtocolError as error:
        kind = "remote:port-tls" if channel.first.startswith(_TLS_ALERT) else "remote:port-not-http"
        raise PortalError(kind, detail=str(error)[:200]) from None
    except FAILURES as error:
        raise PortalError("remote:port-cut", outcome="retry", detail=str(error)[:200]) from error
