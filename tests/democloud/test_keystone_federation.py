from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from portal.democloud.people import PEOPLE
from tests.democloud.cloud import Cloud

EXCHANGE = "/identity/v3/OS-FEDERATION/identity_providers/access/protocols/openid/auth"


class Provider(BaseHTTPRequestHandler):
    """Discovery, and a userinfo endpoint where a person's name is the access token."""

    def do_GET(self) -> None:
        host = f"http://{self.headers['Host']}"
        if self.path.endswith("openid-configuration"):
            self.reply(200, {"issuer": host, "userinfo_endpoint": f"{host}/userinfo"})
            return
        name = self.headers.get("Authorization", "").removeprefix("Bearer ")
        for person in PEOPLE:
            if person.name == name:
                self.reply(200, {"sub": person.sub, **person.claims()})
                return
        if name == "openid-only":
            self.reply(200, {"sub": "http://cilogon.org/serverX/users/1"})
            return
        self.reply(401, {"error": "invalid_token"})

    def reply(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def federated(cloud: Cloud, issuer: str) -> Cloud:
    cloud.world.oidc_issuer = issuer
    return cloud


async def exchange(cloud: Cloud, bearer: str | None, method: str = "POST") -> httpx.Response:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return await cloud.http.request(method, EXCHANGE, headers=headers)


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_an_access_token_becomes_an_unscoped_token_of_the_local_account(
    federated: Cloud, method: str
) -> None:
    reply = await exchange(federated, "alice", method)
    token = reply.json()["token"]
    assert reply.status_code == 201
    assert token["methods"] == ["openid"]
    assert token["user"]["name"] == "alice"
    assert token["user"]["domain"]["name"] == "Default"
    assert "OS-FEDERATION" not in token["user"]
    assert "project" not in token and "catalog" not in token


async def test_the_unscoped_token_is_then_scoped_and_opens_nova(federated: Cloud) -> None:
    unscoped = (await exchange(federated, "alice")).headers["x-subject-token"]
    project = {"name": "BIO220047", "domain": {"name": "Default"}}
    identity = {"methods": ["token"], "token": {"id": unscoped}}
    auth = {"auth": {"identity": identity, "scope": {"project": project}}}
    reply = await federated.http.post("/identity/v3/auth/tokens", json=auth)
    assert sorted(reply.json()["token"]["methods"]) == ["openid", "token"]
    headers = {"X-Auth-Token": reply.headers["x-subject-token"]}
    assert (await federated.http.get("/compute/v2.1/servers", headers=headers)).status_code == 200


async def test_someone_new_is_an_ephemeral_user_without_projects_and_the_same_each_time(
    federated: Cloud,
) -> None:
    first, second = await exchange(federated, "newbie"), await exchange(federated, "newbie")
    user = first.json()["token"]["user"]
    assert user["name"] == "newbie@access-ci.org"
    assert user["domain"]["name"] == "access"
    assert len(user["id"]) == 64
    assert user["OS-FEDERATION"]["identity_provider"] == {"id": "access"}
    assert second.json()["token"]["user"]["id"] == user["id"]
    headers = {"X-Auth-Token": first.headers["x-subject-token"]}
    projects = await federated.http.get("/identity/v3/auth/projects", headers=headers)
    assert projects.json()["projects"] == []


async def test_an_identity_provider_that_is_not_allowed_gets_no_token(federated: Cloud) -> None:
    reply = await exchange(federated, "mallory")
    assert reply.status_code == 401
    assert reply.json()["error"]["title"] == "Unauthorized"
    assert not federated.world.identity.tokens


@pytest.mark.parametrize(
    ("bearer", "description"),
    [
        (None, "No bearer token found in the request"),
        ("garbage", "Reference token could not be introspected"),
        ("openid-only", "Could not set remote user"),
    ],
)
async def test_apache_refuses_in_html(federated: Cloud, bearer: str | None, description: str) -> None:
    reply = await exchange(federated, bearer)
    assert reply.status_code == 401
    assert reply.headers["content-type"].startswith("text/html")
    assert description in reply.headers["www-authenticate"]


async def test_a_provider_that_is_down_is_a_refusal_not_a_crash(cloud: Cloud) -> None:
    cloud.world.oidc_issuer = "http://127.0.0.1:1"
    assert (await exchange(cloud, "alice")).status_code == 401


async def test_without_a_provider_the_exchange_says_so(cloud: Cloud) -> None:
    reply = await exchange(cloud, "alice")
    assert reply.status_code == 503
    assert "--oidc-issuer" in reply.text


async def test_an_unknown_provider_and_protocol_are_told_apart(federated: Cloud) -> None:
    provider = await federated.http.post(EXCHANGE.replace("/access/", "/nobody/"))
    protocol = await federated.http.post(EXCHANGE.replace("openid", "saml2"))
    assert provider.status_code == 404
    assert provider.json()["error"]["message"] == "Could not find Identity Provider: nobody."
    assert protocol.status_code == 401
