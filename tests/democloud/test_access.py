"""The demo's ACCESS: keys, lists, the time that changes take, and its refusals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from portal.democloud import access_keys, persistence
from portal.democloud.access_members import provided
from portal.democloud.clock import Clock
from portal.democloud.seed_identity import project_id, user_id
from tests.democloud.cloud import Cloud, Person

USERS = "/access/acdb/usermanagement/v1/users"
RESOURCE = access_keys.RESOURCE


@pytest.fixture
def keyed(cloud: Cloud) -> Cloud:
    cloud.world.access_keys = {agent: f"key-of-{agent}" for agent in access_keys.AGENTS}
    return cloud


def headers(agent: str, **other: str) -> dict[str, str]:
    found = {"XA-AGENT": agent, "XA-RESOURCE": RESOURCE, "XA-API-KEY": f"key-of-{agent}"}
    return found | {name.replace("_", "-"): value for name, value in other.items()}


async def get(cloud: Cloud, path: str, agent: str = "usermanagement", **other: str) -> httpx.Response:
    return await cloud.http.get(path, headers=headers(agent, **other))


async def change(
    cloud: Cloud, what: str, *names: str, grant: str = "BIO220047", **body: Any
) -> httpx.Response:
    given = {"comment": "c", "usernames": list(names), **body}
    return await cloud.http.post(f"{USERS}/{grant}/{what}", json=given, headers=headers("usermanagement"))


async def states(cloud: Cloud, grant: str = "BIO220047") -> dict[str, str]:
    rows = (await get(cloud, f"{USERS}/{grant}")).json()["result"]
    return {row["username"]: row["spState"] for row in rows}


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({"XA_API_KEY": ""}, 401),
        ({"XA_API_KEY": "nonsense"}, 401),
        ({"XA_API_KEY": "key-of-userinfo"}, 403),
        ({"XA_AGENT": "userinfo"}, 403),
        ({"XA_RESOURCE": "another.resource"}, 403),
        ({}, 200),
    ],
)
async def test_a_key_opens_one_api_for_one_agent_and_resource(
    keyed: Cloud, other: dict[str, str], status: int
) -> None:
    reply = await get(keyed, f"{USERS}/BIO220047", **other)
    assert reply.status_code == status
    assert ("error" in reply.json()) == (status != 200)


async def test_members_are_those_of_the_seed(keyed: Cloud) -> None:
    assert await states(keyed) == {
        "alice": "active",
        "hiro": "active",
        "bob": "active",
        "priya": "pending-active",
    }
    rows = (await get(keyed, f"{USERS}/BIO220047")).json()["result"]
    assert {row["username"]: row["role"] for row in rows}["hiro"] == "co_pi"
    keyed.world.access.tells_roles = False
    rows = (await get(keyed, f"{USERS}/BIO220047")).json()["result"]
    assert all("role" not in row for row in rows)


async def test_the_seed_agrees_with_keystone(keyed: Cloud) -> None:
    """Whoever is active at ACCESS and has a Keystone user of that name holds a role in the project."""
    names = {user.name for user in keyed.world.identity.users.values()}
    active = [one for one in keyed.world.access.seats if one.sp_state == "active" and one.username in names]
    assert len(active) > 5
    for seat in active:
        assert keyed.world.roles_of(user_id(seat.username), project_id(seat.grant)), seat


async def test_who_manages_what_is_told(keyed: Cloud) -> None:
    async def managed(name: str) -> list[str]:
        rows = (await get(keyed, f"{USERS}/{name}/projects_managed")).json()["result"]
        return sorted(row["grantNumber"] for row in rows)

    assert await managed("alice") == ["BIO220047", "CIS220046"]
    assert await managed("wnguyen") == ["TRA220028"]
    assert await managed("dave") == []
    assert (await get(keyed, f"{USERS}/nobody/projects_managed")).status_code == 404


async def test_unknown_projects_are_not_found(keyed: Cloud) -> None:
    assert (await get(keyed, f"{USERS}/XYZ999999")).status_code == 404
    assert (await change(keyed, "add_multiple", "newbie", grant="XYZ999999")).status_code == 404


async def test_added_people_are_pending_until_the_provider_has_made_their_account(keyed: Cloud) -> None:
    reply = await change(keyed, "add_multiple", "newbie", "jnovak")
    assert reply.status_code == 200
    assert (await states(keyed))["newbie"] == "pending-active"
    assert not any(user.name.startswith("newbie") for user in keyed.world.identity.users.values())
    keyed.world.advance(keyed.world.access.pending_seconds)
    assert (await states(keyed))["newbie"] == "active"
    [made] = [one for one in keyed.world.identity.users.values() if one.name == "newbie@access-ci.org"]
    assert [role.name for role in keyed.world.roles_of(made.id, project_id("BIO220047"))] == ["member"]


async def test_removed_people_lose_every_role_in_the_project(keyed: Cloud) -> None:
    assert (await change(keyed, "remove_multiple", "bob")).status_code == 200
    assert (await states(keyed))["bob"] == "pending-inactive"
    assert keyed.world.roles_of(user_id("bob"), project_id("BIO220047"))
    keyed.world.advance(keyed.world.access.pending_seconds)
    assert (await states(keyed))["bob"] == "inactive"
    assert not keyed.world.roles_of(user_id("bob"), project_id("BIO220047"))
    assert keyed.world.roles_of(user_id("bob"), project_id("PHY220011")), (
        "other projects are theirs as before"
    )


async def test_who_is_removed_while_pending_never_gets_in(keyed: Cloud) -> None:
    await change(keyed, "add_multiple", "newbie")
    await change(keyed, "remove_multiple", "newbie")
    keyed.world.advance(keyed.world.access.pending_seconds)
    assert (await states(keyed))["newbie"] == "inactive"
    late = {"state": "pending-active"}
    provided(keyed.world, keyed.region, "BIO220047/newbie", late)
    assert (await states(keyed))["newbie"] == "inactive"


@pytest.mark.parametrize(
    ("what", "name", "words"),
    [
        ("add_multiple", "bob", "already a member"),
        ("add_multiple", "priya", "already a member"),
        ("add_multiple", "nobody", "not a known user"),
        ("add_multiple", "gsmith", "not eligible"),
        ("add_multiple", "lfisher", "not eligible"),
        ("remove_multiple", "dave", "not a member"),
        ("remove_multiple", "alice", "is the PI"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(
    keyed: Cloud, what: str, name: str, words: str
) -> None:
    reply = await change(keyed, what, name)
    assert reply.status_code == 400
    assert words in reply.json()["error"]


async def test_one_who_cannot_be_added_keeps_all_out(keyed: Cloud) -> None:
    assert (await change(keyed, "add_multiple", "newbie", "nobody")).status_code == 400
    assert "newbie" not in await states(keyed)


async def test_a_closed_project_changes_no_more(keyed: Cloud) -> None:
    await keyed.control("POST", "/access", {"projects": {"BIO220047": {"closed": True}}})
    reply = await change(keyed, "add_multiple", "newbie")
    assert (reply.status_code, "closed" in reply.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    "body", [{"usernames": []}, {"usernames": "newbie"}, {"usernames": [1]}, {"comment": ""}]
)
async def test_a_body_that_lacks_something_is_refused(keyed: Cloud, body: dict[str, Any]) -> None:
    assert (await change(keyed, "add_multiple", "newbie", **body)).status_code == 400


async def test_people_are_found_by_any_part_of_their_names(keyed: Cloud) -> None:
    async def found(q: str) -> list[str]:
        reply = await keyed.http.get(
            "/access/acdb/userinfo/v2/people/search", params={"q": q}, headers=headers("userinfo")
        )
        return [row["portal_login"] for row in reply.json()["result"]]

    assert await found("NOVAK") == ["newbie", "jnovak"]
    assert await found("nia novak") == ["newbie"]
    assert await found("nobody") == []


async def test_a_profile_says_who_may_be_added(keyed: Cloud) -> None:
    path = "/access/identity/profiles/v1/people"
    gil = (await get(keyed, f"{path}/gsmith", "profiles", XA_REQUESTER="us")).json()
    assert (gil["isEligible"], bool(gil["eligibleReason"])) == ("no", True)
    lena = (await get(keyed, f"{path}/lfisher", "profiles", XA_REQUESTER="us")).json()
    assert lena["isSuspended"] is True
    assert (await get(keyed, f"{path}/nobody", "profiles", XA_REQUESTER="us")).status_code == 404
    assert (await get(keyed, f"{path}/gsmith", "profiles")).status_code == 403


async def test_accounts_are_named_as_the_resource_names_them(keyed: Cloud) -> None:
    reply = await get(keyed, f"/access/acdb/spacct/v2/users/resource/{RESOURCE}", "spacct")
    names = {row["portalLogin"]: row["usernames"] for row in reply.json()["result"]["users"]}
    assert names["alice"] == ["alice"]
    assert names["hiro"] == ["hiro@access-ci.org"]
    assert "priya" not in names
    assert (await get(keyed, "/access/acdb/spacct/v2/users/resource/x", "spacct")).status_code == 404
    assert (await get(keyed, "/access/acdb/spacct/auth_test", "spacct")).status_code == 200


async def test_the_public_list_has_pages_and_is_found_by_number(cloud: Cloud) -> None:
    path = "/access/current-projects.json"
    first = await cloud.http.get(path)
    assert (len(first.json()["projects"]), first.json()["pages"]) == (20, 3)
    last = await cloud.http.get(path, params={"page": 3})
    assert 0 < len(last.json()["projects"]) < 20
    one = await cloud.http.get(path, params={"request_number": "BIO220047"})
    [row] = one.json()["projects"]
    assert (row["fos"], row["pi"], row["allocationType"]) == ("Genomics", "Alice Moreau", "Discover")
    same = await cloud.http.get(
        path, params={"request_number": "BIO220047"}, headers={"If-None-Match": one.headers["etag"]}
    )
    assert (same.status_code, same.content) == (304, b"")


async def test_what_is_pending_survives_a_restart(keyed: Cloud, tmp_path: Any) -> None:
    await change(keyed, "add_multiple", "newbie")
    file = tmp_path / "world.json"
    persistence.write(file, persistence.dump(keyed.world))
    again = persistence.load(file, Clock())
    assert again is not None
    seat = again.access.seat("BIO220047", "newbie")
    assert seat is not None
    assert seat.sp_state == "pending-active"
    assert any(timer.kind == "access" for timer in again.timers())


async def test_managers_see_and_change_who_is_in_only_by_a_policy_of_the_operators(cloud: Cloud) -> None:
    alice, bob = await cloud.login("alice", "BIO220047"), await cloud.login("bob", "BIO220047")
    asked = f"/identity/v3/role_assignments?scope.project.id={alice.project_id}&include_names"
    assert (await alice.get(asked)).status_code == 403
    await cloud.control("POST", "/policy", {"managers_assign": True})
    assert (await alice.get(asked)).status_code == 200
    assert (await bob.get(asked)).status_code == 403
    other = asked.replace(alice.project_id, project_id("PHY220011"))
    assert (await alice.get(other)).status_code == 403
    assert (await alice.get("/identity/v3/users?name=dave")).status_code == 200
    assert (await alice.get("/identity/v3/users")).status_code == 403
    await _grants(alice, bob)


async def _grants(alice: Person, bob: Person) -> None:
    roles = (await alice.get("/identity/v3/roles?name=member")).json()["roles"]
    path = f"/identity/v3/projects/{{}}/users/{user_id('dave')}/roles/{roles[0]['id']}"
    assert (await bob.put(path.format(alice.project_id))).status_code == 403
    assert (await alice.put(path.format(project_id("PHY220011")))).status_code == 403
    assert (await alice.put(path.format(alice.project_id))).status_code == 204
    assert (await alice.delete(path.format(alice.project_id))).status_code == 204
