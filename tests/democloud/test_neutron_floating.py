from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.democloud.cloud import POOL, Cloud, Person
from tests.democloud.test_neutron_lists import ROOT, make_ports, rows

FLOATING = f"{ROOT}/floatingips"


async def public_id(person: Person) -> str:
    (network,) = await rows(person, "networks", "?name=public")
    found: str = network["id"]
    return found


async def new_floating(person: Person, **more: Any) -> dict[str, Any]:
    wanted = {"floating_network_id": await public_id(person)} | more
    reply = await person.post(FLOATING, {"floatingip": wanted})
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()["floatingip"]
    return found


async def port_of(person: Person, server_id: str) -> str:
    (port,) = await rows(person, "ports", f"?device_id={server_id}")
    found: str = port["id"]
    return found


async def refusal(person: Person, **wanted: Any) -> tuple[int, str]:
    reply = await person.post(FLOATING, {"floatingip": wanted})
    return reply.status_code, reply.json()["NeutronError"]["type"]


async def test_an_address_comes_from_the_pool_and_leads_nowhere(alice: Person) -> None:
    found = await new_floating(alice, description="hi")
    assert found["floating_ip_address"].startswith("127.1.")
    assert found["status"] == "DOWN"
    assert found["description"] == "hi"
    assert found["project_id"] == found["tenant_id"] == alice.project_id
    assert [found[name] for name in ("port_id", "fixed_ip_address", "router_id", "port_details")] == [
        None
    ] * 4
    assert (await alice.get(f"{FLOATING}/{found['id']}")).json()["floatingip"] == found


async def test_addresses_differ_and_none_is_the_gateways(cloud: Cloud, alice: Person) -> None:
    found = [(await new_floating(alice))["floating_ip_address"] for _ in range(5)]
    assert len(set(found)) == 5
    assert str(POOL[1]) not in found


async def test_an_address_is_put_on_a_server_and_taken_off(alice: Person) -> None:
    server_id = await alice.make_server()
    port_id = await port_of(alice, server_id)
    found = await new_floating(alice, port_id=port_id)
    assert found["port_details"]["device_id"] == server_id
    assert found["router_id"] is not None
    addresses = (await alice.server(server_id))["addresses"]["auto_allocated_network"]
    assert [one["OS-EXT-IPS:type"] for one in addresses] == ["fixed", "floating"]
    assert addresses[1]["addr"] == found["floating_ip_address"]
    off = await alice.put(f"{FLOATING}/{found['id']}", {"floatingip": {"port_id": None}})
    assert off.json()["floatingip"]["port_id"] is None
    assert len((await alice.server(server_id))["addresses"]["auto_allocated_network"]) == 1
    again = await alice.put(f"{FLOATING}/{found['id']}", {"floatingip": {"port_id": port_id}})
    assert again.json()["floatingip"]["fixed_ip_address"] == addresses[0]["addr"]


async def test_one_port_has_one_address(alice: Person) -> None:
    port_id = await port_of(alice, await alice.make_server())
    first = await new_floating(alice, port_id=port_id)
    network = await public_id(alice)
    assert await refusal(alice, floating_network_id=network, port_id=port_id) == (
        409,
        "FloatingIPPortAlreadyAssociated",
    )
    second = await new_floating(alice)
    refused = await alice.put(f"{FLOATING}/{second['id']}", {"floatingip": {"port_id": port_id}})
    assert first["id"] not in refused.text
    assert refused.status_code == 409
    assert len(await rows(alice, "floatingips")) == 2, "a refused request leaves nothing behind"


async def test_moving_an_address_frees_the_first_server(alice: Person) -> None:
    ports = [await port_of(alice, await alice.make_server(name)) for name in ("one", "two")]
    found = await new_floating(alice, port_id=ports[0])
    await alice.put(f"{FLOATING}/{found['id']}", {"floatingip": {"port_id": ports[1]}})
    assert (await new_floating(alice, port_id=ports[0]))["port_id"] == ports[0]


async def test_what_is_wrong_is_named(alice: Person, carol: Person) -> None:
    network, inner = await public_id(alice), await make_ports(alice, 0)
    assert await refusal(alice) == (400, "HTTPBadRequest")
    assert await refusal(alice, floating_network_id=inner) == (400, "BadRequest")
    assert await refusal(alice, floating_network_id=network, port_id="nope") == (400, "HTTPBadRequest")
    unknown = "11111111-1111-4111-8111-111111111111"
    assert await refusal(alice, floating_network_id=unknown) == (404, "NetworkNotFound")
    assert await refusal(alice, floating_network_id=network, port_id=unknown) == (404, "PortNotFound")
    theirs = await port_of(carol, await carol.make_server())
    assert await refusal(alice, floating_network_id=network, port_id=theirs) == (404, "PortNotFound")
    asked = {"floating_network_id": network, "floating_ip_address": str(POOL[77])}
    assert await refusal(alice, **asked) == (403, "PolicyNotAuthorized")
    assert await rows(alice, "floatingips") == []


async def test_the_quota_holds(cloud: Cloud, alice: Person) -> None:
    cloud.region.data.quotas.setdefault(alice.project_id, {})["floatingip"] = 2
    for _ in range(2):
        await new_floating(alice)
    assert await refusal(alice, floating_network_id=await public_id(alice)) == (409, "OverQuota")


