"""The exchange of an OIDC access token for a Keystone token: Apache with mod_auth_openidc, then a mapping."""

from __future__ import annotations

import asyncio
import hashlib
import json
import urllib.error
import urllib.request
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.errors import Fault
from portal.democloud.keystone_auth import token_answer
from portal.democloud.keystone_tokens import issue
from portal.democloud.model_identity import User
from portal.democloud.routing import place, route, unauthorized
from portal.democloud.state import World

PATH = "/v3/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/auth"
SUFFIX = "@access-ci.org"
ALLOWED_IDP = "https://access-ci.org/idp"
APACHE_BODY = (
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>401 Unauthorized</title>\n'
    "</head><body>\n<h1>Unauthorized</h1>\n<p>This server could not verify that you\n"
    "are authorized to access the document\nrequested.</p>\n</body></html>\n"
)


def apache_refusal(error: str, description: str) -> Response:
    header = f'Bearer error="{error}", error_description="{description}"'
    headers = {"WWW-Authenticate": header}
    return Response(APACHE_BODY, 401, headers, media_type="text/html; charset=iso-8859-1")


def fetch(url: str, token: str | None = None) -> dict[str, Any]:
    """A JSON object from the provider on loopback. Raises OSError or ValueError."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    asked = urllib.request.Request(url, headers=headers)  # noqa: S310 - the address is our own setting
    with urllib.request.urlopen(asked, timeout=10) as reply:  # noqa: S310
        found = json.load(reply)
    if not isinstance(found, dict):
        raise ValueError
    return found


def _claims(issuer: str, token: str) -> dict[str, Any]:
    discovery = fetch(issuer.rstrip("/") + "/.well-known/openid-configuration")
    return fetch(str(discovery["userinfo_endpoint"]), token)


async def exchange(request: Request) -> Response:
    """201 with an unscoped token for the access token's person; refused in Apache's or Keystone's words."""
    world, _ = place(request)
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if request.path_params["provider"] != "access":
        raise Fault(404, f"Could not find Identity Provider: {request.path_params['provider']}.")
    if request.path_params["protocol"] != "openid":
        raise Fault(401, "Attempted to authenticate with an unsupported method.")
    if scheme.lower() != "bearer" or not bearer:
        return apache_refusal("invalid_request", "No bearer token found in the request")
    if world.oidc_issuer is None:
        raise Fault(503, "No OpenID provider is configured (--oidc-issuer).")
    try:
        claims = await asyncio.to_thread(_claims, world.oidc_issuer, bearer.strip())
    except urllib.error.HTTPError:
        return apache_refusal("invalid_token", "Reference token could not be introspected")
    except (OSError, ValueError, KeyError):
        return apache_refusal("invalid_token", "The identity provider does not answer")
    eppn = claims.get("eppn")
    if not isinstance(eppn, str):
        return apache_refusal("invalid_token", "Could not set remote user")
    if claims.get("idp") != ALLOWED_IDP:
        raise unauthorized(world)
    return token_answer(world, issue(world, mapped_user(world, eppn), None, ["openid"]), 201)


def mapped_user(world: World, eppn: str) -> User:
    """The local account of that name if there is one, else an ephemeral one that is the same every time."""
    local = eppn.removesuffix(SUFFIX)
    for user in world.identity.users.values():
        if user.unique_id is None and user.name == local and eppn.endswith(SUFFIX):
            return user
    user_id = hashlib.sha256(f"access:openid:{eppn}".encode()).hexdigest()
    user = world.identity.users.get(user_id) or User(
        user_id, eppn, "access", unique_id=eppn.replace("@", "%40")
    )
    world.identity.users[user_id] = user
    return user


def routes() -> list[Route]:
    return [route("POST", PATH, exchange), route("GET", PATH, exchange)]
