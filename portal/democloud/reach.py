"""Whether a guest can be reached at its floating address: what its port's security groups let in."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from portal.democloud.model_network import Port, SecurityGroupRule

if TYPE_CHECKING:
    from portal.democloud.state import Region, World

ANYWHERE = (None, "0.0.0.0/0", "127.0.0.0/8", "127.0.0.1/32")
SSH = 22


def reachable_address(region: Region, server_id: str) -> str | None:
    """The floating address that leads to the server's SSH; None without one, or behind a firewall."""
    for port in region.server_ports(server_id):
        floating = region.port_floating_ip(port.id)
        if floating is not None and lets_ssh_in(region, port):
            return floating.floating_ip_address
    return None


def lets_in(region: Region, source_id: str, target_id: str, port: int) -> bool:
    """Whether one server of a project reaches a TCP port of another inside the cloud, by the target's rules."""
    here = region.server_ports(source_id)
    groups = {group for one in here for group in one.security_groups}
    addresses = [ip.ip_address for one in here for ip in one.fixed_ips]
    return any(
        not one.port_security_enabled or _any_lets_in(region, one, groups, addresses, port)
        for one in region.server_ports(target_id)
        if one.admin_state_up
    )


def _any_lets_in(region: Region, target: Port, groups: set[str], addresses: list[str], port: int) -> bool:
    return any(
        _matches(rule, groups, addresses, port)
        for rule in region.data.security_group_rules.values()
        if rule.security_group_id in target.security_groups
    )


def _matches(rule: SecurityGroupRule, groups: set[str], addresses: list[str], port: int) -> bool:
    if rule.direction != "ingress" or rule.protocol not in (None, "tcp", "6"):
        return False
    low, high = rule.port_range_min, rule.port_range_max
    if low is not None and high is not None and not low <= port <= high:
        return False
    if rule.remote_group_id:
        return rule.remote_group_id in groups
    if rule.remote_ip_prefix is None:
        return True
    block = ipaddress.ip_network(rule.remote_ip_prefix, strict=False)
    return any(ipaddress.ip_address(address) in block for address in addresses)


def lets_ssh_in(region: Region, port: Port) -> bool:
    if not port.admin_state_up:
        return False
    if not port.port_security_enabled:
        return True
    return any(
        _opens_ssh(rule)
        for rule in region.data.security_group_rules.values()
        if rule.security_group_id in port.security_groups
    )


def _opens_ssh(rule: SecurityGroupRule) -> bool:
    if rule.direction != "ingress" or rule.ethertype != "IPv4" or rule.remote_group_id:
        return False
    if rule.remote_ip_prefix not in ANYWHERE or rule.protocol not in (None, "tcp", "6"):
        return False
    low, high = rule.port_range_min, rule.port_range_max
    return low is None or high is None or low <= SSH <= high


def tell_guest(world: World, region: Region, server_id: str) -> None:
    """An address, a port or a rule has changed: let the guest listen where it can now be reached."""
    if server_id in region.data.servers:
        world.hypervisor.set_address(server_id, reachable_address(region, server_id))


def tell_group(world: World, region: Region, group_id: str) -> None:
    """The rules of a group have changed: only guests with a floating address can notice."""
    for floating in region.data.floating_ips.values():
        port = region.data.ports.get(floating.port_id or "")
        if port is not None and group_id in port.security_groups:
            tell_guest(world, region, port.device_id)
