"""Firewall groups: ours made once and kept as it should be, and the groups of a server."""

from dataclasses import replace
from typing import Literal

import pytest

from portal.cloud import networks, servers
from portal.cloud.connection import Cloud
from portal.cloud.schema import SecurityRule
from portal.cloud.security_groups import rule_of
from portal.cloud.types import SecurityGroup, SecurityGroupRule
from portal.core.errors import PortalError
from tests.contract.maker import Maker
from tests.contract.places import Place
from tests.contract.waiting import eventually

SSH = SecurityRule(direction="ingress", protocol="tcp", port_min=22, port_max=22, description="SSH")
PING = SecurityRule(direction="ingress", protocol="icmp", description="ping")
FAMILIES: tuple[Literal["IPv4", "IPv6"], ...] = ("IPv4", "IPv6")
OUT = SecurityRule(direction="egress", description="everything")


def own_group(make: Maker, name: str, *rules: SecurityRule) -> SecurityGroup:
    made = networks.ensure_security_group(make.cloud, name, rules, "for the contract")
    make.undo(lambda: networks.delete_security_group(make.cloud, made.id))
    return made


def test_the_default_group_is_made_once_and_stays(cloud: Cloud, colleague: Cloud) -> None:
    preset = cloud.config.portal.security_group_for(cloud.region)
    group = networks.ensure_security_group(cloud, preset.name, preset.rules, preset.description)
    again = networks.ensure_security_group(colleague, preset.name, preset.rules, preset.description)
    assert again == group
    assert len(group.rules) == len(preset.rules)


def test_a_group_gets_exactly_the_rules_that_are_asked(cloud: Cloud, make: Maker) -> None:
    name = make.name()
    made = own_group(make, name, SSH, OUT)
    assert set(made.rules) == {rule_of(SSH), rule_of(OUT)}
    changed = networks.ensure_security_group(cloud, name, [SSH, PING], "for the contract")
    assert (changed.id, set(changed.rules)) == (made.id, {rule_of(SSH), rule_of(PING)})
    assert networks.ensure_security_group(cloud, name, [SSH, PING]) == changed


def test_another_description_is_another_rule(cloud: Cloud, make: Maker) -> None:
    name = make.name()
    own_group(make, name, SSH)
    other = SSH.model_copy(update={"description": "a shell"})
    changed = networks.ensure_security_group(cloud, name, [other])
    assert set(changed.rules) == {rule_of(other)}


def test_a_rule_for_one_network_only_stays_as_it_is(cloud: Cloud, make: Maker) -> None:
    inside = SSH.model_copy(update={"remote_cidr": "10.0.0.0/8", "description": "from inside"})
    [rule] = own_group(make, make.name(), inside).rules
    assert replace(rule, id="") == SecurityGroupRule(
        direction="ingress",
        ethertype="IPv4",
        protocol="tcp",
        port_min=22,
        port_max=22,
        remote_cidr="10.0.0.0/8",
        description="from inside",
    )


def test_a_group_of_others_is_not_found(make: Maker, stranger: Cloud) -> None:
    group = own_group(make, make.name(), SSH)
    assert group.id not in {one.id for one in networks.list_security_groups(stranger)}


def test_a_server_gets_its_groups_and_more_later(cloud: Cloud, make: Maker, place: Place) -> None:
    preset = cloud.config.portal.security_group_for(cloud.region)
    group = networks.ensure_security_group(cloud, preset.name, preset.rules, preset.description)
    server = make.active_server(security_groups=(group.id,))
    assert servers.security_group_ids(cloud, server.id) == (group.id,)
    [default] = [found for found in networks.list_security_groups(cloud) if found.name == "default"]
    servers.add_security_group(cloud, server.id, default.id)

    def groups() -> set[str]:
        return set(servers.security_group_ids(cloud, server.id))

    eventually(place, groups, lambda seen: seen == {group.id, default.id})
    [port] = networks.list_ports(cloud, server.id)
    assert set(port.security_group_ids) == {group.id, default.id}
    servers.remove_security_group(cloud, server.id, default.id)
    eventually(place, groups, lambda seen: seen == {group.id})
    with pytest.raises(PortalError) as absent:
        servers.add_security_group(cloud, server.id, "no such group")
    assert (absent.value.id, absent.value.outcome) == ("cloud:not-found", "refused")


def seats_group(make: Maker, jump: SecurityGroup) -> SecurityGroup:
    """As a workshop's seats have it: SSH from members of one group, out to anywhere."""
    name = make.name()
    into = [
        SecurityGroupRule(
            direction="ingress",
            ethertype=family,
            protocol="tcp",
            port_min=22,
            port_max=22,
            remote_group_id=jump.id,
            description="SSH from the jump host",
        )
        for family in FAMILIES
    ]
    made = networks.ensure_security_group(make.cloud, name, [*into, rule_of(OUT)], "for the contract")
    make.undo(lambda: networks.delete_security_group(make.cloud, made.id))
    return made


def test_members_of_one_group_are_let_in_and_nobody_else_is(cloud: Cloud, make: Maker) -> None:
    jump = own_group(make, make.name(), SSH)
    seats = seats_group(make, jump)
    inward = [rule for rule in seats.rules if rule.direction == "ingress"]
    assert {(rule.ethertype, rule.remote_group_id) for rule in inward} == {
        ("IPv4", jump.id),
        ("IPv6", jump.id),
    }
    # As far as rules say, no seat reaches another: nothing names the seats' own group, or no group at all.
    assert all(rule.remote_group_id not in (None, seats.id) for rule in inward)
    assert networks.ensure_security_group(cloud, seats.name, seats.rules) == seats


def test_a_group_with_a_machine_in_it_stays_and_goes_once_that_is_gone(
    cloud: Cloud, make: Maker, place: Place
) -> None:
    group = own_group(make, make.name(), SSH)
    server = make.active_server(security_groups=(group.id,))
    assert not networks.delete_security_group(cloud, group.id)
    servers.delete_server(cloud, server.id)
    eventually(place, lambda: networks.delete_security_group(cloud, group.id), bool)
    assert networks.find_security_groups(cloud, group.name) == []
    assert networks.delete_security_group(cloud, group.id), "gone already is gone"
