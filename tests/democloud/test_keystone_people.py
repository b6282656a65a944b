from __future__ import annotations

import pytest

from tests.democloud.cloud import Cloud, Person

V3 = "/identity/v3"


@pytest.mark.parametrize(
    "path", ["projects", "users", "roles", "domains", "role_assignments", "services", "endpoints"]
)
async def test_lists_of_everything_are_the_admins(alice: Person, admin: Person, path: str) -> None:
    refused, allowed = await alice.get(f"{V3}/{path}"), await admin.get(f"{V3}/{path}")
    assert refused.status_code == 403
    assert "not authorized to perform the requested action: identity:list_" in refused.text
    assert allowed.status_code == 200
    assert len(allowed.json()[path]) >= 2


async def test_regions_are_open_to_everybody(alice: Person) -> None:
    reply = await alice.get(f"{V3}/regions")
    assert [one["id"] for one in reply.json()["regions"]] == ["IU", "TACC"]


async def test_one_sees_oneself_and_nobody_else(alice: Person, bob: Person) -> None:
    own = await alice.get(f"{V3}/users/{alice.user_id}")
    other = await alice.get(f"{V3}/users/{bob.user_id}")
    assert own.json()["user"]["name"] == "alice"
    assert other.status_code == 403


async def test_one_lists_ones_own_projects_and_not_anothers(alice: Person, bob: Person) -> None:
    own = await alice.get(f"{V3}/users/{alice.user_id}/projects")
    other = await alice.get(f"{V3}/users/{bob.user_id}/projects")
    assert [one["name"] for one in own.json()["projects"]] == ["BIO220047", "CIS220046"]
    assert other.status_code == 403


async def test_a_project_shows_its_title_to_its_members_only(alice: Person, carol: Person) -> None:
    seen = await alice.get(f"{V3}/projects/{alice.project_id}")
    hidden = await carol.get(f"{V3}/projects/{alice.project_id}")
    missing = await carol.get(f"{V3}/projects/nosuch")
    assert seen.json()["project"]["description"] == "Genome assembly of prairie grasses"
    assert (hidden.status_code, missing.status_code) == (403, 403)


async def test_only_an_admin_can_ask_who_is_in_a_project(alice: Person, admin: Person) -> None:
    query = f"{V3}/role_assignments?scope.project.id={alice.project_id}&include_names"
    seen, refused = await admin.get(query), await alice.get(query)
    names = {(one["user"]["name"], one["role"]["name"]) for one in seen.json()["role_assignments"]}
    assert names == {("alice", "manager"), ("alice", "member"), ("bob", "member"), ("olivia", "reader")}
    assert refused.status_code == 403


async def test_the_catalogues_services_and_endpoints_are_listed_for_admins(admin: Person) -> None:
    services = (await admin.get(f"{V3}/services")).json()["services"]
    endpoints = (await admin.get(f"{V3}/endpoints")).json()["endpoints"]
    assert {one["service_id"] for one in endpoints} == {one["id"] for one in services}
    assert len(endpoints) == len(services) * 6


async def test_an_admin_gives_and_takes_a_role(
    cloud: Cloud, admin: Person, carol: Person, alice: Person
) -> None:
    role = next(one.id for one in cloud.world.identity.roles.values() if one.name == "member")
    path = f"{V3}/projects/{alice.project_id}/users/{carol.user_id}/roles/{role}"
    assert (await admin.call("PUT", path)).status_code == 204
    await cloud.login("carol", "BIO220047")
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.delete(path)).status_code == 404
    assert not cloud.world.roles_of(carol.user_id, alice.project_id)


async def test_a_manager_may_not_give_roles(cloud: Cloud, alice: Person, carol: Person) -> None:
    role = next(iter(cloud.world.identity.roles))
    path = f"{V3}/projects/{alice.project_id}/users/{carol.user_id}/roles/{role}"
    assert (await alice.call("PUT", path)).status_code == 403


async def test_a_role_cannot_be_given_to_nobody(cloud: Cloud, admin: Person, alice: Person) -> None:
    role = next(iter(cloud.world.identity.roles))
    path = f"{V3}/projects/{alice.project_id}/users/nobody/roles/{role}"
    reply = await admin.call("PUT", path)
    assert reply.json()["error"]["message"] == "Could not find user: nobody."


async def test_a_list_can_be_narrowed_to_a_name(admin: Person) -> None:
    reply = await admin.get(f"{V3}/users?name=dave")
    assert [one["name"] for one in reply.json()["users"]] == ["dave"]
