from __future__ import annotations

from typing import Any

import httpx
import pytest

from portal.democloud import placement
from tests.democloud.cloud import Cloud, Person

GPU = "CUSTOM_PCI_10DE_2330"
ODD = ["VCPU", "VCPU:0", "vcpu:1", "CUSTOM_NOPE:1", "VCPU:1&limit=0"]


async def ask(person: Person, path: str, version: str = "1.29") -> httpx.Response:
    return await person.call("GET", f"/placement{path}", OpenStack_API_Version=f"placement {version}")


async def candidates(person: Person, resources: str, more: str = "") -> dict[str, Any]:
    reply = await ask(person, f"/allocation_candidates?resources={resources}{more}")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def test_the_version_document_needs_no_token(cloud: Cloud) -> None:
    (one,) = (await cloud.http.get("/placement/")).json()["versions"]
    assert (one["max_version"], one["links"][0]["href"]) == ("1.39", "")
    assert (await cloud.http.get("/placement/resource_providers")).status_code == 401


async def test_the_microversion_is_told_and_checked(alice: Person) -> None:
    assert (await ask(alice, "/resource_providers")).headers["openstack-api-version"] == "placement 1.29"
    assert (await ask(alice, "/resource_providers", "latest")).headers[
        "openstack-api-version"
    ] == "placement 1.39"
    for wrong in ("1.40", "2.0", "x"):
        reply = await ask(alice, "/resource_providers", wrong)
        assert (reply.status_code, reply.json()["errors"][0]["status"]) == (406, 406)
    assert (await ask(alice, f"/allocation_candidates?resources={GPU}:1", "1.9")).status_code == 404


async def test_free_gpus_are_counted_and_go_with_each_server(cloud: Cloud, alice: Person) -> None:
    cloud.region.data.quotas[alice.project_id] = {"cores": 1000, "ram": 10_000_000}
    before = await candidates(alice, f"{GPU}:1")
    (host,) = before["provider_summaries"].values()
    assert host["resources"][GPU] == {"capacity": 2, "used": 0}
    server_id = await alice.make_server("one", "g5.xl")
    (host,) = (await candidates(alice, f"{GPU}:1"))["provider_summaries"].values()
    assert host["resources"][GPU]["used"] == 1
    await alice.make_server("two", "g5.xl")
    assert (await candidates(alice, f"{GPU}:1"))["provider_summaries"] == {}
    third = await alice.make_server("three", "g5.xl")
    assert (await alice.server(third))["fault"]["message"] == "No valid host was found. "
    await alice.delete(f"/compute/v2.1/servers/{server_id}")
    cloud.advance(10)
    assert len((await candidates(alice, f"{GPU}:1"))["allocation_requests"]) == 1


async def test_a_candidate_has_room_for_all_that_is_asked(alice: Person) -> None:
    assert (await candidates(alice, f"{GPU}:2,VCPU:48"))["allocation_requests"]
    assert (await candidates(alice, f"{GPU}:2,VCPU:480"))["allocation_requests"] == []
    many = await candidates(alice, "VCPU:1")
    few = await candidates(alice, "VCPU:1", "&limit=3")
    assert len(few["allocation_requests"]) == 3 < len(many["allocation_requests"])


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?resources=VCPU",
        "?resources=VCPU:0",
        "?resources=vcpu:1",
        "?resources=CUSTOM_NOPE:1",
        "?resources=VCPU:1&limit=0",
    ],
)
async def test_odd_questions_are_refused(alice: Person, query: str) -> None:
    reply = await ask(alice, f"/allocation_candidates{query}")
    assert (reply.status_code, reply.json()["errors"][0]["title"]) == (400, "Bad Request")


def test_amounts_are_read() -> None:
    assert placement.amounts("VCPU:2,CUSTOM_A:1") == {"VCPU": 2, "CUSTOM_A": 1}


async def test_a_projects_usage_is_its_own_to_see(alice: Person, carol: Person) -> None:
    await alice.make_server(flavor="m3.quad")
    used = (await ask(alice, f"/usages?project_id={alice.project_id}")).json()["usages"]
    assert used == {"VCPU": 4, "MEMORY_MB": 15 * 1024, "DISK_GB": 20}
    assert (await ask(carol, f"/usages?project_id={alice.project_id}")).status_code == 403
    assert (await ask(alice, "/usages")).status_code == 400


async def test_providers_show_inventories_and_usages(alice: Person) -> None:
    await alice.make_server(flavor="m3.quad")
    found = (await ask(alice, f"/resource_providers?resources={GPU}:1")).json()["resource_providers"]
    (one,) = found
    path = f"/resource_providers/{one['uuid']}"
    assert (await ask(alice, path)).json() == one
    inventories = (await ask(alice, f"{path}/inventories")).json()["inventories"]
    assert (inventories[GPU]["total"], inventories[GPU]["allocation_ratio"]) == (2, 1.0)
    usages = (await ask(alice, f"{path}/usages")).json()["usages"]
    assert usages[GPU] == 0
    assert (await ask(alice, f"/resource_providers?name={one['name']}")).json()["resource_providers"] == found
    assert (await ask(alice, "/resource_providers/nope")).status_code == 404
    classes = (await ask(alice, "/resource_classes")).json()["resource_classes"]
    assert GPU in {row["name"] for row in classes}
