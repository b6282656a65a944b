"""Security groups and their rules."""

from __future__ import annotations

import ipaddress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import fabric, neutron_input, neutron_view
from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.model_network import SecurityGroup, SecurityGroupRule
from portal.democloud.neutron_list import listing
from portal.democloud.reach import tell_group
from portal.democloud.routing import Ctx, answer, ctx, empty, new_uuid, route

GROUP_FILTERS = {"id", "name", "description", "project_id", "tenant_id", "shared", "stateful"}
RULE_KNOWN = {"security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max"}
RULE_KNOWN |= {"remote_ip_prefix", "remote_group_id", "remote_address_group_id", "description"}
RULE_FILTERS = RULE_KNOWN | {"id", "project_id", "tenant_id"}
PROTOCOLS = (
    *("ah", "dccp", "egp", "esp", "gre", "hopopt", "icmp", "igmp", "ip", "ipip", "ipv6-encap", "ipv6-frag"),
    *("ipv6-icmp", "icmpv6", "ipv6-nonxt", "ipv6-opts", "ipv6-route", "ospf", "pgm", "rsvp", "sctp", "tcp"),
    *("udp", "udplite", "vrrp"),
)


def find(here: Ctx, group_id: str) -> SecurityGroup:
    found = here.region.data.security_groups.get(group_id)
    if found is None or (found.project_id != here.project_id and not here.admin):
        raise neutron_input.missing("SecurityGroup", group_id)
    return found


def find_rule(here: Ctx, rule_id: str) -> SecurityGroupRule:
    found = here.region.data.security_group_rules.get(rule_id)
    if found is None or (found.project_id != here.project_id and not here.admin):
        raise neutron_input.missing("SecurityGroupRule", rule_id)
    return found


async def list_groups(request: Request) -> Response:
    here = ctx(request)
    fabric.default_security_group(here.world, here.region, here.project_id)
    rows = (
        neutron_view.security_group(here.region, one)
        for one in here.region.data.security_groups.values()
        if here.admin or one.project_id == here.project_id
    )
    return listing(request, "security_groups", rows, GROUP_FILTERS)


async def show_group(request: Request) -> Response:
    here = ctx(request)
    group = find(here, request.path_params["id"])
    return answer({"security_group": neutron_view.security_group(here.region, group)})


async def create_group(request: Request) -> Response:
    here = ctx(request)
    known = {"name", "description", "stateful"}
    wanted = await neutron_input.wanted_of(request, "security_group", known)
    if str(wanted.get("name", "")).lower() == "default":
        message = "Default security group already exists."
        raise Fault(409, message, kind="SecurityGroupDefaultAlreadyExists")
    neutron_input.check_quota(here, "security_group")
    now = second(here.world.now())
    group = SecurityGroup(
        id=new_uuid(),
        name=wanted.get("name") or "",
        project_id=neutron_input.owner_of(here, wanted),
        created_at=now,
        updated_at=now,
        description=wanted.get("description") or "",
    )
    here.region.data.security_groups[group.id] = group
    for ethertype in ("IPv4", "IPv6"):
        rule = SecurityGroupRule(new_uuid(), group.id, group.project_id, "egress", now, now, ethertype)
        here.region.data.security_group_rules[rule.id] = rule
    return answer({"security_group": neutron_view.security_group(here.region, group)}, 201)


async def update_group(request: Request) -> Response:
    here = ctx(request)
    group = find(here, request.path_params["id"])
    wanted = await neutron_input.wanted_of(request, "security_group", {"name", "description", "stateful"})
    if group.name == "default" and wanted.get("name", "default") != "default":
        message = "Updating default security group not allowed."
        raise Fault(409, message, kind="SecurityGroupCannotUpdateDefault")
    group.name = wanted.get("name", group.name)
    group.description = wanted.get("description", group.description)
    group.updated_at = second(here.world.now())
    group.revision_number += 1
    return answer({"security_group": neutron_view.security_group(here.region, group)})


async def delete_group(request: Request) -> Response:
    here = ctx(request)
    group = find(here, request.path_params["id"])
    if group.name == "default" and not here.admin:
        message = "Insufficient rights for removing default security group."
        raise Fault(409, message, kind="SecurityGroupCannotRemoveDefault")
    data = here.region.data
    pointing = any(
        rule.remote_group_id == group.id
        for rule in data.security_group_rules.values()
        if rule.security_group_id != group.id
    )
    if pointing or any(group.id in port.security_groups for port in data.ports.values()):
        raise Fault(409, f"Security Group {group.id} in use.", kind="SecurityGroupInUse")
    for rule in [rule for rule in data.security_group_rules.values() if rule.security_group_id == group.id]:
        del data.security_group_rules[rule.id]
    del data.security_groups[group.id]
    return empty()


def _protocol(wanted: dict[str, Any]) -> str | None:
    value = wanted.get("protocol")
    if value is None:
        return None
    text = str(value).lower()
    if text in PROTOCOLS or (text.isdigit() and int(text) <= 255):
        return text
    message = (
        f"Security group rule protocol {value} not supported. Only protocol values "
        f"{[None, *PROTOCOLS]} and integer representations [0 to 255] are supported."
    )
    raise Fault(400, message, kind="SecurityGroupRuleInvalidProtocol")


def _port_number(wanted: dict[str, Any], name: str) -> int | None:
    value = wanted.get(name)
    if value is None:
        return None
    if not str(value).lstrip("-").isdigit() or not -1 <= int(value) <= 65535:
        raise neutron_input.bad(f"Invalid input for {name}. Reason: Invalid port: {value}.")
    return int(value)


