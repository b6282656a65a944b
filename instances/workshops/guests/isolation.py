"""The firewall rules of a workshop's seats: nobody in but the jump host, by SSH; out to anywhere. Pure."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from portal.cloud.types import SecurityGroupRule

SSH = 22


@dataclass(frozen=True, slots=True)
class Source:
    """Who has to reach the seats: members of the portal's group of jump hosts, or these addresses and blocks.

    `anybody`: seats have addresses of their own, and where the portal's connections come from nobody has said.
    """

    jump_group: bool = False
    addresses: tuple[str, ...] = ()
    port: int = SSH
    anybody: bool = False

    @property
    def key(self) -> str:
        """The same for the same rules."""
        return f"{self.jump_group}|{','.join(sorted(self.addresses))}|{self.port}|{self.anybody}"


def group_name(workshop_id: object) -> str:
    return f"heliosphere-workshop-{workshop_id}"


def rules(source: Source, jump_group_id: str) -> list[SecurityGroupRule]:
    """Nothing names the seats' own group, so that seats do not reach each other."""
    return [*_out(), *_in(source, jump_group_id)]


def _out() -> Iterable[SecurityGroupRule]:
    yield SecurityGroupRule(direction="egress", ethertype="IPv4", description="Seats reach the internet")
    yield SecurityGroupRule(direction="egress", ethertype="IPv6", description="Seats reach the internet")


def _in(source: Source, jump_group_id: str) -> Iterable[SecurityGroupRule]:
    if source.jump_group:
        yield _ssh("IPv4", source.port, group=jump_group_id)
        yield _ssh("IPv6", source.port, group=jump_group_id)
    if source.anybody:
        yield _ssh("IPv4", source.port)
        yield _ssh("IPv6", source.port)
    for address in sorted(set(source.addresses)):
        block = ipaddress.ip_network(address, strict=False)
        yield _ssh("IPv6" if block.version == 6 else "IPv4", source.port, block=str(block))


def _ssh(ethertype: str, port: int, *, group: str = "", block: str | None = None) -> SecurityGroupRule:
    return SecurityGroupRule(
        direction="ingress",
        ethertype="IPv6" if ethertype == "IPv6" else "IPv4",
        protocol="tcp",
        port_min=port,
        port_max=port,
        remote_cidr=block,
        remote_group_id=group or None,
        description="SSH from the jump host" if group or block else "SSH from the portal",
    )
