"""The services and endpoints behind the catalogue: for admins."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.errors import forbidden
from portal.democloud.keystone_tokens import catalog
from portal.democloud.routing import answer, ctx, route


def _catalog(request: Request, rule: str) -> list[dict[str, Any]]:
    here = ctx(request)
    if not here.admin:
        raise forbidden(f"identity:{rule}")
    return catalog(here.world, here.project_id)


async def services(request: Request) -> Response:
    found = [
        {"id": one["id"], "name": one["name"], "type": one["type"], "enabled": True, "links": {}}
        for one in _catalog(request, "list_services")
    ]
    return answer({"services": found, "links": {"next": None, "previous": None}})


async def endpoints(request: Request) -> Response:
    found = [
        {**endpoint, "service_id": one["id"], "enabled": True, "links": {}}
        for one in _catalog(request, "list_endpoints")
        for endpoint in one["endpoints"]
    ]
    return answer({"endpoints": found, "links": {"next": None, "previous": None}})


def routes() -> list[Route]:
    return [route("GET", "/v3/services", services), route("GET", "/v3/endpoints", endpoints)]
