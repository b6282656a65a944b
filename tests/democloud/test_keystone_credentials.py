from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.democloud.cloud import Cloud, Person, scope

TOKENS = "/identity/v3/auth/tokens"


def path(person: Person) -> str:
    return f"/identity/v3/users/{person.user_id}/application_credentials"


async def make(person: Person, name: str = "portal", **more: Any) -> dict[str, Any]:
    reply = await person.post(path(person), {"application_credential": {"name": name, **more}})
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()["application_credential"]
    return made


async def use(cloud: Cloud, made: dict[str, Any], **auth: Any) -> httpx.Response:
    given = {"id": made["id"], "secret": made["secret"]}
    identity = {"methods": ["application_credential"], "application_credential": given}
    return await cloud.http.post(TOKENS, json={"auth": {"identity": identity, **auth}})


async def test_a_credential_gives_a_token_of_its_project_and_says_so(cloud: Cloud, alice: Person) -> None:
    made = await make(alice)
    reply = await use(cloud, made)
    token = reply.json()["token"]
    assert reply.status_code == 201
    assert token["methods"] == ["application_credential"]
    assert token["project"]["id"] == alice.project_id
    assert token["application_credential"] == {"id": made["id"], "name": "portal", "restricted": True}


async def test_the_secret_is_shown_once_only(alice: Person) -> None:
    made = await make(alice)
    again = await alice.get(f"{path(alice)}/{made['id']}")
    listed = await alice.get(path(alice))
    assert len(made["secret"]) > 40
    assert made["secret"] not in again.text + listed.text


async def test_a_wrong_secret_is_refused(cloud: Cloud, alice: Person) -> None:
    made = await make(alice)
    reply = await use(cloud, {**made, "secret": made["secret"] + "x"})
    assert reply.status_code == 401


async def test_asking_for_a_scope_is_refused_in_keystones_words(cloud: Cloud, alice: Person) -> None:
    reply = await use(cloud, await make(alice), scope=scope("BIO220047"))
    assert reply.status_code == 401
    assert "Application credentials cannot request a scope." in reply.json()["error"]["message"]
    assert "www-authenticate" in reply.headers


async def test_only_the_roles_asked_for_are_given(cloud: Cloud, alice: Person) -> None:
    reply = await use(cloud, await make(alice, roles=[{"name": "member"}]))
    assert [role["name"] for role in reply.json()["token"]["roles"]] == ["member"]


async def test_a_role_that_is_not_held_cannot_be_given_on(bob: Person) -> None:
    wanted = {"name": "portal", "roles": [{"name": "manager"}]}
    reply = await bob.post(path(bob), {"application_credential": wanted})
    assert reply.status_code == 400
    assert "Cannot create an application credential with unassigned role" in reply.text


async def test_it_expires_and_its_tokens_end_with_it(cloud: Cloud, alice: Person) -> None:
    until = cloud.world.clock.timestamp() + 300
    text = cloud.world.clock.now().fromtimestamp(until).astimezone().isoformat()
    made = await make(alice, expires_at=text)
    token = (await use(cloud, made)).headers["x-subject-token"]
    assert cloud.world.identity.tokens[token].expires_at.timestamp() == pytest.approx(until, abs=1)
    cloud.advance(301)
    assert (await use(cloud, made)).status_code == 401


@pytest.mark.parametrize("when", ["2001-01-01T00:00:00", "tomorrow"])
async def test_an_expiry_must_be_a_moment_to_come(alice: Person, when: str) -> None:
    wanted = {"application_credential": {"name": "late", "expires_at": when}}
    assert (await alice.post(path(alice), wanted)).status_code == 400


async def test_a_deleted_credential_ends_at_once_with_all_its_tokens(cloud: Cloud, alice: Person) -> None:
    made = await make(alice)
    token = (await use(cloud, made)).headers["x-subject-token"]
    headers = {"X-Auth-Token": token}
    assert (await cloud.http.get("/compute/v2.1/servers", headers=headers)).status_code == 200
    assert (await alice.delete(f"{path(alice)}/{made['id']}")).status_code == 204
    assert (await cloud.http.get("/compute/v2.1/servers", headers=headers)).status_code == 401
    again = await use(cloud, made)
    assert again.status_code == 404
    assert again.json()["error"]["message"] == f"Could not find Application Credential: {made['id']}."


async def test_a_restricted_credential_makes_and_deletes_none(cloud: Cloud, alice: Person) -> None:
    made = await make(alice)
    alice.token = (await use(cloud, made)).headers["x-subject-token"]
    refused = await alice.post(path(alice), {"application_credential": {"name": "second"}})
    assert refused.status_code == 403
    assert (await alice.delete(f"{path(alice)}/{made['id']}")).status_code == 403
    assert (await alice.get(path(alice))).status_code == 200


async def test_an_unrestricted_credential_may_make_another(cloud: Cloud, alice: Person) -> None:
    made = await make(alice, unrestricted=True)
    alice.token = (await use(cloud, made)).headers["x-subject-token"]
    await make(alice, "second")


async def test_nobody_sees_or_deletes_anothers(alice: Person, bob: Person) -> None:
    made = await make(alice)
    assert (await bob.get(path(alice))).status_code == 403
    assert (await bob.get(f"{path(bob)}/{made['id']}")).status_code == 404
    assert (await bob.delete(f"{path(bob)}/{made['id']}")).status_code == 404


async def test_a_name_is_used_once_per_person(alice: Person, bob: Person) -> None:
    await make(alice)
    again = await alice.post(path(alice), {"application_credential": {"name": "portal"}})
    assert again.status_code == 409
    await make(bob)


async def test_losing_the_role_stops_it_and_getting_it_back_starts_it(cloud: Cloud, bob: Person) -> None:
    made = await make(bob)
    role = {"user": "bob", "project": "BIO220047", "role": "member"}
    await cloud.control("POST", "/roles", {**role, "grant": False})
    assert (await use(cloud, made)).status_code == 401
    await cloud.control("POST", "/roles", {**role, "grant": True})
    assert (await use(cloud, made)).status_code == 201


async def test_a_token_of_a_credential_cannot_be_rescoped(cloud: Cloud, alice: Person) -> None:
    token = (await use(cloud, await make(alice))).headers["x-subject-token"]
    identity = {"methods": ["token"], "token": {"id": token}}
    reply = await cloud.http.post(TOKENS, json={"auth": {"identity": identity, "scope": scope("CIS220046")}})
    assert reply.status_code == 403
    assert "Using a delegated token to create another token is not allowed" in reply.text


async def test_made_without_a_scope_it_is_good_for_nothing(cloud: Cloud) -> None:
    unscoped = await cloud.login("alice", None)
    made = await make(unscoped)
    assert (made["project_id"], made["roles"]) == (None, [])
    reply = await use(cloud, made)
    assert reply.status_code == 201
    assert "project" not in reply.json()["token"]


async def test_it_can_be_named_together_with_its_user(cloud: Cloud, alice: Person) -> None:
    made = await make(alice)
    given = {"name": "portal", "user": {"id": alice.user_id}, "secret": made["secret"]}
    identity = {"methods": ["application_credential"], "application_credential": given}
    reply = await cloud.http.post(TOKENS, json={"auth": {"identity": identity}})
    assert reply.status_code == 201
