"""The demo's OpenID provider: oidc-provider-mock with CILogon's claims, our people, and required PKCE."""

import hashlib
import hmac
import itertools
import os
import re
import secrets
import warnings
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import flask
import werkzeug.exceptions
from jinja2 import FileSystemLoader

from portal.democloud.people import Person

with warnings.catch_warnings():
    import authlib.deprecate  # type: ignore[import-untyped]  # noqa: F401 - sets a filter; ours comes after it

    warnings.simplefilter("ignore")  # the library imports parts of Authlib that warn of their successors
    import oidc_provider_mock
    from oidc_provider_mock import _app as library
    from oidc_provider_mock._storage import Client, User, storage

PAGES = Path(__file__).parent / "oidc_pages"
SCOPES = ("openid", "email", "profile", "org.cilogon.userinfo")
CILOGON_CLAIMS = ("eppn", "idp", "idp_name", "acr", "affiliation", "is_member_of")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SERVED = {
    "/",
    "/.well-known/openid-configuration",
    "/jwks",
    "/oauth2/authorize",
    "/oauth2/token",
    "/oauth2/revoke",
    "/oauth2/end_session",
    "/oauth2/end_session/confirm",
    "/userinfo",
}
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(kw_only=True, frozen=True)
class LoopbackClient(Client):  # type: ignore[misc]  # the library is untyped
    """The portal: any address on loopback may be its redirect URI, so that a demo may choose its port."""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        parts = urlsplit(redirect_uri)
        return parts.scheme in {"http", "https"} and parts.hostname in LOOPBACK and not parts.fragment


@dataclass
class Provider:
    people: tuple[Person, ...]
    client_id: str = "heliosphere"
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    control_key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    token_seconds: int = 900
    challenges: dict[str, str] = field(default_factory=dict)  # authorization code -> code_challenge

    def by_sub(self, sub: str | None) -> Person | None:
        return next((person for person in self.people if person.sub == sub), None)


def make_app(provider: Provider) -> flask.Flask:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain http: this provider is on loopback only
    _teach_library()
    app = flask.Flask(__name__, static_folder=None)
    app.secret_key = secrets.token_bytes(16)
    plain_wsgi = app.wsgi_app
    oidc_provider_mock.init_app(
        app,
        require_client_registration=True,
        issue_refresh_token=False,
        access_token_max_age=timedelta(seconds=provider.token_seconds),
        user_claims=[User(sub=person.sub, claims=person.claims()) for person in provider.people],
    )
    app.debug, app.wsgi_app = False, plain_wsgi  # type: ignore[method-assign]  # no debugger in the browser
    app.jinja_loader = FileSystemLoader(PAGES)
    app.jinja_env.filters["host"] = lambda uri: urlsplit(uri).netloc
    app.context_processor(lambda: _page_context(provider))
    app.before_request(lambda: _guard(provider))
    app.after_request(lambda response: _after(provider, response))
    app.post("/oauth2/revoke", endpoint="revoke")(lambda: _revoke(provider))
    app.patch("/_control/people/<name>", endpoint="change")(lambda name: _change(provider, name))
    app.delete("/_control/tokens", endpoint="expire")(_expire)
    return app


class SignedCode(library.OpenIDCode):  # type: ignore[misc]  # the library is untyped
    """ID tokens that name their key: without `kid` a client cannot choose one from the key set."""

    def get_encode_header(self, client: object) -> dict[str, str]:
        return {"alg": "RS256", "kid": storage.jwk.as_dict()["kid"]}


def _teach_library() -> None:
    """CILogon's own scope, without which nobody learns an `eppn`, and keys that are named."""
    library._SCOPES_TO_CLAIMS["org.cilogon.userinfo"] = CILOGON_CLAIMS
    library._STANDARD_CLAIMS.update(CILOGON_CLAIMS)
    library.OpenIDCode = SignedCode


def _page_context(provider: Provider) -> dict[str, Any]:
    hint = flask.request.args.get("idphint") or flask.request.args.get("selected_idp") or ""
    hinted = [part.strip() for part in hint.split(",") if part.strip()]
    ordered = sorted(provider.people, key=lambda person: (person.idp not in hinted, person.idp))
    groups = [(idp, list(group)) for idp, group in itertools.groupby(ordered, key=lambda person: person.idp)]
    return {"people_by_idp": lambda: groups, "hinted": hinted}


