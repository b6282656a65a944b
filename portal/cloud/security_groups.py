"""Security groups (firewall rules)."""

from collections.abc import Iterable
from typing import Any

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, moment, text, texts
from portal.cloud.schema import SecurityRule
from portal.cloud.types import SecurityGroup, SecurityGroupRule
from portal.core.errors import PortalError

_ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})


@translate.translated("network")
def list_security_groups(cloud: Cloud) -> list[SecurityGroup]:
    return _list(cloud, {})


@translate.translated("network")
def ensure_security_group(
    cloud: Cloud, name: str, rules: Iterable[SecurityRule | SecurityGroupRule], description: str = ""
) -> SecurityGroup:
    """Find or make the group and give it exactly these rules.

    Descriptions count: Exosphere compares them and would undo ours. Where several groups have the name
    (portals race), the oldest is the one; use its id, never the name.
    """
    named = find_security_groups(cloud, name)
    group = named[0] if named else _create(cloud, name, description)
    wanted = {rule_of(rule) for rule in rules}
    surplus = [rule for rule in group.rules if rule not in wanted]
    # Neutron ignores descriptions when it looks for duplicates: what goes has to go first.
    for rule in surplus:
        _delete_rule(cloud, rule.id)
    missing = wanted - set(group.rules)
    for rule in sorted(missing, key=repr):
        _add_rule(cloud, group.id, rule)
    if not surplus and not missing:
        return group
    return _group(calls.send(cloud, "network", "GET", f"/security-groups/{group.id}")["security_group"])


@translate.translated("network")
def find_security_groups(cloud: Cloud, name: str) -> list[SecurityGroup]:
    """All of this name, the oldest first."""
    return sorted(_list(cloud, {"name": name}), key=lambda group: (group.created, group.id))


@translate.translated("network")
def delete_security_group(cloud: Cloud, group_id: str) -> bool:
    """False while a port, or a rule of another group, still names it. That it is gone already is fine."""
    try:
        calls.send(cloud, "network", "DELETE", f"/security-groups/{group_id}")
    except PortalError as error:
        if error.id not in ("cloud:not-found", "cloud:conflict"):
            raise
        return error.id == "cloud:not-found"
    return True


def rule_of(rule: SecurityRule | SecurityGroupRule) -> SecurityGroupRule:
    """A rule of the configuration, or one that says more than that can: whose group it lets in."""
    if isinstance(rule, SecurityGroupRule):
        return rule
    return SecurityGroupRule(
        direction=rule.direction,
        ethertype=rule.ethertype,
        protocol=rule.protocol,
        port_min=rule.port_min,
        port_max=rule.port_max,
        remote_cidr=rule.remote_cidr,
        description=rule.description,
    )


def _list(cloud: Cloud, filters: dict[str, str]) -> list[SecurityGroup]:
    params = {"project_id": cloud.project_id, **filters}
    rows = calls.rows(cloud, "network", "/security-groups", "security_groups", params=params)
    found = [_group(row) for row in rows]
    return [group for group in found if filters.get("name", group.name) == group.name]


def _create(cloud: Cloud, name: str, description: str) -> SecurityGroup:
    wanted = {"name": name, "description": description}
    body = calls.send(cloud, "network", "POST", "/security-groups", json={"security_group": wanted})
    return _group(body["security_group"])


def _add_rule(cloud: Cloud, group_id: str, rule: SecurityGroupRule) -> None:
    wanted: dict[str, Any] = {
        "security_group_id": group_id,
        "direction": rule.direction,
        "ethertype": rule.ethertype,
        "protocol": rule.protocol,
        "port_range_min": rule.port_min,
        "port_range_max": rule.port_max,
        "remote_ip_prefix": rule.remote_cidr,
        "description": rule.description,
    }
    if rule.remote_group_id:
        wanted["remote_group_id"] = rule.remote_group_id
    _tolerating("cloud:conflict", cloud, "POST", "/security-group-rules", {"security_group_rule": wanted})


def _delete_rule(cloud: Cloud, rule_id: str) -> None:
    _tolerating("cloud:not-found", cloud, "DELETE", f"/security-group-rules/{rule_id}", None)


def _tolerating(error_id: str, cloud: Cloud, method: str, path: str, json: Any) -> None:
    """Another portal may just have done the same."""
    try:
        calls.send(cloud, "network", method, path, json=json)
    except PortalError as error:
        if error.id != error_id:
            raise


def _group(row: Row) -> SecurityGroup:
    return SecurityGroup(
        id=row["id"],
        name=text(row, "name"),
        description=text(row, "description"),
        rules=tuple(_rule(rule) for rule in row.get("security_group_rules") or ()),
        tags=texts(row.get("tags")),
        created=moment(row["created_at"]),
    )


def _rule(row: Row) -> SecurityGroupRule:
    remote = row.get("remote_ip_prefix")
    return SecurityGroupRule(
        direction=row["direction"],
        ethertype=row["ethertype"],
        protocol=row.get("protocol"),
        port_min=row.get("port_range_min"),
        port_max=row.get("port_range_max"),
        remote_cidr=None if remote in _ANYWHERE else remote,
        remote_group_id=row.get("remote_group_id"),
        description=text(row, "description"),
        id=row["id"],
    )
