"""WebSSO as the real one was seen to behave: what a browser is led through, and what it is shown when it is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from portal.democloud import keystone_websso_apache as apache
from portal.democloud.people import PEOPLE
from tests.democloud.cloud import Cloud

ORIGIN = "http://portal.example/auth/websso/"
WEBSSO = "/identity/v3/auth/OS-FEDERATION/websso/openid"
BY_PROVIDER = "/identity/v3/auth/OS-FEDERATION/identity_providers/access/protocols/openid/websso"
CALLBACK = "/identity/v3/oidc-redirect"


class Provider(BaseHTTPRequestHandler):
    """A provider where the code is `<person>.<code_challenge>`, and the access token a person's name."""

    def do_GET(self) -> None:
        host = f"http://{self.headers['Host']}"
        if self.path.endswith("openid-configuration"):
            paths = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            self.reply(200, {f"{name}_endpoint": f"{host}/{path}" for name, path in paths.items()})
            return
        name = self.headers.get("Authorization", "").removeprefix("Bearer ")
        found = next((person for person in PEOPLE if person.name == name), None)
        self.reply(200, found.claims()) if found else self.reply(401, {})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        pair = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        name, _, challenge = form["code"][0].partition(".")
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"][0].encode()).digest())
        good = pair == "keystone:its-secret" and digest.decode().rstrip("=") == challenge
        self.reply(200, {"access_token": name}) if good else self.reply(400, {"error": "invalid_grant"})

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
def sso(cloud: Cloud, issuer: str) -> Cloud:
    cloud.world.oidc_issuer = issuer
    cloud.world.oidc_client = ("keystone", "its-secret")
    cloud.world.trusted_dashboards = frozenset({ORIGIN})
    return cloud


async def begin(cloud: Cloud, origin: str | None = ORIGIN, path: str = WEBSSO) -> httpx.Response:
    query = f"?{urlencode({'origin': origin})}" if origin is not None else ""
    return await cloud.http.get(path + query)


def asked(reply: httpx.Response) -> dict[str, str]:
    assert reply.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["location"]).query).items()}


async def sign_in(cloud: Cloud, name: str, origin: str | None = ORIGIN, path: str = WEBSSO) -> httpx.Response:
    """The whole way of a browser that nobody is signed in to."""
    question = asked(await begin(cloud, origin, path))
    back = urlencode({"code": f"{name}.{question['code_challenge']}", "state": question["state"]})
    reply = await cloud.http.get(f"{CALLBACK}?{back}")
    assert reply.status_code == 302
    target = urlsplit(reply.headers["location"])
    return await cloud.http.get(f"{target.path}?{target.query}")


