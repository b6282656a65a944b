from __future__ import annotations

from typing import Any

import pytest

from tests.democloud.cloud import Cloud, Person
from tests.democloud.test_neutron_lists import ROOT, make_ports, rows

GROUPS = f"{ROOT}/security-groups"
RULES = f"{ROOT}/security-group-rules"


async def new_group(person: Person, name: str = "mine") -> dict[str, Any]:
    reply = await person.post(GROUPS, {"security_group": {"name": name, "description": "x"}})
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()["security_group"]
    return found


async def add(person: Person, group_id: str, **rule: Any) -> tuple[int, dict[str, Any]]:
    wanted = {"security_group_id": group_id, "direction": "ingress"} | rule
    reply = await person.post(RULES, {"security_group_rule": wanted})
    body = reply.json()
    return reply.status_code, body.get("security_group_rule") or body["NeutronError"]


async def test_every_project_has_a_default_group_that_cannot_go(alice: Person) -> None:
    (default,) = await rows(alice, "security-groups", "?name=default")
    shown = {
        (r["direction"], r["ethertype"], bool(r["remote_group_id"])) for r in default["security_group_rules"]
    }
    assert shown == {(d, e, d == "ingress") for d in ("ingress", "egress") for e in ("IPv4", "IPv6")}
    refused = await alice.delete(f"{GROUPS}/{default['id']}")
    assert (refused.status_code, refused.json()["NeutronError"]["type"]) == (
        409,
        "SecurityGroupCannotRemoveDefault",
    )
    again = await alice.post(GROUPS, {"security_group": {"name": "Default"}})
    assert again.json()["NeutronError"]["type"] == "SecurityGroupDefaultAlreadyExists"


async def test_a_new_group_lets_out_and_not_in(alice: Person) -> None:
    group = await new_group(alice)
    assert [(r["direction"], r["ethertype"]) for r in group["security_group_rules"]] == [
        ("egress", "IPv4"),
        ("egress", "IPv6"),
    ]
    assert group["created_at"]
    assert group["tags"] == []


async def test_two_groups_may_have_one_name(alice: Person) -> None:
    first, second = await new_group(alice, "twin"), await new_group(alice, "twin")
    assert first["id"] != second["id"]
    assert len(await rows(alice, "security-groups", "?name=twin")) == 2


async def test_a_rule_is_added_shown_and_taken_away(alice: Person) -> None:
    group = await new_group(alice)
    status, rule = await add(
        alice, group["id"], protocol="tcp", port_range_min=22, port_range_max=22, description="SSH"
    )
    assert status == 201
    assert (rule["protocol"], rule["port_range_min"], rule["description"]) == ("tcp", 22, "SSH")
    shown = (await alice.get(f"{GROUPS}/{group['id']}")).json()["security_group"]
    assert rule["id"] in {one["id"] for one in shown["security_group_rules"]}
    assert (await alice.get(f"{RULES}/{rule['id']}")).status_code == 200
    assert [one["id"] for one in await rows(alice, "security-group-rules", "?protocol=tcp")] == [rule["id"]]
    assert (await alice.delete(f"{RULES}/{rule['id']}")).status_code == 204
    assert (await alice.delete(f"{RULES}/{rule['id']}")).json()["NeutronError"]["message"] == (
        f"Security group rule {rule['id']} does not exist"
    )


