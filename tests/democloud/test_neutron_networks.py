from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from portal.democloud import neutron_project
from tests.democloud.cloud import Cloud, Person
from tests.democloud.test_neutron_floating import new_floating, public_id
from tests.democloud.test_neutron_lists import ROOT, make_ports, rows


async def new(person: Person, kind: str, **wanted: Any) -> dict[str, Any]:
    reply = await person.post(f"{ROOT}/{kind}s", {kind: wanted})
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()[kind]
    return found


def kind_of(reply: httpx.Response) -> str:
    found: str = reply.json()["NeutronError"]["type"]
    return found


async def refused(person: Person, kind: str, **wanted: Any) -> tuple[int, str]:
    reply = await person.post(f"{ROOT}/{kind}s", {kind: wanted})
    return reply.status_code, reply.json()["NeutronError"]["type"]


async def test_a_topology_is_made_once_and_slowly(
    cloud: Cloud, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neutron_project, "FIRST_TOPOLOGY_SECONDS", 2.4)
    cloud.world.clock.speed = 20.0
    path = f"{ROOT}/auto-allocated-topology/{alice.project_id}"
    begun = time.monotonic()
    first = (await alice.get(path)).json()["auto_allocated_topology"]
    taken = time.monotonic() - begun
    assert 0.1 < taken < 1.0
    assert first["project_id"] == alice.project_id
    assert (await alice.get(path)).json()["auto_allocated_topology"] == first
    (router,) = await rows(alice, "routers")
    assert router["external_gateway_info"]["external_fixed_ips"][0]["ip_address"].startswith("127.1.")
    (subnet,) = await rows(alice, "subnets")
    assert (subnet["name"], subnet["network_id"]) == ("auto_allocated_subnet_v4", first["id"])


@pytest.mark.parametrize("method", ["get", "delete"])
async def test_another_projects_topology_is_not_ours_to_ask_for(
    alice: Person, carol: Person, method: str
) -> None:
    reply = await getattr(alice, method)(f"{ROOT}/auto-allocated-topology/{carol.project_id}")
    assert (reply.status_code, reply.json()["NeutronError"]["type"]) == (403, "NotAuthorized")


async def test_a_dry_run_makes_nothing(alice: Person) -> None:
    path = f"{ROOT}/auto-allocated-topology/{alice.project_id}"
    reply = await alice.get(f"{path}?fields=dry-run")
    assert reply.json()["auto_allocated_topology"]["id"] == "dry-run=pass"
    assert await rows(alice, "routers") == []


async def test_a_topology_goes_when_nothing_hangs_on_it(cloud: Cloud, alice: Person) -> None:
    path = f"{ROOT}/auto-allocated-topology/{alice.project_id}"
    server_id = await alice.make_server()
    assert kind_of(await alice.delete(path)) == "NetworkInUse"
    await alice.delete(f"/compute/v2.1/servers/{server_id}")
    cloud.advance(10)
    for _ in range(2):
        assert (await alice.delete(path)).status_code == 204
    assert await rows(alice, "routers") == []


async def test_a_network_with_subnet_and_router_is_built_and_taken_down(alice: Person) -> None:
    network = await new(alice, "network", name="lab")
    subnet = await new(alice, "subnet", name="lab-v4", network_id=network["id"], cidr="192.168.7.0/24")
    assert (subnet["gateway_ip"], subnet["allocation_pools"]) == (
        "192.168.7.1",
        [{"start": "192.168.7.2", "end": "192.168.7.254"}],
    )
    router = await new(alice, "router", external_gateway_info={"network_id": await public_id(alice)})
    added = await alice.put(
        f"{ROOT}/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]}
    )
    assert added.json()["subnet_id"] == subnet["id"]
    port = await new(alice, "port", network_id=network["id"])
    assert port["fixed_ips"][0]["ip_address"] == "192.168.7.2"
    floating = await new_floating(alice, port_id=port["id"])
    assert floating["router_id"] == router["id"]
    path = f"{ROOT}/routers/{router['id']}/remove_router_interface"
    held = await alice.put(path, {"subnet_id": subnet["id"]})
    assert kind_of(held) == "RouterInterfaceInUseByFloatingIP"
    assert (await alice.delete(f"{ROOT}/routers/{router['id']}")).json()["NeutronError"][
        "type"
    ] == "RouterInUse"
    assert (await alice.delete(f"{ROOT}/networks/{network['id']}")).json()["NeutronError"][
        "type"
    ] == "NetworkInUse"
    await alice.delete(f"{ROOT}/floatingips/{floating['id']}")
    await alice.delete(f"{ROOT}/ports/{port['id']}")
    assert (await alice.put(path, {"subnet_id": subnet["id"]})).status_code == 200
    for kind, one in (("routers", router), ("subnets", subnet), ("networks", network)):
        assert (await alice.delete(f"{ROOT}/{kind}/{one['id']}")).status_code == 204
        assert (await alice.get(f"{ROOT}/{kind}/{one['id']}")).status_code == 404


