"""Floating addresses."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import fabric, neutron_input, neutron_view
from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.model_network import FloatingIP, Network, Port
from portal.democloud.neutron_list import listing
from portal.democloud.reach import tell_guest
from portal.democloud.routing import Ctx, answer, ctx, empty, new_uuid, route
from portal.democloud.state import Region

KNOWN = {"floating_network_id", "port_id", "fixed_ip_address", "description", "floating_ip_address"}
KNOWN |= {"dns_name", "dns_domain", "subnet_id", "qos_policy_id"}
FILTERS = {"id", "floating_ip_address", "floating_network_id", "router_id", "port_id", "fixed_ip_address"}
FILTERS |= {"status", "description", "project_id", "tenant_id"}


def find(here: Ctx, floating_id: str) -> FloatingIP:
    found = here.region.data.floating_ips.get(floating_id)
    if found is None or (found.project_id != here.project_id and not here.admin):
        raise neutron_input.missing("FloatingIP", floating_id)
    return found


def _external(here: Ctx, wanted: dict[str, Any]) -> Network:
    network_id = str(neutron_input.uuid_of(wanted, "floating_network_id"))
    network = fabric.visible_network(here.region, here.project_id, network_id)
    if network is None:
        raise neutron_input.missing("Network", network_id)
    if not network.external:
        message = f"Bad floatingip request: Network {network.id} is not a valid external network."
        raise Fault(400, message, kind="BadRequest")
    return network


def _port(here: Ctx, wanted: dict[str, Any], floating: FloatingIP) -> Port | None:
    """The port to lead to, checked: one's own, with an address, on a router, and without another float."""
    port_id = neutron_input.uuid_of(wanted, "port_id")
    if port_id is None:
        return None
    port = here.region.data.ports.get(port_id)
    if port is None or (port.project_id != here.project_id and not here.admin):
        raise neutron_input.missing("Port", port_id)
    if not port.fixed_ips:
        reason = f"Cannot add floating IP to port {port.id} that has no fixed IPv4 addresses."
        message = f"Bad floatingip request: {reason}"
        raise Fault(400, message, kind="BadRequest")
    other = here.region.port_floating_ip(port.id)
    if other is not None and other.id != floating.id:
        message = (
            f"Cannot associate floating IP {floating.floating_ip_address} ({floating.id}) with port "
            f"{port.id} using fixed IP {port.fixed_ips[0].ip_address}, as that fixed IP already has a "
            f"floating IP on external network {floating.floating_network_id}."
        )
        raise Fault(409, message, kind="FloatingIPPortAlreadyAssociated")
    return port


def _router_of(region: Region, port: Port, external_id: str) -> str:
    inside = {one.device_id for one in region.data.ports.values() if one.network_id == port.network_id}
    for router in region.data.routers.values():
        if router.id in inside and router.external_network_id == external_id:
            return router.id
    message = (
        f"External network {external_id} is not reachable from subnet {port.fixed_ips[0].subnet_id}.  "
        f"Therefore, cannot associate Port {port.id} with a Floating IP."
    )
    raise Fault(404, message, kind="ExternalGatewayForFloatingIPNotFound")


def point(here: Ctx, floating: FloatingIP, port: Port | None) -> None:
    """Let the address lead to the port or nowhere, and tell the guests at both ends."""
    router_id = _router_of(here.region, port, floating.floating_network_id) if port else None
    before = here.region.data.ports.get(floating.port_id or "")
    here.region.point_floating_ip(floating, port)
    floating.router_id = router_id
    floating.updated_at = second(here.world.now())
    floating.revision_number += 1
    for one in (before, port):
        if one is not None:
            tell_guest(here.world, here.region, one.device_id)


async def create(request: Request) -> Response:
    here = ctx(request)
    wanted = await neutron_input.wanted_of(request, "floatingip", KNOWN, required=("floating_network_id",))
    network = _external(here, wanted)
    if wanted.get("floating_ip_address") and not here.admin:
        rules = "(rule:create_floatingip and rule:create_floatingip:floating_ip_address)"
        raise Fault(403, f"{rules} is disallowed by policy", kind="PolicyNotAuthorized")
    neutron_input.check_quota(here, "floatingip")
    now = second(here.world.now())
    free = fabric.free_floating_address(here.region, network)
    floating = FloatingIP(
        id=new_uuid(),
        floating_ip_address=str(wanted.get("floating_ip_address") or free),
        floating_network_id=network.id,
        project_id=neutron_input.owner_of(here, wanted),
        created_at=now,
        updated_at=now,
        description=wanted.get("description") or "",
        revision_number=0,
    )
    port = _port(here, wanted, floating)
    if port is not None:
        _router_of(here.region, port, network.id)
    here.region.data.floating_ips[floating.id] = floating
    if port is not None:
        point(here, floating, port)
    return answer({"floatingip": neutron_view.floatingip(here.region, floating)}, 201)


async def update(request: Request) -> Response:
    here = ctx(request)
    floating = find(here, request.path_params["id"])
    wanted = await neutron_input.wanted_of(
        request, "floatingip", {"port_id", "fixed_ip_address", "description"}
    )
    if "port_id" in wanted:
        point(here, floating, _port(here, wanted, floating))
    if "description" in wanted:
        floating.description = wanted["description"] or ""
        floating.revision_number += 1
    return answer({"floatingip": neutron_view.floatingip(here.region, floating)})


async def delete(request: Request) -> Response:
    here = ctx(request)
    floating = find(here, request.path_params["id"])
    if floating.port_id:
        point(here, floating, None)
    del here.region.data.floating_ips[floating.id]
    return empty()


async def show(request: Request) -> Response:
    here = ctx(request)
    return answer({"floatingip": neutron_view.floatingip(here.region, find(here, request.path_params["id"]))})


async def list_all(request: Request) -> Response:
    here = ctx(request)
    rows = (
        neutron_view.floatingip(here.region, one)
        for one in here.region.data.floating_ips.values()
        if here.admin or one.project_id == here.project_id
    )
    return listing(request, "floatingips", rows, FILTERS)


def routes() -> list[Route]:
    return [
        route("GET", "/v2.0/floatingips", list_all),
        route("POST", "/v2.0/floatingips", create),
        route("GET", "/v2.0/floatingips/{id}", show),
        route("PUT", "/v2.0/floatingips/{id}", update),
        route("DELETE", "/v2.0/floatingips/{id}", delete),
    ]
