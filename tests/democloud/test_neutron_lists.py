from __future__ import annotations

from typing import Any

import pytest

from tests.democloud.cloud import Cloud, Person

ROOT = "/network/v2.0"
TAGGED = ["networks", "ports", "security-groups", "floatingips", "routers", "subnets"]


async def rows(person: Person, kind: str, query: str = "") -> list[dict[str, Any]]:
    reply = await person.get(f"{ROOT}/{kind}{query}")
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()[kind.replace("-", "_")]
    return found


async def make_ports(person: Person, count: int) -> str:
    network = (await person.get(f"{ROOT}/auto-allocated-topology/{person.project_id}")).json()
    network_id: str = network["auto_allocated_topology"]["id"]
    for number in range(count):
        wanted = {"port": {"network_id": network_id, "name": f"port-{number}"}}
        assert (await person.post(f"{ROOT}/ports", wanted)).status_code == 201
    return network_id


async def test_the_version_document_needs_no_token(cloud: Cloud) -> None:
    reply = await cloud.http.get("/network/")
    assert reply.status_code == 200
    link = reply.json()["versions"][0]["links"][0]["href"]
    assert link == "http://cloud.test/network/v2.0/"


async def test_every_list_needs_a_token(cloud: Cloud) -> None:
    for kind in ("networks", "subnets", "ports", "routers", "floatingips", "security-groups"):
        assert (await cloud.http.get(f"{ROOT}/{kind}")).status_code == 401


async def test_an_unknown_filter_is_refused_by_name(alice: Person) -> None:
    reply = await alice.get(f"{ROOT}/networks?foo=bar")
    assert reply.status_code == 400
    assert reply.json() == {
        "NeutronError": {
            "type": "HTTPBadRequest",
            "message": "['foo'] is invalid attribute for filtering",
            "detail": "",
        }
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?name=public", ["public"]),
        ("?router:external=true", ["public"]),
        ("?router:external=False", ["auto_allocated_network"]),
        ("?name=public&name=auto_allocated_network&sort_key=name", ["auto_allocated_network", "public"]),
        ("?sort_key=name&sort_dir=desc", ["public", "auto_allocated_network"]),
        ("?name=none", []),
        ("?is_default=true", ["public"]),
    ],
)
async def test_filters_and_order(alice: Person, query: str, names: list[str]) -> None:
    await make_ports(alice, 0)
    assert [row["name"] for row in await rows(alice, "networks", query)] == names


async def test_fields_cut_the_rows(alice: Person) -> None:
    found = await rows(alice, "networks", "?fields=id&fields=name")
    assert all(set(row) == {"id", "name"} for row in found)


async def test_pages_follow_their_links_to_the_end(alice: Person) -> None:
    await make_ports(alice, 5)
    path, seen, asked = f"{ROOT}/ports?limit=2", [], 0
    while path:
        body = (await alice.get(path)).json()
        seen += [row["id"] for row in body["ports"]]
        links = {link["rel"]: link["href"] for link in body.get("ports_links", [])}
        path = links.get("next", "").removeprefix("http://cloud.test")
        asked += 1
        assert asked < 10
    assert len(seen) == len(set(seen)) == 6
    assert seen == [row["id"] for row in await rows(alice, "ports")]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?limit=x", 400),
        ("?limit=-1", 400),
        ("?marker=nope", 404),
        ("?sort_key=foo", 400),
        ("?sort_dir=asc&sort_key=id", 200),
    ],
)
async def test_odd_pages_are_refused(alice: Person, query: str, status: int) -> None:
    assert (await alice.get(f"{ROOT}/ports{query}")).status_code == status


async def test_ports_are_found_by_address_and_by_server(alice: Person) -> None:
    await make_ports(alice, 3)
    one = next(row for row in await rows(alice, "ports") if row["name"] == "port-1")
    address = one["fixed_ips"][0]["ip_address"]
    assert [r["id"] for r in await rows(alice, "ports", f"?fixed_ips=ip_address={address}")] == [one["id"]]
    server_id = await alice.make_server()
    found = await rows(alice, "ports", f"?device_id={server_id}")
    assert [row["device_owner"] for row in found] == ["compute:nova"]
    assert await rows(alice, "ports", "?device_id=nobody") == []


