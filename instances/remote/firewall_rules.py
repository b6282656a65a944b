"""What firewall rules say of SSH from somewhere, as far as they are known. Pure."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from portal.cloud.types import SecurityGroup, SecurityGroupRule

# unsure: only some addresses are let in, and nobody said whether the portal is among them.
Verdict = Literal["open", "closed", "unsure"]
_TCP = {"tcp", "6"}


@dataclass(frozen=True, slots=True)
class Finding:
    """`allowed`: the blocks that are let in."""

    verdict: Verdict
    allowed: tuple[str, ...] = ()


def judge(
    groups: Iterable[SecurityGroup],
    *,
    port: int,
    sources: Sequence[str],
    member_of: Iterable[str] = (),
    ethertype: str = "IPv4",
) -> Finding:
    """`sources`: every address or block that has to be let in, none: nobody knows them. `member_of`: ids of the groups
    that the source itself is in, where it is a machine of the project."""
    inside = frozenset(member_of)
    rules = [rule for group in groups for rule in group.rules if _lets_in(rule, port)]
    if any(
        _anybody(rule, ethertype) or (rule.remote_group_id and rule.remote_group_id in inside)
        for rule in rules
    ):
        return Finding("open")
    blocks = tuple(sorted({rule.remote_cidr for rule in rules if rule.remote_cidr}))
    if sources:
        covered = all(any(_within(source, block) for block in blocks) for source in sources)
        return Finding("open" if covered else "closed", blocks)
    return Finding("unsure" if blocks else "closed", blocks)


def _lets_in(rule: SecurityGroupRule, port: int) -> bool:
    if rule.direction != "ingress" or (rule.protocol is not None and rule.protocol.lower() not in _TCP):
        return False
    return (rule.port_min is None or rule.port_min <= port) and (
        rule.port_max is None or port <= rule.port_max
    )


def _anybody(rule: SecurityGroupRule, ethertype: str) -> bool:
    return rule.remote_cidr is None and rule.remote_group_id is None and rule.ethertype == ethertype


def _within(source: str, block: str) -> bool:
    """Whatever a cloud writes there that is no block of addresses covers nothing."""
    try:
        inner, outer = ipaddress.ip_network(source, strict=False), ipaddress.ip_network(block, strict=False)
    except ValueError:
        return False
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]
