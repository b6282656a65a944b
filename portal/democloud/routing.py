"""What every handler needs: who asks (`ctx`), the body (`body`), and how to answer (`answer`).

A service module exposes `routes() -> list[Route]`; its handlers are `async def name(request) -> Response`."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.errors import KEYSTONE, Fault
from portal.democloud.model_identity import Token
from portal.democloud.state import Region, World

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Ctx:
    """One authenticated request. `project_id` is "" for a token without a scope."""

    world: World
    region: Region
    token: Token
    user_id: str
    project_id: str
    roles: frozenset[str]
    request_id: str

    @property
    def admin(self) -> bool:
        return "admin" in self.roles


def place(request: Request) -> tuple[World, Region]:
    """The world and region that this request came to; asks for no token."""
    return request.scope["democloud.world"], request.scope["democloud.region"]


def request_id(request: Request) -> str:
    found: str = request.scope["democloud.request_id"]
    return found


def service_of(request: Request) -> str:
    found: str = request.scope["democloud.service"]
    return found


def unauthorized(world: World) -> Fault:
    message = "The request you have made requires authentication."
    header = f'Keystone uri="{world.base_url}/identity/v3"'
    return Fault(401, message, kind=KEYSTONE, headers={"WWW-Authenticate": header})


def valid_token(world: World, token_id: str) -> Token:
    """The token if it is good now: not expired, not revoked, its credential, user and role still there."""
    token = world.identity.tokens.get(token_id)
    if token is None or token.revoked or token.expires_at <= world.now():
        raise unauthorized(world)
    user = world.identity.users.get(token.user_id)
    if user is None or not user.enabled:
        raise unauthorized(world)
    if token.application_credential_id and token.application_credential_id not in world.identity.credentials:
        raise unauthorized(world)
    if token.project_id and not world.roles_of(token.user_id, token.project_id):
        raise unauthorized(world)
    return token


def token_roles(world: World, token: Token) -> list[str]:
    """Role names; an application credential gives those it was made with, if its user still has them."""
    if not token.project_id:
        return []
    roles = world.roles_of(token.user_id, token.project_id)
    if token.application_credential_id:
        given = world.identity.credentials[token.application_credential_id].role_ids
        roles = [role for role in roles if role.id in given]
    return [role.name for role in roles]


def ctx(request: Request, *, scoped: bool = True) -> Ctx:
    """Who asks. 401 without a good token; 403 for a token without a project where one is needed."""
    world, region = place(request)
    token = valid_token(world, request.headers.get("x-auth-token", ""))
    if scoped and not token.project_id:
        raise Fault(403, "You are not authorized to perform the requested action.")
    roles = frozenset(token_roles(world, token))
    project_id = token.project_id or ""
    return Ctx(world, region, token, token.user_id, project_id, roles, request_id(request))


async def body(request: Request) -> dict[str, Any]:
    """The JSON object of the request; 400 when it is anything else."""
    try:
        found = json.loads(await request.body() or b"{}")
    except (ValueError, UnicodeDecodeError, RecursionError):
        raise Fault(400, "Malformed request body") from None
    if not isinstance(found, dict):
        raise Fault(400, f"{found!r} is not of type 'object'")
    return found


def member(document: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under `key`, as in {"server": {...}}; 400 when it is missing."""
    if key not in document:
        raise Fault(400, f"{key!r} is a required property")
    found = document[key]
    if not isinstance(found, dict):
        why = f"{found!r} is not of type 'object'"
        raise Fault(400, f"Invalid input for field/attribute {key}. Value: {found}. {why}")
    return found


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(content), status, headers, media_type="application/json")


def empty(status: int = 204, headers: dict[str, str] | None = None) -> Response:
    return Response(b"", status, headers)


def base_url(request: Request) -> str:
    """The address of this service in this region, without a last slash."""
    world, region = place(request)
    roots = {
        "identity": "/identity/v3",
        "compute": "/compute/v2.1",
        "image": "/image/v2",
        "network": "/network/v2.0",
        "volume": "/volume/v3",
        "placement": "/placement",
        "accounting": "/accounting",
    }
    prefix = "" if service_of(request) == "identity" else region.prefix
    return f"{world.base_url}{prefix}{roots[service_of(request)]}"


def route(method: str, path: str, handler: Handler) -> Route:
    return Route(path, handler, methods=[method])


def new_uuid() -> str:
    return str(uuid.uuid4())


def new_hex() -> str:
    """Keystone's ids."""
    return uuid.uuid4().hex


def new_mac() -> str:
    return "fa:16:3e:" + ":".join(f"{byte:02x}" for byte in secrets.token_bytes(3))