async def test_a_projects_objects_are_hidden_from_another(alice: Person, carol: Person) -> None:
    await make_ports(alice, 1)
    for kind in ("ports", "subnets", "routers", "security-groups"):
        (mine, *_) = await rows(alice, kind)
        assert mine["id"] not in {row["id"] for row in await rows(carol, kind)}
        assert (await alice.get(f"{ROOT}/{kind}/{mine['id']}")).status_code == 200
        assert (await carol.get(f"{ROOT}/{kind}/{mine['id']}")).status_code == 404


async def test_an_administrator_sees_everybodys(alice: Person, admin: Person) -> None:
    await make_ports(alice, 1)
    assert {row["project_id"] for row in await rows(admin, "ports")} >= {alice.project_id}


async def test_the_external_network_is_everybodys_to_see_and_nobodys_to_delete(alice: Person) -> None:
    (public,) = await rows(alice, "networks", "?name=public")
    assert public["router:external"] is True
    refused = await alice.delete(f"{ROOT}/networks/{public['id']}")
    assert (refused.status_code, refused.json()["NeutronError"]["type"]) == (403, "PolicyNotAuthorized")


@pytest.mark.parametrize(
    "kind", ["networks", "ports", "security-groups", "floatingips", "routers", "subnets"]
)
async def test_tags_come_and_go_and_filter(alice: Person, kind: str) -> None:
    await make_ports(alice, 1)
    if kind == "floatingips":
        (public,) = await rows(alice, "networks", "?name=public")
        await alice.post(f"{ROOT}/floatingips", {"floatingip": {"floating_network_id": public["id"]}})
    one = next(row for row in await rows(alice, kind) if row.get("name") != "public")
    path = f"{ROOT}/{kind}/{one['id']}/tags"
    assert (await alice.put(path, {"tags": ["b", "a"]})).json() == {"tags": ["b", "a"]}
    assert (await alice.put(f"{path}/exo:preset")).status_code == 201
    assert (await alice.get(path)).json() == {"tags": ["a", "b", "exo:preset"]}
    assert (await alice.get(f"{path}/a")).status_code == 204
    assert (await alice.get(f"{path}/zz")).json()["NeutronError"]["type"] == "TagNotFound"
    assert [row["id"] for row in await rows(alice, kind, "?tags=a,b")] == [one["id"]]
    assert await rows(alice, kind, "?tags=a,zz") == []
    assert [row["id"] for row in await rows(alice, kind, "?tags-any=a,zz")] == [one["id"]]
    assert one["id"] not in {row["id"] for row in await rows(alice, kind, "?not-tags=a")}
    assert (await alice.delete(f"{path}/a")).status_code == 204
    assert (await alice.delete(f"{path}/a")).status_code == 404
    assert (await alice.delete(path)).status_code == 204
    assert (await alice.get(path)).json() == {"tags": []}


@pytest.mark.parametrize("tags", ["a", [1], ["x" * 61], [""], None, [f"t{n}" for n in range(51)]])
async def test_odd_tags_are_refused(alice: Person, tags: object) -> None:
    (group, *_) = await rows(alice, "security-groups")
    assert (await alice.put(f"{ROOT}/security-groups/{group['id']}/tags", {"tags": tags})).status_code == 400


async def test_strangers_cannot_tag(alice: Person, carol: Person) -> None:
    (group, *_) = await rows(alice, "security-groups")
    assert (await carol.put(f"{ROOT}/security-groups/{group['id']}/tags/x")).status_code == 404


async def test_extensions_are_listed_and_unknown_ones_are_404(alice: Person) -> None:
    found = await rows(alice, "extensions")
    assert {"auto-allocated-topology", "quota_details", "standard-attr-tag"} <= {
        row["alias"] for row in found
    }
    assert (await alice.get(f"{ROOT}/extensions/router")).json()["extension"]["alias"] == "router"
    assert (await alice.get(f"{ROOT}/extensions/trunk")).status_code == 404


async def test_what_is_lacking_says_so(alice: Person) -> None:
    reply = await alice.get(f"{ROOT}/trunks")
    assert reply.status_code == 501
    assert "GET /network/v2.0/trunks" in reply.json()["NeutronError"]["message"]
