"""The demo's OpenID provider as a relying party meets it, in a process of its own."""

import base64
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

REDIRECT = "http://127.0.0.1:8000/accounts/oidc/cilogon/login/callback/"
SCOPE = "openid email profile org.cilogon.userinfo"
ALICE = "http://cilogon.org/serverX/users/20001"


def started(announce: Path, *options: str, **environment: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "portal.democloud.oidc",
        "--announce",
        str(announce),
        *options,
    ]
    process = subprocess.Popen(command, env=os.environ | environment)
    deadline = time.monotonic() + 20
    while not announce.exists():
        assert process.poll() is None, "the provider ended instead of listening"
        assert time.monotonic() < deadline, "the provider did not come up"
        time.sleep(0.05)
    return process


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    announce = tmp_path_factory.mktemp("oidc") / "oidc.json"
    process = started(announce)
    try:
        yield json.loads(announce.read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.fixture
def http(provider: dict[str, Any]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=provider["issuer"], trust_env=False) as client:
        yield client


def pkce() -> tuple[str, str]:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def asking(challenge: str, **changes: str) -> dict[str, str]:
    return {
        "client_id": "heliosphere",
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": REDIRECT,
        "state": "s-1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    } | changes


def landed(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302, response.text
    assert response.headers["location"].startswith(REDIRECT)
    return {key: values[0] for key, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


def code_for(http: httpx.Client, sub: str, challenge: str, **changes: str) -> str:
    back = landed(http.post("/oauth2/authorize", params=asking(challenge, **changes), data={"sub": sub}))
    assert back["state"] == "s-1"
    return back["code"]


def redeem(http: httpx.Client, provider: dict[str, Any], code: str, verifier: str | None) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    if verifier is not None:
        form["code_verifier"] = verifier
    return http.post("/oauth2/token", data=form, auth=(provider["client_id"], provider["client_secret"]))


def tokens_of(http: httpx.Client, provider: dict[str, Any], sub: str, **changes: str) -> dict[str, Any]:
    verifier, challenge = pkce()
    answer = redeem(http, provider, code_for(http, sub, challenge, **changes), verifier)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def userinfo(http: httpx.Client, token: str) -> httpx.Response:
    return http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})


def unsigned(id_token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = (
        json.loads(base64.urlsafe_b64decode(part + "==")) if i < 2 else {}
        for i, part in enumerate(id_token.split("."))
    )
    return header, claims


def test_discovery_names_every_endpoint_and_requires_s256(
    http: httpx.Client, provider: dict[str, Any]
) -> None:
    document = http.get("/.well-known/openid-configuration").json()
    assert document["issuer"] == provider["issuer"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "org.cilogon.userinfo" in document["scopes_supported"]
    assert "registration_endpoint" not in document
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert document[name].startswith(provider["issuer"] + "/")


def test_signing_in_gives_cilogons_claims(http: httpx.Client, provider: dict[str, Any]) -> None:
    tokens = tokens_of(http, provider, ALICE)
    claims = userinfo(http, tokens["access_token"]).json()
    assert claims["sub"] == ALICE
    assert claims["eppn"] == "alice@access-ci.org"
    assert claims["idp"] == "https://access-ci.org/idp"
    assert claims["acr"] == "https://refeds.org/profile/mfa"
    assert claims["is_member_of"] == ["ACCESS:BIO220047:pi", "ACCESS:CIS220046:pi"]
    assert claims["name"] == "Alice Moreau"


def test_id_token_is_signed_by_the_published_key_and_carries_the_claims(
    http: httpx.Client, provider: dict[str, Any]
) -> None:
    import jwt

    tokens = tokens_of(http, provider, ALICE, nonce="n-1")
    keys = {key["kid"]: key for key in http.get("/jwks").json()["keys"]}
    header, _ = unsigned(tokens["id_token"])
    key = jwt.PyJWK(keys[header["kid"]], algorithm="RS256")
    claims = jwt.decode(
        tokens["id_token"], key, algorithms=["RS256"], audience="heliosphere", issuer=provider["issuer"]
    )
    assert claims["sub"] == ALICE
    assert claims["nonce"] == "n-1"
    assert claims["idp_name"] == "ACCESS"


def test_without_cilogons_scope_there_is_no_eppn(http: httpx.Client, provider: dict[str, Any]) -> None:
    tokens = tokens_of(http, provider, ALICE, scope="openid email")
    claims = userinfo(http, tokens["access_token"]).json()
    assert claims["email"] == "alice@example.edu"
    assert not {"eppn", "idp", "is_member_of", "name"} & claims.keys()


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"code_challenge": "short"},
    ],
)
def test_an_authorization_without_s256_is_refused(http: httpx.Client, changes: dict[str, str]) -> None:
    _, challenge = pkce()
    back = landed(http.get("/oauth2/authorize", params=asking(challenge, **changes)))
    assert back["error"] == "invalid_request"
    assert back["state"] == "s-1"
    posted = landed(http.post("/oauth2/authorize", params=asking(challenge, **changes), data={"sub": ALICE}))
    assert "code" not in posted


@pytest.mark.parametrize("verifier", [None, "", "x" * 43])
def test_a_code_is_worth_nothing_without_its_verifier(
    http: httpx.Client, provider: dict[str, Any], verifier: str | None
) -> None:
    right, challenge = pkce()
    code = code_for(http, ALICE, challenge)
    refused = redeem(http, provider, code, verifier)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert redeem(http, provider, code, right).status_code == 400, "a guess must use the code up"


def test_a_code_works_once(http: httpx.Client, provider: dict[str, Any]) -> None:
    verifier, challenge = pkce()
    code = code_for(http, ALICE, challenge)
    assert redeem(http, provider, code, verifier).status_code == 200
    assert redeem(http, provider, code, verifier).status_code == 400


def test_a_wrong_client_secret_is_refused(http: httpx.Client, provider: dict[str, Any]) -> None:
    verifier, challenge = pkce()
    code = code_for(http, ALICE, challenge)
    refused = redeem(http, provider | {"client_secret": "guess"}, code, verifier)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_the_client_secret_may_come_in_the_body(http: httpx.Client, provider: dict[str, Any]) -> None:
    verifier, challenge = pkce()
    form = {
        "grant_type": "authorization_code",
        "code": code_for(http, ALICE, challenge),
        "redirect_uri": REDIRECT,
        "code_verifier": verifier,
        "client_id": provider["client_id"],
        "client_secret": provider["client_secret"],
    }
    assert http.post("/oauth2/token", data=form).status_code == 200


@pytest.mark.parametrize(
    "redirect", ["https://evil.example/cb", "http://127.0.0.1.evil.example/cb", "javascript:alert(1)"]
)
def test_nobody_is_sent_off_the_machine(http: httpx.Client, redirect: str) -> None:
    _, challenge = pkce()
    answer = http.get("/oauth2/authorize", params=asking(challenge, redirect_uri=redirect))
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_sign_out_leads_back_to_loopback_only(http: httpx.Client) -> None:
    home = http.post("/oauth2/end_session/confirm", data={"redirect_uri": "http://127.0.0.1:8000/"})
    assert home.headers["location"] == "http://127.0.0.1:8000/"
    away = http.post("/oauth2/end_session/confirm", data={"redirect_uri": "https://evil.example/"})
    assert away.status_code == 400


def test_the_page_lists_the_people_and_the_hinted_provider_first(http: httpx.Client) -> None:
    _, challenge = pkce()
    page = http.get("/oauth2/authorize", params=asking(challenge, idphint="https://evil.example/idp")).text
    for name in ("alice", "bob", "carol", "dave", "olivia", "newbie", "mallory"):
        assert f'data-person="{name}"' in page
    assert page.index("Mallory") < page.index("Alice")
    usual = http.get("/oauth2/authorize", params=asking(challenge, idphint="https://access-ci.org/idp")).text
    assert usual.index("Alice") < usual.index("Mallory")
    assert "Ångström" in usual
    assert "https://cdn" not in usual


def test_the_page_quotes_what_the_client_sent(http: httpx.Client) -> None:
    _, challenge = pkce()
    hint = '"><script>alert(1)</script>'
    page = http.get("/oauth2/authorize", params=asking(challenge, idphint=hint, state=hint)).text
    assert "<script>" not in page


def test_cancelling_tells_the_client(http: httpx.Client) -> None:
    _, challenge = pkce()
    back = landed(http.post("/oauth2/authorize", params=asking(challenge), data={"action": "deny"}))
    assert back["error"] == "access_denied"


def test_an_unknown_person_is_refused(http: httpx.Client) -> None:
    _, challenge = pkce()
    answer = http.post("/oauth2/authorize", params=asking(challenge), data={"sub": "http://cilogon.org/x"})
    assert answer.status_code == 400


def test_userinfo_knows_its_tokens(http: httpx.Client, provider: dict[str, Any]) -> None:
    tokens = tokens_of(http, provider, ALICE)
    assert userinfo(http, tokens["access_token"]).status_code == 200
    for wrong in ("nope", tokens["id_token"]):
        refused = userinfo(http, wrong)
        assert refused.status_code == 401
        assert "invalid_token" in refused.headers["www-authenticate"]
    assert http.get("/userinfo").status_code == 401


def test_a_revoked_token_is_refused(http: httpx.Client, provider: dict[str, Any]) -> None:
    token = tokens_of(http, provider, ALICE)["access_token"]
    assert (
        http.post("/oauth2/revoke", data={"token": token}, auth=("heliosphere", "guess")).status_code == 401
    )
    assert userinfo(http, token).status_code == 200
    own = (provider["client_id"], provider["client_secret"])
    assert http.post("/oauth2/revoke", data={"token": token}, auth=own).status_code == 200
    assert userinfo(http, token).status_code == 401


def test_claims_change_between_sign_ins_with_the_control_key(
    http: httpx.Client, provider: dict[str, Any]
) -> None:
    carol = "http://cilogon.org/serverX/users/20003"
    change = {"is_member_of": ["ACCESS:NEW220001:pi"], "email": None}
    assert http.patch("/_control/people/carol", json=change).status_code == 403
    key = {"X-Control-Key": provider["control_key"]}
    assert http.patch("/_control/people/carol", json=change, headers=key).status_code == 204
    assert http.patch("/_control/people/nobody", json=change, headers=key).status_code == 404
    claims = userinfo(http, tokens_of(http, provider, carol)["access_token"]).json()
    assert claims["is_member_of"] == ["ACCESS:NEW220001:pi"]
    assert "email" not in claims


def test_all_tokens_can_be_expired_with_the_control_key(http: httpx.Client, provider: dict[str, Any]) -> None:
    token = tokens_of(http, provider, ALICE)["access_token"]
    assert http.delete("/_control/tokens").status_code == 403
    assert userinfo(http, token).status_code == 200
    assert (
        http.delete("/_control/tokens", headers={"X-Control-Key": provider["control_key"]}).status_code == 204
    )
    assert userinfo(http, token).status_code == 401


@pytest.mark.parametrize("path", ["/users/x", "/users/x/revoke-tokens", "/oauth2/clients", "/console"])
def test_the_librarys_own_back_doors_are_shut(http: httpx.Client, path: str) -> None:
    assert http.post(path, json={}).status_code == 404
    assert http.put(path, json={}).status_code == 404


def test_access_tokens_expire(tmp_path: Path) -> None:
    announce = tmp_path / "oidc.json"
    process = started(announce, "--token-seconds", "1", OIDC_CLIENT_SECRET="told-by-the-starter")
    try:
        provider = json.loads(announce.read_text())
        assert provider["client_secret"] == "told-by-the-starter"
        with httpx.Client(base_url=provider["issuer"], trust_env=False) as http:
            token = tokens_of(http, provider, ALICE)["access_token"]
            assert userinfo(http, token).status_code == 200
            time.sleep(1.1)
            refused = userinfo(http, token)
            assert refused.status_code == 401
    finally:
        process.terminate()
        process.wait(10)


def test_people_can_come_from_a_file_and_the_announcement_is_private(tmp_path: Path) -> None:
    people = tmp_path / "people.json"
    entry = {
        "name": "zoe",
        "number": 7,
        "given_name": "Zoë",
        "family_name": "Li",
        "about": "x",
        "email": "z@e.edu",
    }
    people.write_text(json.dumps([entry | {"groups": ["ACCESS:A:pi"]}]))
    announce = tmp_path / "oidc.json"
    process = started(announce, "--people", str(people))
    try:
        assert announce.stat().st_mode & 0o077 == 0
        provider = json.loads(announce.read_text())
        assert [person["claims"]["eppn"] for person in provider["people"]] == ["zoe@access-ci.org"]
    finally:
        process.terminate()
        process.wait(10)