def _guard(provider: Provider) -> flask.typing.ResponseReturnValue | None:
    """Before the library: only what we serve, our client, known people, PKCE."""
    path = flask.request.path
    if path.startswith("/_control/"):
        given = flask.request.headers.get("X-Control-Key", "")
        if not hmac.compare_digest(given.encode(), provider.control_key.encode()):
            raise werkzeug.exceptions.Forbidden
        return None
    if path not in SERVED:
        raise werkzeug.exceptions.NotFound
    _store_client(provider)
    if path == "/oauth2/authorize":
        return _check_authorization(provider)
    if path == "/oauth2/token":
        return _check_verifier(provider)
    for name in ("post_logout_redirect_uri", "redirect_uri"):
        if path.startswith("/oauth2/end_session") and not _on_loopback(flask.request.values.get(name)):
            raise werkzeug.exceptions.BadRequest
    return None


def _store_client(provider: Provider) -> None:
    if storage.get_client(provider.client_id) is None:
        client = LoopbackClient(
            id=provider.client_id,
            secret=provider.client_secret,
            redirect_uris=(),
            allowed_scopes=SCOPES,
            token_endpoint_auth_method=oidc_provider_mock._storage.ClientAllowAny(),
        )
        storage.store_client(client)


def _on_loopback(uri: str | None) -> bool:
    return not uri or urlsplit(uri).hostname in LOOPBACK


def _check_authorization(provider: Provider) -> flask.typing.ResponseReturnValue | None:
    sub = flask.request.form.get("sub")
    if sub is not None and provider.by_sub(sub) is None:
        raise werkzeug.exceptions.BadRequest
    asked = flask.request.args
    if asked.get("code_challenge_method") == "S256" and _CHALLENGE.fullmatch(asked.get("code_challenge", "")):
        return None
    client = storage.get_client(asked.get("client_id", ""))
    if client is None or not client.check_redirect_uri(asked.get("redirect_uri", "")):
        return None  # the library answers this with a page of its own
    refusal = {"error": "invalid_request", "error_description": "PKCE with S256 is required"}
    return flask.redirect(
        f"{asked['redirect_uri']}?{urlencode(refusal | {'state': asked.get('state', '')})}", 302
    )


def _check_verifier(provider: Provider) -> flask.typing.ResponseReturnValue | None:
    form = flask.request.form
    if form.get("grant_type") != "authorization_code":
        return None
    challenge = provider.challenges.pop(form.get("code", ""), None)
    verifier = form.get("code_verifier", "")
    digest = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if challenge and _VERIFIER.fullmatch(verifier) and hmac.compare_digest(digest, challenge):
        return None
    refusal = {"error": "invalid_grant", "error_description": "code_verifier does not match"}
    return flask.jsonify(refusal), 400


def _after(provider: Provider, response: flask.Response) -> flask.Response:
    """Keep a code's challenge; tell of PKCE in the discovery document; nothing here is for caches."""
    path = flask.request.path
    if path == "/oauth2/authorize" and response.status_code in (302, 303):
        answer = parse_qs(urlsplit(response.headers["Location"]).query)
        for code in answer.get("code", []):
            provider.challenges[code] = flask.request.args["code_challenge"]
        if "error" in answer and "state" not in answer:  # which the library forgets
            state = urlencode({"state": flask.request.args.get("state", "")})
            response.headers["Location"] += f"&{state}"
    if path == "/.well-known/openid-configuration":
        document = flask.json.loads(response.get_data())
        del document["registration_endpoint"]
        document |= {
            "scopes_supported": SCOPES,
            "claims_supported": ["sub", "email", "given_name", "family_name", "name", *CILOGON_CLAIMS],
            "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": ["authorization_code"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "revocation_endpoint": flask.request.host_url + "oauth2/revoke",
        }
        response.set_data(flask.json.dumps(document))
    if path == "/userinfo" and response.status_code == 400:  # the library's answer to an unknown token
        response.status_code = 401
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if path.startswith("/oauth2/"):
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _revoke(provider: Provider) -> flask.typing.ResponseReturnValue:
    """RFC 7009: 200 whether the token was known or not, 401 for a stranger."""
    given = flask.request.authorization
    client_id = given.username if given else flask.request.form.get("client_id")
    secret = (given.password if given else flask.request.form.get("client_secret")) or ""
    if client_id != provider.client_id or not hmac.compare_digest(secret, provider.client_secret):
        return flask.jsonify({"error": "invalid_client"}), 401
    storage.remove_access_token(flask.request.form.get("token", ""))
    return "", 200


def _change(provider: Provider, name: str) -> flask.typing.ResponseReturnValue:
    """Tests: the body's claims replace a person's of the same names; null takes a claim away."""
    person = next((one for one in provider.people if one.name == name), None)
    body = flask.request.get_json()
    if person is None or not isinstance(body, dict):
        raise werkzeug.exceptions.NotFound
    user = storage.get_user(person.sub)
    claims = {key: value for key, value in (user.claims | body).items() if value is not None}
    storage.store_user(User(sub=person.sub, claims=claims))
    return "", 204


def _expire() -> flask.typing.ResponseReturnValue:
    for token in storage.access_tokens():
        storage.remove_access_token(token.token)
    return "", 204