async def test_an_address_needs_a_router_to_the_outside(alice: Person) -> None:
    network = await new(alice, "network", name="island")
    await new(alice, "subnet", network_id=network["id"], cidr="192.168.7.0/24")
    port = await new(alice, "port", network_id=network["id"])
    found = await refused(alice, "floatingip", floating_network_id=await public_id(alice), port_id=port["id"])
    assert found == (404, "ExternalGatewayForFloatingIPNotFound")


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        ({"cidr": "nope"}, "HTTPBadRequest"),
        ({"cidr": "10.0.0.0/31"}, "HTTPBadRequest"),
        ({"cidr": "192.168.7.128/25"}, "InvalidInput"),
        ({}, "HTTPBadRequest"),
        ({"cidr": "10.9.0.0/24", "gateway_ip": "x"}, "HTTPBadRequest"),
    ],
)
async def test_a_wrong_subnet_is_refused(alice: Person, wanted: dict[str, Any], kind: str) -> None:
    network = await new(alice, "network", name="lab")
    await new(alice, "subnet", network_id=network["id"], cidr="192.168.7.0/24")
    assert await refused(alice, "subnet", network_id=network["id"], **wanted) == (400, kind)


@pytest.mark.parametrize("name", ["shared", "router:external"])
async def test_only_an_administrator_shares_a_network(alice: Person, admin: Person, name: str) -> None:
    assert await refused(alice, "network", **{name: True}) == (403, "PolicyNotAuthorized")
    shared = await new(admin, "network", name="for-all", **{name: True})
    assert shared["id"] in {row["id"] for row in await rows(alice, "networks")}


async def test_a_port_takes_the_address_asked_for_if_it_is_free(alice: Person) -> None:
    network = await make_ports(alice, 0)
    address = (await rows(alice, "subnets"))[0]["cidr"].replace(".0/20", ".77")
    fixed = [{"ip_address": address}]
    port = await new(alice, "port", network_id=network, fixed_ips=fixed)
    assert port["fixed_ips"][0]["ip_address"] == address
    assert await refused(alice, "port", network_id=network, fixed_ips=fixed) == (
        409,
        "IpAddressAlreadyAllocated",
    )
    outside = [{"ip_address": "8.8.8.8"}]
    assert await refused(alice, "port", network_id=network, fixed_ips=outside) == (400, "InvalidIpForNetwork")


async def test_ports_on_foreign_or_external_networks_are_refused(alice: Person, carol: Person) -> None:
    theirs = await make_ports(carol, 0)
    assert await refused(alice, "port", network_id=theirs) == (404, "NetworkNotFound")
    assert await refused(alice, "port", network_id=await public_id(alice)) == (403, "PolicyNotAuthorized")
    assert await refused(alice, "port") == (400, "HTTPBadRequest")


async def test_a_routers_port_cannot_be_deleted_by_hand(alice: Person) -> None:
    await make_ports(alice, 0)
    (port,) = await rows(alice, "ports", "?device_owner=network:router_interface")
    reply = await alice.delete(f"{ROOT}/ports/{port['id']}")
    assert (reply.status_code, reply.json()["NeutronError"]["type"]) == (409, "ServicePortInUse")


async def test_names_are_changed_by_their_project_only(alice: Person, carol: Person) -> None:
    network = await new(alice, "network", name="lab")
    router = await new(alice, "router", name="lab")
    port = await new(alice, "port", network_id=await make_ports(alice, 0))
    for kind, one in (("network", network), ("router", router), ("port", port)):
        path, body = f"{ROOT}/{kind}s/{one['id']}", {kind: {"name": "new", "description": "d"}}
        assert (await carol.put(path, body)).status_code == 404
        assert (await alice.put(path, body)).json()[kind]["name"] == "new"


async def test_quotas_are_shown_with_what_is_used(cloud: Cloud, alice: Person, carol: Person) -> None:
    await make_ports(alice, 2)
    await new_floating(alice)
    path = f"{ROOT}/quotas/{alice.project_id}"
    limits = (await alice.get(path)).json()["quota"]
    details = (await alice.get(f"{path}/details")).json()["quota"]
    assert details["floatingip"] == {"limit": limits["floatingip"], "used": 1, "reserved": 0}
    assert details["port"]["used"] == 3
    assert (await alice.get(f"{path}/default")).json()["quota"]["network"] == 100
    assert (await carol.get(f"{path}/details")).status_code == 403


@pytest.mark.parametrize("kind", ["network", "router", "port", "subnet"])
async def test_each_quota_holds(cloud: Cloud, alice: Person, kind: str) -> None:
    network = await make_ports(alice, 0)
    cloud.region.data.quotas.setdefault(alice.project_id, {})[kind] = 0
    wanted = {"port": {"network_id": network}, "subnet": {"network_id": network, "cidr": "10.250.0.0/24"}}
    assert await refused(alice, kind, **wanted.get(kind, {"name": "x"})) == (409, "OverQuota")
