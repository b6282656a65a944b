"""Firewall rules that the portal needs for SSH, in groups of its own, so that nobody else's group is changed. Pure."""

import ipaddress
from collections.abc import Iterable

from portal.cloud.schema import SecurityGroupPreset, SecurityRule

# The group of jump hosts; of machines that a narrower firewall kept the portal from; of those behind a jump host.
JUMP_GROUP = "heliosphere-jump"
LET_IN_GROUP = "heliosphere-ssh"
BEHIND_GROUP = "heliosphere-behind-jump"


def jump_group(sources: Iterable[str], port: int) -> SecurityGroupPreset:
    """In: SSH from where the portal's connections come from, and nothing else. Out: anything."""
    out = (
        SecurityRule(direction="egress", description="To the machines behind it, and for updates"),
        SecurityRule(
            direction="egress", ethertype="IPv6", description="To the machines behind it, and for updates"
        ),
    )
    return SecurityGroupPreset(
        name=JUMP_GROUP,
        description="Jump hosts of the portal: SSH in, nothing else",
        rules=(*ssh_from(sources, port, "SSH from the portal"), *out),
    )


def let_in_group(sources: Iterable[str], port: int) -> SecurityGroupPreset:
    return SecurityGroupPreset(
        name=LET_IN_GROUP,
        description="Lets the portal's shells and desktops in by SSH",
        rules=ssh_from(sources, port, "SSH from the portal"),
    )


def behind_group(jump_addresses: Iterable[str]) -> SecurityGroupPreset:
    """For machines that are reached through one with these addresses."""
    return SecurityGroupPreset(
        name=BEHIND_GROUP,
        description="Lets the project's jump host in by SSH",
        rules=ssh_from(jump_addresses, 22, "SSH from the jump host"),
    )


def ssh_from(sources: Iterable[str], port: int, description: str) -> tuple[SecurityRule, ...]:
    """No source: from anywhere."""
    blocks = [ipaddress.ip_network(source, strict=False) for source in sources]
    given: list[tuple[str, str | None]] = [(f"IPv{block.version}", str(block)) for block in blocks]
    known = given or [("IPv4", None), ("IPv6", None)]
    return tuple(
        SecurityRule.model_validate(
            {
                "direction": "ingress",
                "ethertype": ethertype,
                "protocol": "tcp",
                "port_min": port,
                "port_max": port,
                "remote_cidr": cidr,
                "description": description,
            }
        )
        for ethertype, cidr in known
    )
