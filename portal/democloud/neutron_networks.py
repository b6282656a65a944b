"""Networks and subnets."""

from __future__ import annotations

import ipaddress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import fabric, neutron_input, neutron_view
from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.model_network import Network, Subnet
from portal.democloud.neutron_list import listing
from portal.democloud.routing import Ctx, answer, ctx, empty, new_uuid, route

NETWORK_KNOWN = {"name", "description", "admin_state_up", "shared", "mtu", "port_security_enabled"}
NETWORK_KNOWN |= {"router:external", "availability_zone_hints", "dns_domain"}
NETWORK_FILTERS = {"id", "name", "status", "admin_state_up", "shared", "router:external", "description"}
NETWORK_FILTERS |= {"project_id", "tenant_id", "is_default", "mtu"}
SUBNET_KNOWN = {"name", "description", "network_id", "cidr", "ip_version", "gateway_ip", "enable_dhcp"}
SUBNET_KNOWN |= {"dns_nameservers", "allocation_pools", "host_routes", "use_default_subnetpool"}
SUBNET_FILTERS = {"id", "name", "network_id", "cidr", "ip_version", "gateway_ip", "enable_dhcp"}
SUBNET_FILTERS |= {"project_id", "tenant_id", "description"}


def find_network(here: Ctx, network_id: str) -> Network:
    found = here.region.data.networks.get(network_id)
    if found is None or not (here.admin or fabric.visible_network(here.region, here.project_id, network_id)):
        raise neutron_input.missing("Network", network_id)
    return found


def _own_network(here: Ctx, network_id: str, rule: str) -> Network:
    network = find_network(here, network_id)
    if network.project_id != here.project_id and not here.admin:
        raise Fault(403, f"rule:{rule} is disallowed by policy", kind="PolicyNotAuthorized")
    return network


def find_subnet(here: Ctx, subnet_id: str) -> Subnet:
    found = here.region.data.subnets.get(subnet_id)
    if found is None or (found.project_id != here.project_id and not here.admin and not _shared(here, found)):
        raise neutron_input.missing("Subnet", subnet_id)
    return found


def _shared(here: Ctx, subnet: Subnet) -> bool:
    network = here.region.data.networks.get(subnet.network_id)
    return network is not None and network.shared


async def list_networks(request: Request) -> Response:
    here = ctx(request)
    rows = (
        neutron_view.network(here.region, one)
        for one in here.region.data.networks.values()
        if here.admin or fabric.visible_network(here.region, here.project_id, one.id)
    )
    rows = (
        row | {"is_default": row.get("is_default", False)} if "is_default" in request.query_params else row
        for row in rows
    )
    return listing(request, "networks", rows, NETWORK_FILTERS)


async def show_network(request: Request) -> Response:
    here = ctx(request)
    network = find_network(here, request.path_params["id"])
    return answer({"network": neutron_view.network(here.region, network)})


async def create_network(request: Request) -> Response:
    here = ctx(request)
    wanted = await neutron_input.wanted_of(request, "network", NETWORK_KNOWN)
    for name in ("shared", "router:external"):
        if wanted.get(name) and not here.admin:
            message = f"(rule:create_network and rule:create_network:{name}) is disallowed by policy"
            raise Fault(403, message, kind="PolicyNotAuthorized")
    neutron_input.check_quota(here, "network")
    now = second(here.world.now())
    owner = neutron_input.owner_of(here, wanted)
    network = Network(new_uuid(), wanted.get("name") or "", owner, now, now)
    network.shared, network.external = bool(wanted.get("shared")), bool(wanted.get("router:external"))
    network.description = wanted.get("description") or ""
    here.region.data.networks[network.id] = network
    return answer({"network": neutron_view.network(here.region, network)}, 201)


async def update_network(request: Request) -> Response:
    here = ctx(request)
    network = _own_network(here, request.path_params["id"], "update_network")
    wanted = await neutron_input.wanted_of(request, "network", {"name", "description", "admin_state_up"})
    network.name = wanted.get("name", network.name)
    network.description = wanted.get("description", network.description) or ""
    network.updated_at = second(here.world.now())
    return answer({"network": neutron_view.network(here.region, network)})