async def test_the_same_rule_twice_is_refused_whatever_its_description(alice: Person) -> None:
    group = await new_group(alice)
    _, first = await add(alice, group["id"], protocol="icmp", description="Ping")
    status, error = await add(alice, group["id"], protocol="icmp", description="Ping again")
    assert (status, error["type"]) == (409, "SecurityGroupRuleExists")
    assert error["message"] == f"Security group rule already exists. Rule id is {first['id']}."
    assert (await add(alice, group["id"], protocol="icmp", remote_ip_prefix="10.0.0.0/8"))[0] == 201


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ({"protocol": "tcp", "port_range_min": 30, "port_range_max": 20}, "SecurityGroupInvalidPortRange"),
        ({"protocol": "tcp", "port_range_min": 30}, "SecurityGroupInvalidPortRange"),
        ({"protocol": "tcp", "port_range_min": 0, "port_range_max": 70000}, "HTTPBadRequest"),
        ({"port_range_min": 1, "port_range_max": 2}, "SecurityGroupProtocolRequiredWithPorts"),
        ({"protocol": "bogus"}, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": "300"}, "SecurityGroupRuleInvalidProtocol"),
        ({"remote_ip_prefix": "nope"}, "InvalidCIDR"),
        ({"remote_ip_prefix": "0.0.0.0/0", "ethertype": "IPv6"}, "SecurityGroupRuleParameterConflict"),
        ({"ethertype": "IPv9"}, "SecurityGroupRuleInvalidEtherType"),
        ({"direction": "sideways"}, "HTTPBadRequest"),
        ({"colour": "red"}, "HTTPBadRequest"),
    ],
)
async def test_a_wrong_rule_is_refused_by_kind(alice: Person, rule: dict[str, Any], kind: str) -> None:
    group = await new_group(alice)
    status, error = await add(alice, group["id"], **rule)
    assert (status, error["type"]) == (400, kind)
    shown = (await alice.get(f"{GROUPS}/{group['id']}")).json()["security_group"]
    assert len(shown["security_group_rules"]) == 2


@pytest.mark.parametrize(
    "rule", [{"protocol": "ipv6-icmp", "ethertype": "IPv6"}, {"protocol": "41"}, {"protocol": None}]
)
async def test_protocols_are_names_numbers_or_any(alice: Person, rule: dict[str, Any]) -> None:
    assert (await add(alice, (await new_group(alice))["id"], **rule))[0] == 201


async def test_a_rule_may_name_a_group_of_ones_own_only(alice: Person, carol: Person) -> None:
    mine, theirs = await new_group(alice), await new_group(carol)
    assert (await add(alice, mine["id"], remote_group_id=mine["id"]))[0] == 201
    assert (await add(alice, mine["id"], remote_group_id=theirs["id"]))[0] == 404
    assert (await add(alice, theirs["id"]))[0] == 404


async def test_a_group_in_use_stays(alice: Person) -> None:
    group = await new_group(alice)
    network = await make_ports(alice, 0)
    wanted = {"network_id": network, "security_groups": [group["id"]]}
    port = (await alice.post(f"{ROOT}/ports", {"port": wanted})).json()["port"]
    refused = await alice.delete(f"{GROUPS}/{group['id']}")
    assert (refused.status_code, refused.json()["NeutronError"]["type"]) == (409, "SecurityGroupInUse")
    await alice.delete(f"{ROOT}/ports/{port['id']}")
    assert (await alice.delete(f"{GROUPS}/{group['id']}")).status_code == 204
    assert await rows(alice, "security-group-rules", f"?security_group_id={group['id']}") == []


async def test_a_group_is_renamed_by_its_project_only(alice: Person, carol: Person) -> None:
    group = await new_group(alice)
    body = {"security_group": {"name": "new", "description": "y"}}
    assert (await carol.put(f"{GROUPS}/{group['id']}", body)).status_code == 404
    changed = (await alice.put(f"{GROUPS}/{group['id']}", body)).json()["security_group"]
    assert (changed["name"], changed["description"]) == ("new", "y")
    (default,) = await rows(alice, "security-groups", "?name=default")
    assert (await alice.put(f"{GROUPS}/{default['id']}", body)).status_code == 409


@pytest.mark.parametrize(
    "body", [{}, {"security_group": []}, {"security_group": {"nme": "x"}}, {"security_group": {"name": 7}}]
)
async def test_odd_bodies_are_refused(alice: Person, body: dict[str, Any]) -> None:
    reply = await alice.post(GROUPS, body)
    assert (reply.status_code, reply.json()["NeutronError"]["type"]) == (400, "HTTPBadRequest")


@pytest.mark.parametrize("name", ["security_group", "security_group_rule"])
async def test_quotas_hold(cloud: Cloud, alice: Person, name: str) -> None:
    group = await new_group(alice)
    cloud.region.data.quotas.setdefault(alice.project_id, {})[name] = 0
    if name == "security_group":
        reply = await alice.post(GROUPS, {"security_group": {"name": "more"}})
        status, error = reply.status_code, reply.json()["NeutronError"]
    else:
        status, error = await add(alice, group["id"], protocol="tcp")
    assert (status, error["message"]) == (409, f"Quota exceeded for resources: ['{name}'].")
