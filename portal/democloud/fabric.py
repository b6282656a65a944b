"""The network that servers plug into: what Nova asks of Neutron, and Neutron's own handlers share."""

from __future__ import annotations

import ipaddress

from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.model_network import (
    AutoTopology,
    FixedAddress,
    Network,
    Port,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from portal.democloud.reach import tell_guest
from portal.democloud.routing import new_mac, new_uuid
from portal.democloud.state import Region, World


def visible_network(region: Region, project_id: str, network_id: str) -> Network | None:
    network = region.data.networks.get(network_id)
    if network is None or not (network.shared or network.external or network.project_id == project_id):
        return None
    return network


def network_subnets(region: Region, network_id: str) -> list[Subnet]:
    return [subnet for subnet in region.data.subnets.values() if subnet.network_id == network_id]


def free_address(region: Region, subnet: Subnet) -> str:
    """A free address of the subnet; 409 as Neutron's when there is none."""
    address = region.free_address(subnet)
    if address is not None:
        return address
    message = f"No more IP addresses available on network {subnet.network_id}."
    raise Fault(409, message, kind="IpAddressGenerationFailure")


def default_security_group(world: World, region: Region, project_id: str) -> SecurityGroup:
    """Every project has a group `default` from its first use: all out, and in from its own members."""
    for group in region.data.security_groups.values():
        if group.project_id == project_id and group.name == "default":
            return group
    now = second(world.now())
    group = SecurityGroup(new_uuid(), "default", project_id, now, now, "Default security group")
    region.data.security_groups[group.id] = group
    for ethertype in ("IPv4", "IPv6"):
        for direction, remote in (("egress", None), ("ingress", group.id)):
            rule = SecurityGroupRule(
                new_uuid(), group.id, project_id, direction, now, now, ethertype, remote_group_id=remote
            )
            region.data.security_group_rules[rule.id] = rule
    return group


def create_port(
    world: World,
    region: Region,
    network: Network,
    project_id: str,
    *,
    server_id: str = "",
    security_groups: list[str] | None = None,
    ip_address: str | None = None,
    name: str = "",
) -> Port:
    """A port with an address of the network's first subnet; plugged into `server_id` if one is named."""
    subnets = network_subnets(region, network.id)
    fixed = [FixedAddress(s.id, ip_address or free_address(region, s)) for s in subnets[:1]]
    groups = security_groups
    if groups is None:
        groups = [default_security_group(world, region, project_id).id]
    now = second(world.now())
    port = Port(new_uuid(), name, network.id, project_id, new_mac(), fixed, now, now, security_groups=groups)
    if server_id:
        port.device_id, port.device_owner, port.status = server_id, "compute:nova", "ACTIVE"
    region.add_port(port)
    return port


def delete_port(world: World, region: Region, port: Port) -> None:
    """Floating addresses that pointed here stay with the project, pointing nowhere."""
    floating = region.port_floating_ip(port.id)
    if floating is not None:
        region.point_floating_ip(floating, None)
        floating.router_id = None
        floating.updated_at = second(world.now())
        tell_guest(world, region, port.device_id)
    region.drop_port(port)


def external_network(region: Region) -> Network | None:
    return next((network for network in region.data.networks.values() if network.external), None)


def ensure_topology(world: World, region: Region, project_id: str) -> tuple[AutoTopology, bool]:
    """The project's auto-allocated network, subnet and router; True when this call made them."""
    found = region.data.topologies.get(project_id)
    if found is not None and found.network_id in region.data.networks:
        return found, False
    now = second(world.now())
    network = Network(new_uuid(), "auto_allocated_network", project_id, now, now)
    subnet = Subnet(
        id=new_uuid(),
        name="auto_allocated_subnet_v4",
        network_id=network.id,
        project_id=project_id,
        cidr=_free_block(region),
        gateway_ip=None,
        created_at=now,
        updated_at=now,
    )
    hosts = list(ipaddress.ip_network(subnet.cidr).hosts())
    subnet.gateway_ip = str(hosts[0])
    subnet.allocation_pools = [{"start": str(hosts[1]), "end": str(hosts[-1])}]
    external = external_network(region)
    router = Router(
        id=new_uuid(),
        name="auto_allocated_router",
        project_id=project_id,
        created_at=now,
        updated_at=now,
        external_network_id=external.id if external else None,
    )
    region.data.networks[network.id] = network
    region.data.subnets[subnet.id] = subnet
    region.data.routers[router.id] = router
    port = create_port(world, region, network, project_id, ip_address=subnet.gateway_ip, security_groups=[])
    port.device_id, port.device_owner, port.status = router.id, "network:router_interface", "ACTIVE"
    region.index_port(port)
    topology = AutoTopology(project_id, network.id, subnet.id, router.id)
    region.data.topologies[project_id] = topology
    return topology, True


def _free_block(region: Region) -> str:
    """The next /20 of 10.0.0.0/8 that no subnet uses: projects do not overlap, so logs stay readable."""
    used = {subnet.cidr for subnet in region.data.subnets.values()}
    blocks = ipaddress.ip_network("10.0.0.0/8").subnets(new_prefix=20)
    return next(str(block) for block in blocks if str(block) not in used)


def free_floating_address(region: Region, network: Network) -> str:
    """The lowest free address of an external network's pool; 409 as Neutron's when there is none."""
    used = {floating.floating_ip_address for floating in region.data.floating_ips.values()}
    used |= {router.external_ip for router in region.data.routers.values() if router.external_ip}
    for subnet in network_subnets(region, network.id):
        used.add(subnet.gateway_ip or "")
        for pool in subnet.allocation_pools:
            low, high = (int(ipaddress.IPv4Address(pool[end])) for end in ("start", "end"))
            for number in range(low, high + 1):
                if str(ipaddress.IPv4Address(number)) not in used:
                    return str(ipaddress.IPv4Address(number))
    message = f"No more IP addresses available on network {network.id}."
    raise Fault(409, message, kind="IpAddressGenerationFailure")