async def delete_network(request: Request) -> Response:
    here = ctx(request)
    network = _own_network(here, request.path_params["id"], "delete_network")
    ports = [port.id for port in here.region.data.ports.values() if port.network_id == network.id]
    if ports:
        message = (
            f"Unable to complete operation on network {network.id}. There are one or more ports still in use "
            f"on the network, id for these ports is: {','.join(ports)}."
        )
        raise Fault(409, message, kind="NetworkInUse")
    for subnet in fabric.network_subnets(here.region, network.id):
        del here.region.data.subnets[subnet.id]
    del here.region.data.networks[network.id]
    return empty()


async def list_subnets(request: Request) -> Response:
    here = ctx(request)
    rows = (
        neutron_view.subnet(here.region, one)
        for one in here.region.data.subnets.values()
        if here.admin or one.project_id == here.project_id or _shared(here, one)
    )
    return listing(request, "subnets", rows, SUBNET_FILTERS)


async def show_subnet(request: Request) -> Response:
    here = ctx(request)
    subnet = find_subnet(here, request.path_params["id"])
    return answer({"subnet": neutron_view.subnet(here.region, subnet)})


def _block(wanted: dict[str, Any]) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        block = ipaddress.ip_network(str(wanted["cidr"]))
    except ValueError:
        reason = f"'{wanted['cidr']}' is not a valid IP subnet."
        raise neutron_input.bad(f"Invalid input for cidr. Reason: {reason}") from None
    if block.num_addresses < 4:
        raise neutron_input.bad(f"Invalid input for cidr. Reason: '{block}' is too small.")
    return block


async def create_subnet(request: Request) -> Response:
    here = ctx(request)
    wanted = await neutron_input.wanted_of(request, "subnet", SUBNET_KNOWN, required=("network_id", "cidr"))
    network = _own_network(here, str(wanted["network_id"]), "create_subnet")
    block = _block(wanted)
    for other in fabric.network_subnets(here.region, network.id):
        if ipaddress.ip_network(other.cidr).overlaps(block):
            message = (
                f"Invalid input for operation: Requested subnet with cidr: {block} for network: {network.id} "
                "overlaps with another subnet."
            )
            raise Fault(400, message, kind="InvalidInput")
    neutron_input.check_quota(here, "subnet")
    now = second(here.world.now())
    gateway = neutron_input.address_of(wanted.get("gateway_ip") or block[1], "gateway_ip")
    subnet = Subnet(
        id=new_uuid(),
        name=wanted.get("name") or "",
        network_id=network.id,
        project_id=network.project_id,
        cidr=str(block),
        gateway_ip=gateway,
        created_at=now,
        updated_at=now,
        ip_version=block.version,
        enable_dhcp=wanted.get("enable_dhcp", True) is True,
        allocation_pools=[{"start": str(block[2]), "end": str(block[-2])}],
        description=wanted.get("description") or "",
    )
    here.region.data.subnets[subnet.id] = subnet
    return answer({"subnet": neutron_view.subnet(here.region, subnet)}, 201)


async def delete_subnet(request: Request) -> Response:
    here = ctx(request)
    subnet = find_subnet(here, request.path_params["id"])
    _own_network(here, subnet.network_id, "delete_subnet")
    ports = here.region.data.ports.values()
    if any(ip.subnet_id == subnet.id for port in ports for ip in port.fixed_ips):
        message = (
            f"Unable to complete operation on subnet {subnet.id}: One or more ports have an IP allocation "
            "from this subnet."
        )
        raise Fault(409, message, kind="SubnetInUse")
    del here.region.data.subnets[subnet.id]
    return empty()


def routes() -> list[Route]:
    return [
        route("GET", "/v2.0/networks", list_networks),
        route("POST", "/v2.0/networks", create_network),
        route("GET", "/v2.0/networks/{id}", show_network),
        route("PUT", "/v2.0/networks/{id}", update_network),
        route("DELETE", "/v2.0/networks/{id}", delete_network),
        route("GET", "/v2.0/subnets", list_subnets),
        route("POST", "/v2.0/subnets", create_subnet),
        route("GET", "/v2.0/subnets/{id}", show_subnet),
        route("DELETE", "/v2.0/subnets/{id}", delete_subnet),
    ]
