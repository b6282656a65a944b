from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.democloud.cloud import Cloud, Person, password, scope

TOKENS = "/identity/v3/auth/tokens"
WRONG = "The request you have made requires authentication."


async def ask(cloud: Cloud, auth: dict[str, Any]) -> httpx.Response:
    return await cloud.http.post(TOKENS, json={"auth": auth})


async def test_a_password_gives_a_token_with_project_roles_and_catalog(cloud: Cloud) -> None:
    reply = await ask(cloud, {"identity": password("alice"), "scope": scope("BIO220047")})
    token = reply.json()["token"]
    assert reply.status_code == 201
    assert reply.headers["x-subject-token"].startswith("gAAAA")
    assert token["methods"] == ["password"]
    assert token["project"]["name"] == "BIO220047"
    assert {role["name"] for role in token["roles"]} == {"manager", "member"}
    assert {one["type"] for one in token["catalog"]} >= {"identity", "compute", "network", "accounting"}
    assert token["user"]["password_expires_at"] is None


async def test_the_catalog_has_both_regions_with_their_own_addresses(cloud: Cloud) -> None:
    reply = await ask(cloud, {"identity": password("alice"), "scope": scope("BIO220047")})
    compute = next(one for one in reply.json()["token"]["catalog"] if one["type"] == "compute")
    urls = {one["region"]: one["url"] for one in compute["endpoints"] if one["interface"] == "public"}
    assert urls == {
        "IU": "http://cloud.test/compute/v2.1",
        "TACC": "http://cloud.test/tacc/compute/v2.1",
    }


async def test_the_volume_endpoint_carries_the_project(cloud: Cloud, alice: Person) -> None:
    reply = await alice.get("/identity/v3/auth/catalog")
    volume = next(one for one in reply.json()["catalog"] if one["type"] == "volumev3")
    assert volume["endpoints"][0]["url"].endswith(f"/volume/v3/{alice.project_id}")


@pytest.mark.parametrize(
    "auth",
    [
        {"identity": password("alice", "wrong")},
        {"identity": password("nobody")},
        {"identity": password("carol"), "scope": scope("BIO220047")},
        {"identity": password("alice"), "scope": scope("NOSUCH")},
    ],
)
async def test_a_login_is_refused_in_the_same_words_whatever_is_wrong(
    cloud: Cloud, auth: dict[str, Any]
) -> None:
    reply = await ask(cloud, auth)
    assert reply.status_code == 401
    assert reply.json() == {"error": {"code": 401, "message": WRONG, "title": "Unauthorized"}}
    assert reply.headers["www-authenticate"].startswith("Keystone uri=")


async def test_an_unknown_method_is_refused(cloud: Cloud) -> None:
    reply = await ask(cloud, {"identity": {"methods": ["totp"]}})
    assert reply.status_code == 401


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"auth": 3}', b'{"auth": {"identity": []}}'])
async def test_nonsense_is_a_bad_request(cloud: Cloud, content: bytes) -> None:
    reply = await cloud.http.post(TOKENS, content=content)
    assert reply.status_code == 400


async def test_a_token_without_scope_has_no_catalog_and_opens_no_service(cloud: Cloud) -> None:
    unscoped = await cloud.login("alice", None)
    reply = await unscoped.get("/compute/v2.1/servers")
    assert reply.status_code == 403
    assert (await unscoped.get("/identity/v3/auth/catalog")).status_code == 403


async def test_an_unscoped_token_is_exchanged_for_a_scoped_one_that_ends_with_it(cloud: Cloud) -> None:
    cloud.world.token_seconds = 1000
    unscoped = await cloud.login("alice", None)
    cloud.advance(600)
    identity = {"methods": ["token"], "token": {"id": unscoped.token}}
    reply = await ask(cloud, {"identity": identity, "scope": scope("CIS220046")})
    token = reply.json()["token"]
    first = cloud.world.identity.tokens[unscoped.token]
    assert reply.status_code == 201
    assert sorted(token["methods"]) == ["password", "token"]
    assert token["audit_ids"][1] == first.audit_ids[0]
    scoped = cloud.world.identity.tokens[reply.headers["x-subject-token"]]
    assert scoped.expires_at == first.expires_at


