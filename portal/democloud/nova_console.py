"""The console log, and the address of a console in the browser."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.console import new_token
from portal.democloud.errors import Fault
from portal.democloud.microversions import need
from portal.democloud.model_compute import Server
from portal.democloud.nova_find import asked_server
from portal.democloud.nova_input import invalid
from portal.democloud.nova_rules import check_host
from portal.democloud.routing import Ctx, answer, body, empty, member, route

KINDS = {
    "vnc": ("novnc", "xvpvnc"),
    "spice": ("spice-html5",),
    "rdp": ("rdp-html5",),
    "serial": ("serial",),
    "mks": ("webmks",),
}


async def output(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    """The last `length` lines, or all that the console's buffer still holds."""
    length = given.get("length") if isinstance(given, dict) else None
    if length is not None and not str(length).lstrip("-").isdigit():
        raise invalid("length", length, f"{length!r} does not match '^-?[0-9]+$'")
    check_host(server)
    lines = None if length is None or int(length) < 0 else int(length)
    return answer({"output": here.world.hypervisor.console_log(server.id, lines)})


async def remote_console(request: Request) -> Response:
    need(request, 6)
    here, server = asked_server(request)
    wanted = member(await body(request), "remote_console")
    protocol, kind = wanted.get("protocol"), wanted.get("type")
    if protocol not in KINDS or (protocol == "vnc" and kind not in KINDS["vnc"]):
        raise Fault(400, f"Invalid console type {kind}")
    if protocol != "vnc" or kind != "novnc":
        # What the cloud has not, it refuses before it looks at the kind.
        raise Fault(400, f"Unavailable console type {kind}.")
    check_host(server)
    token = new_token(here.world, server.id)
    url = f"{here.world.base_url}/vnc_auto.html?path=%3Ftoken%3D{token}"
    return answer({"remote_console": {"protocol": "vnc", "type": "novnc", "url": url}})


async def password(request: Request) -> Response:
    """What a guest left at the metadata service: none of this cloud's guests does."""
    asked_server(request)
    return answer({"password": ""})


async def clear_password(request: Request) -> Response:
    asked_server(request)
    return empty()


def routes() -> list[Route]:
    return [
        route("POST", "/v2.1/servers/{server_id}/remote-consoles", remote_console),
        route("GET", "/v2.1/servers/{server_id}/os-server-password", password),
        route("DELETE", "/v2.1/servers/{server_id}/os-server-password", clear_password),
    ]
