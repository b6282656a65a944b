"""The image service: its versions, and the routes of its parts. It words refusals in HTML, as Glance does."""

from __future__ import annotations

import functools
import html
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import glance_change, glance_read
from portal.democloud.errors import KEYSTONE, Fault
from portal.democloud.routing import Handler, answer, place, route

PAGE = """<html>
 <head>
  <title>{0}</title>
 </head>
 <body>
  <h1>{0}</h1>
  {1}<br /><br />



 </body>
</html>"""
NEWEST = 15


def in_html(handler: Handler) -> Handler:
    @functools.wraps(handler)
    async def wrapped(request: Request) -> Response:
        try:
            return await handler(request)
        except Fault as fault:
            if fault.kind == KEYSTONE:
                raise
            title = f"{fault.status} {HTTPStatus(fault.status).phrase}"
            text = PAGE.format(title, html.escape(fault.message, quote=False))
            return Response(text, fault.status, fault.headers, media_type="text/html; charset=UTF-8")

    return wrapped


async def versions(request: Request) -> Response:
    world, region = place(request)
    link = {"rel": "self", "href": f"{world.base_url}{region.prefix}/image/v2/"}
    numbers = [f"v2.{n}" for n in range(NEWEST, -1, -1)]
    statuses = ["CURRENT", *["SUPPORTED"] * NEWEST]
    found = [{"id": n, "status": s, "links": [link]} for n, s in zip(numbers, statuses, strict=True)]
    return answer({"versions": found}, 300)


def routes() -> list[Route]:
    parts = [*glance_read.handlers().items(), *glance_change.handlers().items()]
    return [
        route("GET", "/", versions),
        route("GET", "/versions", versions),
        *(route(method, path, in_html(handler)) for (method, path), handler in parts),
    ]