async def test_a_token_ends_when_its_time_is_over(cloud: Cloud, alice: Person) -> None:
    assert (await alice.get("/compute/v2.1/servers")).status_code == 200
    cloud.advance(cloud.world.token_seconds)
    assert (await alice.get("/compute/v2.1/servers")).status_code == 401


async def test_only_a_good_token_is_exchanged(cloud: Cloud) -> None:
    unscoped = await cloud.login("alice", None)
    identity = {"methods": ["token"], "token": {"id": unscoped.token}}
    cloud.world.identity.tokens[unscoped.token].revoked = True
    ended = await ask(cloud, {"identity": identity, "scope": scope("BIO220047")})
    never = await ask(cloud, {"identity": {"methods": ["token"], "token": {"id": "gAAAAnope"}}})
    assert (ended.status_code, ended.json()["error"]["message"]) == (404, "Failed to validate token")
    assert (never.status_code, never.json()["error"]["message"]) == (404, "Could not recognize Fernet token")


async def test_a_revoked_token_is_refused_and_those_made_from_it_live_on(cloud: Cloud) -> None:
    unscoped = await cloud.login("alice", None)
    identity = {"methods": ["token"], "token": {"id": unscoped.token}}
    scoped = (await ask(cloud, {"identity": identity, "scope": scope("BIO220047")})).headers[
        "x-subject-token"
    ]
    await unscoped.call("DELETE", TOKENS, X_Subject_Token=unscoped.token)
    assert (await unscoped.get("/identity/v3/auth/projects")).status_code == 401
    reply = await cloud.http.get("/compute/v2.1/servers", headers={"X-Auth-Token": scoped})
    assert reply.status_code == 200


async def test_a_lost_role_ends_the_projects_tokens_but_not_the_unscoped_one(cloud: Cloud) -> None:
    bob, unscoped = await cloud.login("bob", "BIO220047"), await cloud.login("bob", None)
    await cloud.control(
        "POST", "/roles", {"user": "bob", "project": "BIO220047", "role": "member", "grant": False}
    )
    assert (await bob.get("/compute/v2.1/servers")).status_code == 401
    assert (await unscoped.get("/identity/v3/auth/projects")).status_code == 200


async def test_ones_own_token_can_be_validated_and_that_of_another_not(alice: Person, carol: Person) -> None:
    own = await alice.call("GET", TOKENS, X_Subject_Token=alice.token)
    other = await alice.call("GET", TOKENS, X_Subject_Token=carol.token)
    none = await alice.call("GET", TOKENS, X_Subject_Token="gAAAAnothing")
    assert (own.status_code, other.status_code, none.status_code) == (200, 403, 404)
    assert own.json()["token"]["user"]["name"] == "alice"


async def test_an_admin_validates_anybodys(admin: Person, carol: Person) -> None:
    reply = await admin.call("GET", TOKENS, X_Subject_Token=carol.token)
    assert reply.json()["token"]["user"]["name"] == "carol"


async def test_projects_are_those_of_the_person(cloud: Cloud) -> None:
    dave = await cloud.login("dave", None)
    reply = await dave.get("/identity/v3/auth/projects")
    assert [one["name"] for one in reply.json()["projects"]] == ["CIS220046", "TRA220028"]


async def test_every_answer_of_keystone_has_a_request_id(cloud: Cloud) -> None:
    reply = await cloud.http.get("/identity/v3")
    assert reply.headers["x-openstack-request-id"].startswith("req-")
    assert reply.json()["version"]["id"] == "v3.14"


async def test_the_versions_document_is_300(cloud: Cloud) -> None:
    reply = await cloud.http.get("/identity/")
    assert reply.status_code == 300


async def test_a_disabled_user_is_out_at_once(cloud: Cloud, alice: Person) -> None:
    cloud.world.identity.users[alice.user_id].enabled = False
    assert (await alice.get("/compute/v2.1/servers")).status_code == 401
    assert (await ask(cloud, {"identity": password("alice")})).status_code == 401


async def test_tokens_that_ended_are_forgotten_in_the_end(cloud: Cloud) -> None:
    cloud.world.token_seconds = 10
    for _ in range(499):
        await cloud.login("alice", None)
    cloud.advance(11)
    await cloud.login("alice", None)
    assert len(cloud.world.identity.tokens) == 1
