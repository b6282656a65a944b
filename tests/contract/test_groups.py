"""Firewall groups: ours made once and kept as it should be, and the groups of a server."""

from dataclasses import replace

import pytest

from portal.cloud import networks, servers
from portal.cloud.calls import send
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
OUT = SecurityRule(direction="egress", description="everything")


def own_group(make: Maker, name: str, *rules: SecurityRule) -> SecurityGroup:
    made = networks.ensure_security_group(make.cloud, name, rules, "for the contract")
    make.undo(lambda: send(make.cloud, "network", "DELETE", f"/security-groups/{made.id}"))
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