async def test_an_exhausted_pool_is_told(cloud: Cloud, alice: Person) -> None:
    network = await public_id(alice)
    (subnet,) = [one for one in cloud.region.data.subnets.values() if one.network_id == network]
    subnet.allocation_pools = [{"start": str(POOL[9]), "end": str(POOL[9])}]
    await new_floating(alice)
    assert await refusal(alice, floating_network_id=network) == (409, "IpAddressGenerationFailure")


async def test_strangers_neither_see_nor_take_an_address(alice: Person, bob: Person, carol: Person) -> None:
    found = await new_floating(alice)
    path = f"{FLOATING}/{found['id']}"
    for call in (carol.get(path), carol.delete(path), carol.put(path, {"floatingip": {"port_id": None}})):
        reply = await call
        assert (reply.status_code, reply.json()["NeutronError"]["type"]) == (404, "FloatingIPNotFound")
    assert (await bob.delete(path)).status_code == 204
    assert (await alice.delete(path)).status_code == 404


async def test_an_address_survives_its_server(cloud: Cloud, alice: Person) -> None:
    server_id = await alice.make_server()
    found = await new_floating(alice, port_id=await port_of(alice, server_id))
    await alice.delete(f"/compute/v2.1/servers/{server_id}")
    cloud.advance(10)
    kept = (await alice.get(f"{FLOATING}/{found['id']}")).json()["floatingip"]
    assert (kept["port_id"], kept["status"]) == (None, "DOWN")


@dataclass
class FakeGuests:
    """Remembers where each guest was told to listen."""

    told: list[tuple[str, str | None]] = field(default_factory=list)

    def set_address(self, server_id: str, address: str | None) -> None:
        self.told.append((server_id, address))


@pytest.fixture
def guests(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> FakeGuests:
    fake = FakeGuests()
    monkeypatch.setattr(cloud.world.hypervisor, "set_address", fake.set_address)
    return fake


async def ssh_group(person: Person, **rule: Any) -> str:
    reply = await person.post(f"{ROOT}/security-groups", {"security_group": {"name": "ssh"}})
    group_id: str = reply.json()["security_group"]["id"]
    wanted = {"security_group_id": group_id, "direction": "ingress", "protocol": "tcp"}
    wanted |= {"port_range_min": 22, "port_range_max": 22} | rule
    reply = await person.post(f"{ROOT}/security-group-rules", {"security_group_rule": wanted})
    assert reply.status_code == 201, reply.text
    return group_id


async def test_a_guest_listens_where_its_address_and_its_firewall_let_it(
    alice: Person, guests: FakeGuests
) -> None:
    group = await ssh_group(alice)
    server_id = await alice.make_server(security_groups=[{"name": group}])
    found = await new_floating(alice, port_id=await port_of(alice, server_id))
    assert guests.told[-1] == (server_id, found["floating_ip_address"])
    await alice.put(f"{FLOATING}/{found['id']}", {"floatingip": {"port_id": None}})
    assert guests.told[-1] == (server_id, None)


@pytest.mark.parametrize(
    "rule",
    [
        {"port_range_min": 80, "port_range_max": 443},
        {"protocol": "udp"},
        {"direction": "egress"},
        {"ethertype": "IPv6"},
        {"remote_ip_prefix": "10.0.0.0/8"},
    ],
)
async def test_a_closed_port_22_keeps_a_guest_out_of_reach(
    alice: Person, guests: FakeGuests, rule: dict[str, Any]
) -> None:
    group = await ssh_group(alice, **rule)
    server_id = await alice.make_server(security_groups=[{"name": group}])
    await new_floating(alice, port_id=await port_of(alice, server_id))
    assert guests.told[-1] == (server_id, None)


async def test_opening_and_closing_port_22_reaches_the_guest_at_once(
    alice: Person, guests: FakeGuests
) -> None:
    group = await ssh_group(alice, protocol="udp")
    server_id = await alice.make_server(security_groups=[{"name": group}])
    found = await new_floating(alice, port_id=await port_of(alice, server_id))
    wanted: dict[str, Any] = {"security_group_id": group, "direction": "ingress", "protocol": "tcp"}
    wanted |= {"port_range_min": 1, "port_range_max": 65535}
    opened = await alice.post(f"{ROOT}/security-group-rules", {"security_group_rule": wanted})
    assert guests.told[-1] == (server_id, found["floating_ip_address"])
    await alice.delete(f"{ROOT}/security-group-rules/{opened.json()['security_group_rule']['id']}")
    assert guests.told[-1] == (server_id, None)


async def test_another_group_on_the_port_opens_it(alice: Person, guests: FakeGuests) -> None:
    server_id = await alice.make_server()
    port_id = await port_of(alice, server_id)
    found = await new_floating(alice, port_id=port_id)
    assert guests.told[-1] == (server_id, None), "the default group lets nobody in from outside"
    await alice.put(f"{ROOT}/ports/{port_id}", {"port": {"security_groups": [await ssh_group(alice)]}})
    assert guests.told[-1] == (server_id, found["floating_ip_address"])
    await alice.put(f"{ROOT}/ports/{port_id}", {"port": {"security_groups": []}})
    assert guests.told[-1] == (server_id, None)
    await alice.put(f"{ROOT}/ports/{port_id}", {"port": {"port_security_enabled": False}})
    assert guests.told[-1] == (server_id, found["floating_ip_address"])
