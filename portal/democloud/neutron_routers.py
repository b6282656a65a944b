"""Routers: read, made, given a gateway and interfaces, deleted."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import fabric, neutron_input, neutron_view
from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.model_network import Port, Router, Subnet
from portal.democloud.neutron_list import listing
from portal.democloud.neutron_networks import find_subnet
from portal.democloud.routing import Ctx, answer, body, ctx, empty, new_uuid, route

KNOWN = {"name", "description", "admin_state_up", "external_gateway_info", "availability_zone_hints"}
FILTERS = {"id", "name", "status", "admin_state_up", "description", "project_id", "tenant_id"}
INTERFACE = "network:router_interface"


def find(here: Ctx, router_id: str) -> Router:
    found = here.region.data.routers.get(router_id)
    if found is None or (found.project_id != here.project_id and not here.admin):
        raise neutron_input.missing("Router", router_id)
    return found


def interfaces(here: Ctx, router: Router) -> list[Port]:
    return [port for port in here.region.server_ports(router.id) if port.device_owner == INTERFACE]


def _set_gateway(here: Ctx, router: Router, wanted: dict[str, Any]) -> None:
    if "external_gateway_info" not in wanted:
        return
    info = wanted["external_gateway_info"] or {}
    if not isinstance(info, dict):
        raise neutron_input.bad("Invalid input for external_gateway_info. Reason: it is not a dictionary.")
    network_id = info.get("network_id")
    if network_id is None:
        router.external_network_id = router.external_ip = None
        return
    network = fabric.visible_network(here.region, here.project_id, str(network_id))
    if network is None:
        raise neutron_input.missing("Network", str(network_id))
    if not network.external:
        message = f"Bad router request: Network {network_id} is not an external network."
        raise Fault(400, message, kind="BadRequest")
    router.external_network_id = network.id
    router.external_ip = fabric.free_floating_address(here.region, network)


async def list_all(request: Request) -> Response:
    here = ctx(request)
    rows = (
        neutron_view.router(here.region, one)
        for one in here.region.data.routers.values()
        if here.admin or one.project_id == here.project_id
    )
    return listing(request, "routers", rows, FILTERS)


async def show(request: Request) -> Response:
    here = ctx(request)
    return answer({"router": neutron_view.router(here.region, find(here, request.path_params["id"]))})


async def create(request: Request) -> Response:
    here = ctx(request)
    wanted = await neutron_input.wanted_of(request, "router", KNOWN)
    neutron_input.check_quota(here, "router")
    now = second(here.world.now())
    owner = neutron_input.owner_of(here, wanted)
    router = Router(new_uuid(), wanted.get("name") or "", owner, now, now)
    router.description = wanted.get("description") or ""
    _set_gateway(here, router, wanted)
    here.region.data.routers[router.id] = router
    return answer({"router": neutron_view.router(here.region, router)}, 201)


async def update(request: Request) -> Response:
    here = ctx(request)
    router = find(here, request.path_params["id"])
    wanted = await neutron_input.wanted_of(request, "router", KNOWN)
    _set_gateway(here, router, wanted)
    router.name = wanted.get("name", router.name)
    router.description = wanted.get("description", router.description) or ""
    router.admin_state_up = wanted.get("admin_state_up", router.admin_state_up) is True
    router.updated_at = second(here.world.now())
    return answer({"router": neutron_view.router(here.region, router)})


async def delete(request: Request) -> Response:
    here = ctx(request)
    router = find(here, request.path_params["id"])
    if interfaces(here, router):
        raise Fault(409, f"Router {router.id} still has ports", kind="RouterInUse")
    del here.region.data.routers[router.id]
    return empty()


async def _subnet_asked(request: Request, here: Ctx) -> Subnet:
    wanted = await body(request)
    if not wanted.get("subnet_id"):
        message = "Bad router request: Either subnet_id or port_id must be specified."
        raise Fault(400, message, kind="BadRequest")
    return find_subnet(here, str(wanted["subnet_id"]))


def _interface_row(router: Router, port: Port, subnet: Subnet) -> dict[str, Any]:
    return {
        "id": router.id,
        "tenant_id": router.project_id,
        "project_id": router.project_id,
        "port_id": port.id,
        "network_id": subnet.network_id,
        "subnet_id": subnet.id,
        "subnet_ids": [subnet.id],
        "tags": list(router.tags),
    }


async def add_interface(request: Request) -> Response:
    here = ctx(request)
    router = find(here, request.path_params["id"])
    subnet = await _subnet_asked(request, here)
    if any(ip.subnet_id == subnet.id for port in interfaces(here, router) for ip in port.fixed_ips):
        message = f"Bad router request: Router already has a port on subnet {subnet.id}."
        raise Fault(400, message, kind="BadRequest")
    network = here.region.data.networks[subnet.network_id]
    port = fabric.create_port(
        here.world, here.region, network, router.project_id, security_groups=[], ip_address=subnet.gateway_ip
    )
    port.device_id, port.device_owner, port.status = router.id, INTERFACE, "ACTIVE"
    here.region.index_port(port)
    return answer(_interface_row(router, port, subnet))


async def remove_interface(request: Request) -> Response:
    here = ctx(request)
    router = find(here, request.path_params["id"])
    subnet = await _subnet_asked(request, here)
    found = (port for port in interfaces(here, router) if port.network_id == subnet.network_id)
    port = next(found, None)
    if port is None:
        message = f"Router {router.id} has no interface on subnet {subnet.id}"
        raise Fault(404, message, kind="RouterInterfaceNotFoundForSubnet")
    if any(one.router_id == router.id for one in here.region.data.floating_ips.values()):
        message = (
            f"Router interface for subnet {subnet.id} on router {router.id} cannot be deleted, as it is "
            "required by one or more floating IPs."
        )
        raise Fault(409, message, kind="RouterInterfaceInUseByFloatingIP")
    fabric.delete_port(here.world, here.region, port)
    return answer(_interface_row(router, port, subnet))


def routes() -> list[Route]:
    return [
        route("GET", "/v2.0/routers", list_all),
        route("POST", "/v2.0/routers", create),
        route("GET", "/v2.0/routers/{id}", show),
        route("PUT", "/v2.0/routers/{id}", update),
        route("DELETE", "/v2.0/routers/{id}", delete),
        route("PUT", "/v2.0/routers/{id}/add_router_interface", add_interface),
        route("PUT", "/v2.0/routers/{id}/remove_router_interface", remove_interface),
    ]
