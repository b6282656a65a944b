"""The default firewall group is what portal.yaml says, to the letter, whoever else plays with it."""

from typing import Any

import pytest

from portal.cloud import networks
from portal.cloud.connection import Cloud
from portal.cloud.schema import SecurityGroupPreset, SecurityRule
from portal.cloud.security_groups import rule_of
from portal.core.errors import PortalError
from tests.portal.cloud.bodies import group, rule
from tests.portal.cloud.stub import PROJECT, Answer, Stub

V2 = "/network/v2.0"
SSH = SecurityRule(direction="ingress", protocol="tcp", port_min=22, port_max=22, description="SSH")
PING = SecurityRule(direction="ingress", protocol="icmp", description="Ping")
SSH_BODY = {
    "security_group_id": "sg-1",
    "direction": "ingress",
    "ethertype": "IPv4",
    "protocol": "tcp",
    "port_range_min": 22,
    "port_range_max": 22,
    "remote_ip_prefix": None,
    "description": "SSH",
}


def have(stub: Stub, *groups: dict[str, Any]) -> None:
    stub.on("GET", f"{V2}/security-groups", Answer(200, {"security_groups": list(groups)}))
    for found in groups:
        stub.on("GET", f"{V2}/security-groups/{found['id']}", Answer(200, {"security_group": found}))
    stub.on("POST", f"{V2}/security-group-rules", Answer(201, {"security_group_rule": rule(99)}))
    for number in range(9):
        stub.on("DELETE", f"{V2}/security-group-rules/rule-{number}", Answer(204))


def changes(stub: Stub) -> list[tuple[str, str]]:
    return [(seen.method, seen.path.removeprefix(V2)) for seen in stub.seen if seen.method != "GET"]


def ensure(cloud: Cloud, *rules: SecurityRule) -> str:
    return networks.ensure_security_group(cloud, "exosphere", rules).id


def test_groups_are_read_with_their_rules(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(1, rule(1), tags=["exo:preset"]))
    [found] = networks.list_security_groups(cloud)
    assert (found.name, found.tags, len(found.rules)) == ("exosphere", ("exo:preset",), 1)
    assert stub.seen[-1].query == {"project_id": PROJECT}


def test_a_group_as_it_should_be_is_left_alone(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(1, rule(1)))
    assert ensure(cloud, SSH) == "sg-1"
    assert changes(stub) == []


def test_an_absent_group_is_made_with_its_rules(cloud: Cloud, stub: Stub) -> None:
    have(stub)
    made = group(
        1,
        rule(1, direction="egress", protocol=None, port_range_min=None, port_range_max=None, description=""),
    )
    stub.on("POST", f"{V2}/security-groups", Answer(201, {"security_group": made}))
    stub.on("GET", f"{V2}/security-groups/sg-1", Answer(200, {"security_group": made}))
    assert ensure(cloud, SSH) == "sg-1"
    assert changes(stub) == [
        ("POST", "/security-groups"),
        ("DELETE", "/security-group-rules/rule-1"),  # Neutron's own, without our description
        ("POST", "/security-group-rules"),
    ]
    assert stub.only("POST", "/security-group-rules").json == {"security_group_rule": SSH_BODY}


def test_a_foreign_rule_is_removed(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(1, rule(1), rule(2, port_range_min=3306, port_range_max=3306)))
    ensure(cloud, SSH)
    assert changes(stub) == [("DELETE", "/security-group-rules/rule-2")]


def test_a_missing_rule_is_added(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(1, rule(1)))
    ensure(cloud, SSH, PING)
    assert changes(stub) == [("POST", "/security-group-rules")]
    assert stub.only("POST", "/security-group-rules").json["security_group_rule"]["protocol"] == "icmp"


def test_another_description_is_another_rule(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(1, rule(1, description="ssh")))
    ensure(cloud, SSH)
    # The old one goes first: Neutron would call the new one a duplicate.
    assert changes(stub) == [("DELETE", "/security-group-rules/rule-1"), ("POST", "/security-group-rules")]


def test_no_description_and_an_empty_one_are_the_same(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(1, rule(1, description=None)))
    ensure(cloud, SSH.model_copy(update={"description": ""}))
    assert changes(stub) == []


@pytest.mark.parametrize("anywhere", ["0.0.0.0/0", "::/0", None])
def test_everywhere_is_everywhere_however_it_is_written(
    cloud: Cloud, stub: Stub, anywhere: str | None
) -> None:
    have(stub, group(1, rule(1, remote_ip_prefix=anywhere)))
    ensure(cloud, SSH)
    assert changes(stub) == []


def test_a_narrower_source_is_another_rule(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(1, rule(1, remote_ip_prefix="10.0.0.0/8")))
    ensure(cloud, SSH)
    assert [method for method, _ in changes(stub)] == ["DELETE", "POST"]


def test_of_several_groups_with_the_name_the_oldest_is_used(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(2, rule(2)), group(1, rule(1)))
    assert ensure(cloud, SSH) == "sg-1"


def test_a_group_of_another_name_is_not_touched_when_the_filter_was_ignored(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(1, rule(1), name="default"))
    stub.on("POST", f"{V2}/security-groups", Answer(201, {"security_group": group(2, rule(2))}))
    assert ensure(cloud, SSH) == "sg-2"


def test_two_portals_at_once_do_no_harm(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(1, rule(7)))
    stub.on("DELETE", f"{V2}/security-group-rules/rule-7", Answer(404, {"NeutronError": {"message": "gone"}}))
    exists = {"NeutronError": {"type": "SecurityGroupRuleExists", "message": "already exists"}}
    stub.on("POST", f"{V2}/security-group-rules", Answer(409, exists))
    assert ensure(cloud, PING) == "sg-1"


def test_a_rule_quota_is_not_mistaken_for_an_existing_rule(cloud: Cloud, stub: Stub) -> None:
    have(stub, group(1))
    over = {
        "NeutronError": {
            "type": "OverQuota",
            "message": "Quota exceeded for resources: ['security_group_rule'].",
        }
    }
    stub.on("POST", f"{V2}/security-group-rules", Answer(409, over))
    with pytest.raises(PortalError) as refused:
        ensure(cloud, PING)
    assert (refused.value.id, refused.value.params["resource"]) == ("cloud:quota", "security_group_rule")


def test_the_default_preset_is_exospheres() -> None:
    rules = [rule_of(entry) for entry in SecurityGroupPreset().rules]
    told = {(r.direction, r.ethertype, r.protocol, r.port_min, r.port_max, r.description) for r in rules}
    assert told == {
        ("ingress", "IPv4", "tcp", 22, 22, "SSH"),
        ("ingress", "IPv6", "tcp", 22, 22, "SSH IPv6"),
        ("ingress", "IPv4", "icmp", None, None, "Ping"),
        ("ingress", "IPv6", "ipv6-icmp", None, None, "Ping IPv6"),
        ("ingress", "IPv4", "udp", 60000, 61000, "Mosh"),
        ("ingress", "IPv4", "tcp", None, None, "Expose all incoming ports"),
        ("egress", "IPv4", None, None, None, "Allow all outgoing IPv4 traffic"),
        ("egress", "IPv6", None, None, None, "Allow all outgoing IPv6 traffic"),
    }
