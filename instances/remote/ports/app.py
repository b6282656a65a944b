"""The ports site in front of everything else: which of the two a request is for is decided by its Host header alone."""

import logging
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings

from instances.remote.attending import attend
from instances.remote.link import Secret
from instances.remote.ports import asking, entry, headers, isolation, pages
from instances.remote.ports.asgi_types import Headers, Receive, Scope, Send
from instances.remote.ports.door import Known, Visit, known, let_in
from instances.remote.ports.http import forward
from instances.remote.ports.names import Name, Site, belongs, host_of, name_of, site_of
from instances.remote.ports.websocket import relay
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)
_NOT_PASSED_ON = {"CONNECT", "TRACE"}
_TOO_MUCH = {400: "remote:port-request", 414: "remote:port-request", 431: "remote:port-request"}


class PortsSite:
    """Requests for names at and below `settings.PORTS_SITE` end here; all others go to the application behind."""

    def __init__(self, portal: Any) -> None:
        self._portal = portal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        site = site_of(settings.PORTS_SITE)
        if scope["type"] not in {"http", "websocket"} or not site.host:
            await self._portal(scope, receive, send)
            return
        hosts = [host_of(value.decode("latin-1")) for key, value in scope["headers"] if key == b"host"]
        if not any(belongs(host, site) for host in hosts):
            await self._portal(scope, receive, send)
            return
        # Two hosts in one request are two opinions on whose it is: nobody's.
        name = name_of(hosts[0], site) if len(hosts) == 1 else None
        await _Request(site, name, scope, receive, send).serve()


class _Request:
    def __init__(self, site: Site, name: Name | None, scope: Scope, receive: Receive, send: Send) -> None:
        self.site, self.name, self.scope = site, name, scope
        self.receive, self.send = receive, send
        self.headers = headers.one(scope["headers"])
        self.http = scope["type"] == "http"
        self.known: Known | None = None

    async def serve(self) -> None:
        if not self.http:
            await self.receive()  # websocket.connect: said to every application before anything else
        try:
            if self.http and self.scope["path"].startswith(entry.OWN):
                await self._own()
            else:
                await self._pass_on()
        except PortalError as error:
            await self._problem(error)

    async def _own(self) -> None:
        path, method = self.scope["path"], self.scope["method"]
        if path == pages.SHEET and method in {"GET", "HEAD"}:
            body = await sync_to_async(pages.sheet, thread_sensitive=False)()
            await pages.reply(self.send, 200, pages.own_headers(self.site, b"text/css"), body)
        elif path == entry.ENTER and method == "POST" and self.name is not None:
            entered = await entry.enter(self.name, self.site, self.headers, self.receive)
            if entered.secret is not None:
                await self._sign_in(self.name, entered.secret)
            # 303, and no referrer: the application hears neither the ticket nor where the person came from.
            location = (b"location", entered.path.encode())
            plain = pages.own_headers(self.site, b"text/plain")
            await pages.reply(self.send, 303, [*plain, location, *entered.headers])
        else:
            raise PortalError("remote:port-unknown")

    async def _sign_in(self, name: Name, secret: Secret) -> None:
        """Connects with the person's own key, which is then kept for as long as the connection is."""
        self.known = await known(name)
        await attend(name.session, user=self.known.user, mark=self.known.mark, secret=secret)

    async def _pass_on(self) -> None:
        visit = await self._visit()
        await (forward if self.http else relay)(visit, self.scope, self.receive, self.send)

    async def _visit(self) -> Visit:
        """Every reason not to pass it on, the cheapest first: nothing is asked of anybody before the cookie is seen."""
        name, scope = self.name, self.scope
        if name is None:
            raise PortalError("remote:port-unknown")
        query = scope.get("query_string", b"")
        if too_much := headers.too_much(scope["headers"], scope["raw_path"] + b"?" + query):
            raise PortalError(_TOO_MUCH[too_much])
        if self.http and scope["method"] in _NOT_PASSED_ON:
            raise PortalError("remote:port-method")
        if not entry.may_enter(scope["headers"], name, self.site):
            raise PortalError("remote:port-no-entry")
        if refusal := self._foreign(name):
            logger.info("a request for %s was refused: %s", name.label, refusal)
            raise PortalError("remote:port-elsewhere")
        self.known = await known(name)
        asking.current_site()
        asking.require_openable(name.port)
        return await let_in(name, self.site)

    def _foreign(self, name: Name) -> str:
        origin = name.origin(self.site)
        if self.http:
            return isolation.refusal(self.scope["method"], self.headers, origin)
        return isolation.socket_refusal(self.headers, origin)

    async def _problem(self, error: PortalError) -> None:
        wants_page = self.http and b"text/html" in self.headers.get(b"accept", b"")
        status, answer, body = await sync_to_async(pages.problem, thread_sensitive=False)(
            error, self.site, name=self.name, known=self.known, wants_page=wants_page
        )
        if self.http:
            await pages.reply(self.send, status, answer, body)
        elif "websocket.http.response" in self.scope.get("extensions", {}):
            await self._refuse_socket(status, answer, body)
        else:
            await self.send({"type": "websocket.close", "code": 1008})

    async def _refuse_socket(self, status: int, answer: Headers, body: bytes) -> None:
        answer.append((b"content-length", str(len(body)).encode()))
        await self.send({"type": "websocket.http.response.start", "status": status, "headers": answer})
        await self.send({"type": "websocket.http.response.body", "body": body})
