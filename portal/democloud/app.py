"""The one ASGI app: which region and service a path means, faults on the way, and the wording of refusals."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from portal.democloud import console, services
from portal.democloud.connection import reset_connection
from portal.democloud.errors import Fault, response_of
from portal.democloud.faults import Faults, Rule
from portal.democloud.routing import new_uuid
from portal.democloud.state import Region, World


@dataclass
class CloudApp:
    """`control_key` opens `/_control`; without one it is shut. `calls` counts requests by route."""

    world: World
    faults: Faults = field(default_factory=Faults)
    control_key: str | None = None
    tables: dict[str, list[Route]] = field(default_factory=services.tables)
    calls: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await console.bridge(WebSocket(scope, receive, send), self.world)
            return
        region, service, rest = self._resolve(scope["path"])
        scope["path"] = scope["root_path"] + rest
        scope["democloud.world"] = self.world
        scope["democloud.region"] = region
        scope["democloud.service"] = service
        scope["democloud.app"] = self
        scope["democloud.request_id"] = f"req-{new_uuid()}"
        request = Request(scope, receive)
        self.world.run_due()
        rule = self.faults.match(region.name, service, request.method, rest)
        response = await self._through(rule, request, send)
        if response is not None:
            await response(scope, receive, send)

    def _resolve(self, path: str) -> tuple[Region, str, str]:
        """("/tacc/compute/v2.1/servers/") -> (region TACC, "compute", "/v2.1/servers")."""
        by_prefix = self.world.by_prefix
        region = next(r for r in by_prefix if not r.prefix or f"{path}/".startswith(f"{r.prefix}/"))
        service, _, rest = path.removeprefix(region.prefix).strip("/").partition("/")
        return region, service, "/" + rest

    async def _through(self, rule: Rule | None, request: Request, send: Send) -> Response | None:
        """The answer, as the fault rule (if one matched) lets it through; None when the line was cut."""
        if rule is None:
            return await self._respond(request)
        if rule.seconds:
            await asyncio.sleep(rule.seconds)
        if rule.action == "hang":
            await _until_disconnected(request)
            return None
        if rule.action == "reset":
            reset_connection(send)
            return None
        if rule.action == "lost-reply":
            await self._respond(request)
            reset_connection(send)
            return None
        if rule.action == "status":
            return rule.response(request)
        return await self._respond(request)

    async def _respond(self, request: Request) -> Response:
        try:
            response = await self._dispatch(request)
        except Fault as fault:
            response = response_of(request.scope["democloud.service"], fault)
        except ClientDisconnect:
            return Response(status_code=499)
        if request.method not in ("GET", "HEAD") and response.status_code < 400:
            self.world.dirty = True
        services.finish(request, response)
        return response

    async def _dispatch(self, request: Request) -> Response:
        service, scope = request.scope["democloud.service"], request.scope
        services.begin(request)
        for route in self.tables.get(service, ()):
            match, child = route.matches(scope)
            if match is Match.FULL:
                scope.update(child)
                self.calls[f"{service} {request.method} {route.path}"] += 1
                found: Any = await route.endpoint(request)
                assert isinstance(found, Response)
                return found
        raise Fault(501, f"The demo cloud lacks {request.method} /{service}{scope['path']}")


async def _until_disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
