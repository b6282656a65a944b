"""Networks of the demo: the external one of each region, and Exosphere's security group."""

from __future__ import annotations

import ipaddress

from portal.democloud.clock import second
from portal.democloud.model_network import Network, SecurityGroup, SecurityGroupRule, Subnet
from portal.democloud.routing import new_uuid
from portal.democloud.seed_catalogue import OPERATOR_PROJECT, stable_hex, stable_uuid
from portal.democloud.state import Region, World

# Description, direction, ethertype, protocol, lowest and highest port: exactly Exosphere's.
EXOSPHERE_RULES: tuple[tuple[str, str, str, str | None, int | None, int | None], ...] = (
    ("SSH", "ingress", "IPv4", "tcp", 22, 22),
    ("SSH IPv6", "ingress", "IPv6", "tcp", 22, 22),
    ("Ping", "ingress", "IPv4", "icmp", None, None),
    ("Ping IPv6", "ingress", "IPv6", "ipv6-icmp", None, None),
    ("Mosh", "ingress", "IPv4", "udp", 60000, 61000),
    ("Expose all incoming ports", "ingress", "IPv4", "tcp", None, None),
    ("Allow all outgoing IPv4 traffic", "egress", "IPv4", None, None, None),
    ("Allow all outgoing IPv6 traffic", "egress", "IPv6", None, None, None),
)


def external_blocks(world: World, pool: ipaddress.IPv4Network) -> dict[str, ipaddress.IPv4Network]:
    """The pool of floating addresses, shared out evenly between the regions."""
    bits = max(len(world.regions) - 1, 0).bit_length()
    return dict(zip(world.regions, pool.subnets(prefixlen_diff=bits), strict=False))


def external_network(world: World, region: Region, block: ipaddress.IPv4Network) -> None:
    """The network `public` and its subnet; on a world that has them, the subnet's block is moved."""
    now = second(world.now())
    operator = stable_hex("project", OPERATOR_PROJECT)
    network_id = stable_uuid(region.name, "network", "public")
    subnet_id = stable_uuid(region.name, "subnet", "public")
    pool = [{"start": str(block[2]), "end": str(block[-2])}]
    existing = region.data.subnets.get(subnet_id)
    if existing is not None:
        _move(region, existing, block)
        existing.allocation_pools = pool
        return
    region.data.networks[network_id] = Network(
        network_id, "public", operator, now, now, external=True, is_default=True
    )
    region.data.subnets[subnet_id] = Subnet(
        subnet_id,
        "public-subnet",
        network_id,
        operator,
        str(block),
        str(block[1]),
        now,
        now,
        enable_dhcp=False,
        allocation_pools=pool,
    )


def _move(region: Region, subnet: Subnet, block: ipaddress.IPv4Network) -> None:
    """After a restart another demo may hold our addresses: ours keep their place in the new block."""
    old = ipaddress.IPv4Network(subnet.cidr)
    if old == block:
        return
    subnet.cidr, subnet.gateway_ip = str(block), str(block[1])

    def moved(address: str) -> str:
        return str(block[int(ipaddress.IPv4Address(address)) - int(old[0])])

    for floating in region.data.floating_ips.values():
        floating.floating_ip_address = moved(floating.floating_ip_address)
        port = region.data.ports.get(floating.port_id or "")
        if port is not None:
            region.forget_rendering(port.device_id)
    for router in region.data.routers.values():
        if router.external_ip is not None:
            router.external_ip = moved(router.external_ip)


def exosphere_group(world: World, region: Region, project_id: str) -> SecurityGroup:
    now = second(world.now())
    group = SecurityGroup(new_uuid(), "exosphere", project_id, now, now, "Exosphere's default group")
    region.data.security_groups[group.id] = group
    for description, direction, ethertype, protocol, low, high in EXOSPHERE_RULES:
        rule = SecurityGroupRule(
            new_uuid(), group.id, project_id, direction, now, now, ethertype, protocol, low, high
        )
        rule.description = description
        region.data.security_group_rules[rule.id] = rule
    return group