def token_in(page: httpx.Response) -> str:
    found = re.search(r'name="token" id="token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def test_nobody_signed_in_goes_to_the_provider_with_pkce_and_nonce(sso: Cloud) -> None:
    reply = await begin(sso)
    question = asked(reply)
    assert question["client_id"] == "keystone"
    assert question["redirect_uri"].endswith(CALLBACK)
    assert question["code_challenge_method"] == "S256"
    assert question["nonce"] and question["state"]
    assert "samesite" not in reply.headers["set-cookie"].lower()


@pytest.mark.parametrize("path", [WEBSSO, BY_PROVIDER])
async def test_the_page_posts_an_unscoped_token_and_nothing_else_to_the_origin(sso: Cloud, path: str) -> None:
    page = await sign_in(sso, "alice", path=path)
    assert page.status_code == 200
    assert f'action="{ORIGIN}" method="post"' in page.text
    assert re.findall(r'<input type="hidden" name="(\w+)"', page.text) == ["token"]
    headers = {"X-Auth-Token": token_in(page), "X-Subject-Token": token_in(page)}
    token = (await sso.http.get("/identity/v3/auth/tokens", headers=headers)).json()["token"]
    assert (token["methods"], token["user"]["name"]) == (["openid"], "alice")
    assert "project" not in token


async def test_a_second_time_the_same_person_is_not_asked_at_all(sso: Cloud) -> None:
    first = await sign_in(sso, "alice")
    again = await begin(sso)
    assert again.status_code == 200
    assert token_in(again) != token_in(first)


async def test_the_session_ends_when_nobody_uses_it(sso: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    await sign_in(sso, "alice")
    monkeypatch.setattr(apache, "IDLE_SECONDS", -1.0)
    assert (await begin(sso)).status_code == 302


async def test_somebody_without_a_project_gets_a_token_too(sso: Cloud) -> None:
    token = token_in(await sign_in(sso, "newbie"))
    listed = await sso.http.get("/identity/v3/auth/projects", headers={"X-Auth-Token": token})
    assert listed.json()["projects"] == []


@pytest.mark.parametrize(
    "origin", [ORIGIN.rstrip("/"), ORIGIN + "?a=b", ORIGIN.upper(), "http://evil.example/"]
)
async def test_an_origin_that_is_not_trusted_letter_by_letter_is_refused_after_the_sign_in(
    sso: Cloud, origin: str
) -> None:
    reply = await sign_in(sso, "alice", origin)
    assert (reply.status_code, reply.headers["content-type"]) == (401, "application/json")
    assert "gAAAA" not in reply.text


@pytest.mark.parametrize("origin", [None, ""])
async def test_without_an_origin_it_is_a_bad_request_after_the_sign_in(
    sso: Cloud, origin: str | None
) -> None:
    reply = await sign_in(sso, "alice", origin)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"] == "Request must have an origin query parameter"


async def test_another_identity_provider_is_not_let_in(sso: Cloud) -> None:
    assert (await sign_in(sso, "mallory")).status_code == 401


async def test_a_disabled_account_is_refused(sso: Cloud) -> None:
    next(user for user in sso.world.identity.users.values() if user.name == "bob").enabled = False
    assert (await sign_in(sso, "bob")).status_code == 401


async def test_who_cancels_sees_a_page_of_apache_and_nobody_else_is_told(sso: Cloud) -> None:
    question = asked(await begin(sso))
    back = urlencode({"error": "access_denied", "state": question["state"]})
    reply = await sso.http.get(f"{CALLBACK}?{back}")
    assert reply.status_code == 200
    assert "access_denied" in reply.text
    assert "location" not in reply.headers


async def test_a_state_that_this_browser_did_not_begin_is_refused(sso: Cloud) -> None:
    question = asked(await begin(sso))
    sso.http.cookies.clear()
    back = urlencode({"code": f"alice.{question['code_challenge']}", "state": question["state"]})
    assert (await sso.http.get(f"{CALLBACK}?{back}")).status_code == 400
    assert (await sso.http.get(CALLBACK)).status_code == 400


async def test_a_code_that_the_provider_does_not_know_is_trouble(sso: Cloud) -> None:
    question = asked(await begin(sso))
    back = urlencode({"code": "alice.wrong", "state": question["state"]})
    assert (await sso.http.get(f"{CALLBACK}?{back}")).status_code == 500


async def test_a_script_is_not_led_to_the_provider(sso: Cloud) -> None:
    reply = await sso.http.get(f"{WEBSSO}?origin=x", headers={"X-Requested-With": "XMLHttpRequest"})
    assert reply.status_code == 401


@pytest.mark.parametrize(
    "change", [("oidc_issuer", None), ("oidc_issuer", "http://127.0.0.1:1"), ("oidc_client", ("", ""))]
)
async def test_without_a_provider_it_is_apache_that_is_in_trouble(
    sso: Cloud, change: tuple[str, object]
) -> None:
    setattr(sso.world, *change)
    assert (await begin(sso)).status_code == 500


@pytest.mark.parametrize(
    "path", [WEBSSO.replace("openid", "saml2"), BY_PROVIDER.replace("access/", "nobody/")]
)
async def test_what_keystone_does_not_know_is_refused_without_a_sign_in(sso: Cloud, path: str) -> None:
    assert (await begin(sso, path=path)).status_code == 401