def _ports(wanted: dict[str, Any], protocol: str | None) -> tuple[int | None, int | None]:
    low, high = _port_number(wanted, "port_range_min"), _port_number(wanted, "port_range_max")
    if protocol is None and (low is not None or high is not None):
        message = "Must also specify protocol if port range is given."
        raise Fault(400, message, kind="SecurityGroupProtocolRequiredWithPorts")
    half = (low is None) != (high is None)
    unordered = half or (low is not None and high is not None and low > high)
    if protocol in ("tcp", "udp", "6", "17") and unordered:
        message = "For TCP/UDP protocols, port_range_min must be <= port_range_max"
        raise Fault(400, message, kind="SecurityGroupInvalidPortRange")
    return low, high


def _prefix(wanted: dict[str, Any], ethertype: str) -> str | None:
    value = wanted.get("remote_ip_prefix")
    if value is None:
        return None
    try:
        network = ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        message = f"Invalid CIDR {value} given as IP prefix."
        raise Fault(400, message, kind="InvalidCIDR") from None
    if ethertype != f"IPv{network.version}":
        message = f"Conflicting value ethertype {ethertype} for CIDR {value}"
        raise Fault(400, message, kind="SecurityGroupRuleParameterConflict")
    return str(value)


def _parse(here: Ctx, wanted: dict[str, Any]) -> SecurityGroupRule:
    group = find(here, str(wanted["security_group_id"]))
    direction, ethertype = wanted.get("direction"), wanted.get("ethertype") or "IPv4"
    if direction not in ("ingress", "egress"):
        raise neutron_input.bad(
            f"Invalid input for direction. Reason: '{direction}' is not in ['ingress', 'egress']."
        )
    if ethertype not in ("IPv4", "IPv6"):
        message = (
            f"Security group rule for ethertype '{ethertype}' not supported. "
            "Allowed values are ['IPv4', 'IPv6']."
        )
        raise Fault(400, message, kind="SecurityGroupRuleInvalidEtherType")
    protocol = _protocol(wanted)
    low, high = _ports(wanted, protocol)
    remote_group = wanted.get("remote_group_id")
    if remote_group and wanted.get("remote_ip_prefix"):
        message = "Only remote_ip_prefix or remote_group_id may be provided."
        raise Fault(400, message, kind="SecurityGroupMultipleRemoteEntites")
    now = second(here.world.now())
    return SecurityGroupRule(
        id=new_uuid(),
        security_group_id=group.id,
        project_id=group.project_id,
        direction=direction,
        created_at=now,
        updated_at=now,
        ethertype=ethertype,
        protocol=protocol,
        port_range_min=low,
        port_range_max=high,
        remote_ip_prefix=_prefix(wanted, ethertype),
        remote_group_id=find(here, str(remote_group)).id if remote_group else None,
        description=wanted.get("description") or "",
    )


def _meaning(rule: SecurityGroupRule) -> tuple[Any, ...]:
    """What makes two rules the same to Neutron: all but their descriptions."""
    names = ("security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max")
    return (*(getattr(rule, name) for name in names), rule.remote_ip_prefix, rule.remote_group_id)


async def create_rule(request: Request) -> Response:
    here = ctx(request)
    wanted = await neutron_input.wanted_of(
        request, "security_group_rule", RULE_KNOWN, required=("security_group_id", "direction")
    )
    rule = _parse(here, wanted)
    for other in here.region.data.security_group_rules.values():
        if _meaning(other) == _meaning(rule):
            message = f"Security group rule already exists. Rule id is {other.id}."
            raise Fault(409, message, kind="SecurityGroupRuleExists")
    neutron_input.check_quota(here, "security_group_rule")
    here.region.data.security_group_rules[rule.id] = rule
    here.region.data.security_groups[rule.security_group_id].revision_number += 1
    tell_group(here.world, here.region, rule.security_group_id)
    return answer({"security_group_rule": neutron_view.security_group_rule(here.region, rule)}, 201)


async def delete_rule(request: Request) -> Response:
    here = ctx(request)
    rule = find_rule(here, request.path_params["id"])
    del here.region.data.security_group_rules[rule.id]
    tell_group(here.world, here.region, rule.security_group_id)
    return empty()


async def show_rule(request: Request) -> Response:
    here = ctx(request)
    rule = find_rule(here, request.path_params["id"])
    return answer({"security_group_rule": neutron_view.security_group_rule(here.region, rule)})


async def list_rules(request: Request) -> Response:
    here = ctx(request)
    rows = (
        neutron_view.security_group_rule(here.region, one)
        for one in here.region.data.security_group_rules.values()
        if here.admin or one.project_id == here.project_id
    )
    return listing(request, "security_group_rules", rows, RULE_FILTERS)


def routes() -> list[Route]:
    return [
        route("GET", "/v2.0/security-groups", list_groups),
        route("POST", "/v2.0/security-groups", create_group),
        route("GET", "/v2.0/security-groups/{id}", show_group),
        route("PUT", "/v2.0/security-groups/{id}", update_group),
        route("DELETE", "/v2.0/security-groups/{id}", delete_group),
        route("GET", "/v2.0/security-group-rules", list_rules),
        route("POST", "/v2.0/security-group-rules", create_rule),
        route("GET", "/v2.0/security-group-rules/{id}", show_rule),
        route("DELETE", "/v2.0/security-group-rules/{id}", delete_rule),
    ]
