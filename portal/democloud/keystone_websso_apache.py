"""Apache with mod_auth_openidc in front of WebSSO: it signs people in, and keeps them signed in, unasked, in a session."""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import secrets
import time
import urllib.request
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud.keystone_federation import APACHE_BODY, fetch
from portal.democloud.routing import place
from portal.democloud.state import World

CALLBACK = "/v3/oidc-redirect"
SESSION_COOKIE = "democloud_oidc"
STATE_COOKIE = "mod_auth_openidc_state_"
# mod_auth_openidc's own: a session that nobody uses for so long is over.
IDLE_SECONDS = 300.0
BEGUN_SECONDS = 300.0
SCOPE = "openid email profile org.cilogon.userinfo"


@dataclass
class _Session:
    claims: dict[str, Any]
    used: float


@dataclass(frozen=True)
class _Begun:
    """A sign-in on its way: what the provider has to answer, and where the person wanted to go."""

    verifier: str
    target: str
    at: float


_sessions: dict[str, _Session] = {}
_begun: dict[str, _Begun] = {}


def claims_of(request: Request) -> dict[str, Any] | None:
    """Who is signed in here in this browser."""
    found = _sessions.get(request.cookies.get(SESSION_COOKIE, ""))
    if found is None or time.monotonic() - found.used > IDLE_SECONDS:
        return None
    found.used = time.monotonic()
    return found.claims


async def sign_in(request: Request) -> Response:
    """To the identity provider. A script's request is refused, as nobody could sign in there."""
    world, _ = place(request)
    if request.headers.get("x-requested-with") == "XMLHttpRequest":
        return Response(APACHE_BODY, 401, media_type="text/html; charset=iso-8859-1")
    try:
        discovery = await asyncio.to_thread(_discovery, world)
    except (OSError, ValueError):
        return _trouble()
    state, verifier = secrets.token_urlsafe(20), secrets.token_urlsafe(48)
    target = f"{world.base_url}/identity{request.scope['path']}?{request.url.query}"
    _forget_old()
    _begun[state] = _Begun(verifier, target, time.monotonic())
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "scope": SCOPE,
        "client_id": world.oidc_client[0],
        "state": state,
        "redirect_uri": _callback(world),
        "nonce": secrets.token_urlsafe(32),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    response = Response(status_code=302, headers={"Cache-Control": "no-cache, no-store, max-age=0"})
    response.headers["Location"] = f"{discovery['authorization_endpoint']}?{urlencode(asked)}"
    response.set_cookie(STATE_COOKIE + state, "1", httponly=True, samesite=None)
    return response


async def come_back(request: Request) -> Response:
    """The identity provider's answer becomes a session, or Apache's own page that says why not."""
    world, _ = place(request)
    state = request.query_params.get("state", "")
    begun = _begun.pop(state, None)
    if begun is None or STATE_COOKIE + state not in request.cookies:
        return Response(
            _html("400 Bad Request", "Your browser sent a request that this server could not understand."),
            400,
        )
    if "error" in request.query_params:
        asked = request.query_params
        said = f"OpenID Connect Provider error: {asked['error']}"
        return Response(_html("Error", said, asked.get("error_description", "")), 200, media_type="text/html")
    try:
        claims = await asyncio.to_thread(_claims, world, request.query_params.get("code", ""), begun.verifier)
    except (OSError, ValueError, KeyError):
        return _trouble()
    name = secrets.token_urlsafe(32)
    _sessions[name] = _Session(claims, time.monotonic())
    response = Response(status_code=302, headers={"Location": begun.target})
    response.set_cookie(SESSION_COOKIE, name, httponly=True, samesite=None)
    response.delete_cookie(STATE_COOKIE + state)
    return response


def _forget_old() -> None:
    now = time.monotonic()
    for state in [state for state, begun in _begun.items() if now - begun.at > BEGUN_SECONDS]:
        del _begun[state]
    for name in [name for name, session in _sessions.items() if now - session.used > IDLE_SECONDS]:
        del _sessions[name]


def _callback(world: World) -> str:
    return f"{world.base_url}/identity{CALLBACK}"


def _discovery(world: World) -> dict[str, Any]:
    if world.oidc_issuer is None or not world.oidc_client[1]:
        raise ValueError("no OpenID provider is configured")
    return fetch(world.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration")


def _claims(world: World, code: str, verifier: str) -> dict[str, Any]:
    discovery = _discovery(world)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _callback(world),
        "code_verifier": verifier,
    }
    pair = b64encode(":".join(world.oidc_client).encode()).decode()
    asked = urllib.request.Request(  # noqa: S310 - the address is our own setting
        str(discovery["token_endpoint"]),
        urlencode(form).encode(),
        {"Authorization": f"Basic {pair}", "Content-Type": "application/x-www-form-urlencoded"},
    )
    with urllib.request.urlopen(asked, timeout=10) as reply:  # noqa: S310
        token = json.load(reply)["access_token"]
    return fetch(str(discovery["userinfo_endpoint"]), str(token))


def _trouble() -> Response:
    body = _html("500 Internal Server Error", "The server encountered an internal error or misconfiguration.")
    return Response(body, 500, media_type="text/html; charset=iso-8859-1")


def _html(title: str, *lines: str) -> str:
    said = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines if line)
    return f"<!DOCTYPE HTML>\n<html><head>\n<title>{title}</title>\n</head><body>\n<h1>{title}</h1>\n{said}</body></html>\n"
