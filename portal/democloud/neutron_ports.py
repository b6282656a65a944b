"""Ports."""

from __future__ import annotations

import ipaddress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import fabric, neutron_groups, neutron_input, neutron_view
from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.model_network import Network, Port
from portal.democloud.neutron_list import listing
from portal.democloud.reach import tell_guest
from portal.democloud.routing import Ctx, answer, ctx, empty, route

CHANGEABLE = {"name", "description", "security_groups", "admin_state_up", "port_security_enabled"}
CHANGEABLE |= {"allowed_address_pairs"}
KNOWN = CHANGEABLE | {
    "network_id",
    "fixed_ips",
    "device_id",
    "device_owner",
    "mac_address",
    "binding:vnic_type",
}
KNOWN |= {"binding:host_id", "dns_name", "tags", "binding:profile"}
FILTERS = {"id", "name", "network_id", "device_id", "device_owner", "mac_address", "status", "fixed_ips"}
FILTERS |= {"admin_state_up", "security_groups", "project_id", "tenant_id", "description"}


def find(here: Ctx, port_id: str) -> Port:
    found = here.region.data.ports.get(port_id)
    if found is None or (found.project_id != here.project_id and not here.admin):
        raise neutron_input.missing("Port", port_id)
    return found


async def list_all(request: Request) -> Response:
    here = ctx(request)
    device_ids = request.query_params.getlist("device_id")
    if device_ids and "" not in device_ids:
        ports = [port for one in device_ids for port in here.region.server_ports(one)]
    else:
        ports = list(here.region.data.ports.values())
    rows = (
        neutron_view.port(here.region, port)
        for port in ports
        if here.admin or port.project_id == here.project_id
    )
    return listing(request, "ports", rows, FILTERS)


async def show(request: Request) -> Response:
    here = ctx(request)
    return answer({"port": neutron_view.port(here.region, find(here, request.path_params["id"]))})


def _groups(here: Ctx, wanted: dict[str, Any]) -> list[str] | None:
    given = wanted.get("security_groups")
    if given is None:
        return None
    if not isinstance(given, list):
        raise neutron_input.bad(f"Invalid input for security_groups. Reason: '{given}' is not a list.")
    return [neutron_groups.find(here, str(one)).id for one in given]


def _fixed_address(here: Ctx, network: Network, wanted: dict[str, Any]) -> str | None:
    """The address asked for, free and within the network; None lets the cloud choose."""
    given = wanted.get("fixed_ips")
    first = given[0] if isinstance(given, list) and given and isinstance(given[0], dict) else {}
    if "ip_address" not in first:
        return None
    address = neutron_input.address_of(first["ip_address"], "ip_address")
    subnets = fabric.network_subnets(here.region, network.id)
    if not any(ipaddress.ip_address(address) in ipaddress.ip_network(subnet.cidr) for subnet in subnets):
        message = f"IP address {address} is not a valid IP for any of the subnets on the specified network."
        raise Fault(400, message, kind="InvalidIpForNetwork")
    for port in here.region.data.ports.values():
        if port.network_id == network.id and any(one.ip_address == address for one in port.fixed_ips):
            message = f"IP address {address} already allocated in subnet {subnets[0].id}"
            raise Fault(409, message, kind="IpAddressAlreadyAllocated")
    return address


async def create(request: Request) -> Response:
    here = ctx(request)
    wanted = await neutron_input.wanted_of(request, "port", KNOWN, required=("network_id",))
    network_id = str(neutron_input.uuid_of(wanted, "network_id"))
    network = fabric.visible_network(here.region, here.project_id, network_id)
    if network is None:
        raise neutron_input.missing("Network", network_id)
    if network.external and not here.admin:
        message = "(rule:create_port and rule:create_port:network) is disallowed by policy"
        raise Fault(403, message, kind="PolicyNotAuthorized")
    neutron_input.check_quota(here, "port")
    port = fabric.create_port(
        here.world,
        here.region,
        network,
        neutron_input.owner_of(here, wanted),
        security_groups=_groups(here, wanted),
        ip_address=_fixed_address(here, network, wanted),
        name=wanted.get("name") or "",
    )
    _change(port, {key: value for key, value in wanted.items() if key in CHANGEABLE - {"security_groups"}})
    return answer({"port": neutron_view.port(here.region, port)}, 201)


def _change(port: Port, wanted: dict[str, Any]) -> None:
    port.name = wanted.get("name", port.name)
    port.description = wanted.get("description", port.description) or ""
    port.admin_state_up = wanted.get("admin_state_up", port.admin_state_up) is True
    port.port_security_enabled = wanted.get("port_security_enabled", port.port_security_enabled) is True
    pairs = wanted.get("allowed_address_pairs", port.allowed_address_pairs)
    port.allowed_address_pairs = pairs if isinstance(pairs, list) else []


async def update(request: Request) -> Response:
    here = ctx(request)
    port = find(here, request.path_params["id"])
    wanted = await neutron_input.wanted_of(request, "port", CHANGEABLE)
    groups = _groups(here, wanted)
    _change(port, wanted)
    port.security_groups = port.security_groups if groups is None else groups
    port.updated_at = second(here.world.now())
    port.revision_number += 1
    here.region.forget_rendering(port.device_id)
    tell_guest(here.world, here.region, port.device_id)
    return answer({"port": neutron_view.port(here.region, port)})


async def delete(request: Request) -> Response:
    here = ctx(request)
    port = find(here, request.path_params["id"])
    if port.device_owner.startswith("network:router_interface"):
        reason = f"has device owner {port.device_owner}."
        message = f"Port {port.id} cannot be deleted directly via the port API: {reason}"
        raise Fault(409, message, kind="ServicePortInUse")
    fabric.delete_port(here.world, here.region, port)
    return empty()


def routes() -> list[Route]:
    return [
        route("GET", "/v2.0/ports", list_all),
        route("POST", "/v2.0/ports", create),
        route("GET", "/v2.0/ports/{id}", show),
        route("PUT", "/v2.0/ports/{id}", update),
        route("DELETE", "/v2.0/ports/{id}", delete),
    ]
