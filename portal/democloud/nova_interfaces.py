"""Interfaces of a server: its ports, as Nova shows and changes them; and its addresses."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import fabric, lifecycle, nova_rules
from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import Server
from portal.democloud.model_network import Port
from portal.democloud.nova_find import asked_server
from portal.democloud.nova_view import addresses
from portal.democloud.reach import tell_guest
from portal.democloud.routing import Ctx, answer, body, empty, route
from portal.democloud.state import Region, World, on_timer

ONE = "/v2.1/servers/{server_id}"
PATH = ONE + "/os-interface"


def _view(port: Port, minor: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "fixed_ips": [
            {"ip_address": fixed.ip_address, "subnet_id": fixed.subnet_id} for fixed in port.fixed_ips
        ],
        "mac_addr": port.mac_address,
        "net_id": port.network_id,
        "port_id": port.id,
        "port_state": port.status,
    }
    return found | ({"tag": None} if minor >= 70 else {})


def _find(here: Ctx, server: Server, port_id: str) -> Port:
    for port in here.region.server_ports(server.id):
        if port.id == port_id:
            return port
    raise Fault(404, f"Port id {port_id} could not be found.")


async def list_all(request: Request) -> Response:
    here, server = asked_server(request)
    ports = here.region.server_ports(server.id)
    return answer({"interfaceAttachments": [_view(port, microversion(request)) for port in ports]})


async def show(request: Request) -> Response:
    here, server = asked_server(request)
    port = _find(here, server, request.path_params["port_id"])
    return answer({"interfaceAttachment": _view(port, microversion(request))})


async def attach(request: Request) -> Response:
    """A port that exists (`port_id`), or a new one on `net_id`."""
    here, server = asked_server(request)
    wanted = (await body(request)).get("interfaceAttachment") or {}
    nova_rules.check(server, "attach_interface")
    port = _existing(here, wanted) if wanted.get("port_id") else _new(here, server, wanted)
    port.device_id, port.device_owner, port.status = server.id, "compute:nova", "ACTIVE"
    here.region.index_port(port)
    tell_guest(here.world, here.region, server.id)
    _changed(here, server, "attach_interface")
    return answer({"interfaceAttachment": _view(port, microversion(request))})


def _existing(here: Ctx, wanted: dict[str, Any]) -> Port:
    port = here.region.data.ports.get(str(wanted["port_id"]))
    if port is None or port.project_id != here.project_id:
        raise Fault(404, f"Port id {wanted['port_id']} could not be found.")
    if port.device_id:
        raise Fault(400, f"Port {port.id} is still in use.")
    return port


def _new(here: Ctx, server: Server, wanted: dict[str, Any]) -> Port:
    network = fabric.visible_network(here.region, here.project_id, str(wanted.get("net_id", "")))
    if network is None or network.external:
        raise Fault(400, f"Network {wanted.get('net_id')} could not be found.")
    fixed = wanted.get("fixed_ips") or [{}]
    return fabric.create_port(
        here.world,
        here.region,
        network,
        server.project_id,
        server_id=server.id,
        ip_address=fixed[0].get("ip_address"),
    )


def _changed(here: Ctx, server: Server, action: str) -> None:
    lifecycle.record(here.world, server, action, request_id=here.request_id, user_id=here.user_id)
    here.region.touch_server(server, here.world.now())


async def detach(request: Request) -> Response:
    """202 whatever the port: that it is none of this server's is found out only later."""
    here, server = asked_server(request)
    nova_rules.check(server, "detach_interface")
    _changed(here, server, "detach_interface")
    port_id = request.path_params["port_id"]
    here.world.later(0.5, "interface-detached", here.region, server.id, port_id=port_id)
    return empty(202)


@on_timer("interface-detached")
def detached(world: World, region: Region, target: str, args: dict[str, Any]) -> None:
    port, server = region.data.ports.get(args["port_id"]), region.data.servers.get(target)
    if port is not None and port.device_id == target:
        fabric.delete_port(world, region, port)
    if server is not None:
        region.touch_server(server, world.now())


async def ips(request: Request) -> Response:
    here, server = asked_server(request)
    shown = {
        name: [{"version": one["version"], "addr": one["addr"]} for one in found]
        for name, found in addresses(here.region, server).items()
    }
    return answer({"addresses": shown})


async def security_groups(request: Request) -> Response:
    here, server = asked_server(request)
    ids = {one for port in here.region.server_ports(server.id) for one in port.security_groups}
    groups = [here.region.data.security_groups[one] for one in sorted(ids)]
    found = [
        {
            "id": group.id,
            "name": group.name,
            "tenant_id": group.project_id,
            "description": group.description,
            "rules": [],
        }
        for group in groups
    ]
    return answer({"security_groups": found})


def routes() -> list[Route]:
    return [
        route("GET", PATH, list_all),
        route("POST", PATH, attach),
        route("GET", PATH + "/{port_id}", show),
        route("DELETE", PATH + "/{port_id}", detach),
        route("GET", ONE + "/ips", ips),
        route("GET", ONE + "/os-security-groups", security_groups),
    ]
