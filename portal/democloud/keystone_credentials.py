"""Application credentials: made by their user, good until they expire, are deleted, or a role is lost."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.clock import iso_micro, parse_iso, second
from portal.democloud.errors import Fault, forbidden
from portal.democloud.keystone_auth import MALFORMED, digest
from portal.democloud.model_identity import ApplicationCredential, Role
from portal.democloud.routing import Ctx, answer, body, ctx, empty, member, new_hex, route
from portal.democloud.state import World

BOOTSTRAP_ROLES = ("admin", "member", "reader")
PATH = "/v3/users/{user_id}/application_credentials"


def _own(request: Request, *, managing: bool) -> Ctx:
    """The user's own credentials only; a restricted credential manages none."""
    here = ctx(request, scoped=False)
    if request.path_params["user_id"] != here.user_id and not here.admin:
        raise Fault(403, "You are not authorized to perform the requested action.")
    credential = here.world.identity.credentials.get(here.token.application_credential_id or "")
    if managing and credential is not None and not credential.unrestricted:
        method = "Using method 'application_credential' is not allowed"
        raise forbidden(f"{method} for managing additional application credentials.")
    return here


def _find(here: Ctx, credential_id: str) -> ApplicationCredential:
    found = here.world.identity.credentials.get(credential_id)
    if found is None or (found.user_id != here.user_id and not here.admin):
        raise Fault(404, f"Could not find Application Credential: {credential_id}.")
    return found


def _view(world: World, one: ApplicationCredential) -> dict[str, Any]:
    here = f"{world.base_url}/identity/v3/users/{one.user_id}/application_credentials/{one.id}"
    roles = [world.identity.roles[role_id] for role_id in one.role_ids]
    found = {
        "id": one.id,
        "name": one.name,
        "user_id": one.user_id,
        "description": one.description,
        "expires_at": iso_micro(one.expires_at),
        "project_id": one.project_id,
        "system": None,
        "unrestricted": one.unrestricted,
        "roles": [_role_view(role) for role in roles],
        "links": {"self": here},
    }
    return found | ({"access_rules": one.access_rules} if one.access_rules else {})


def _role_view(role: Role) -> dict[str, Any]:
    found: dict[str, Any] = {"id": role.id, "name": role.name, "domain_id": None, "description": None}
    return found | {"options": {"immutable": True} if role.name in BOOTSTRAP_ROLES else {}}


def _roles(here: Ctx, given: list[Any] | None) -> list[str]:
    """The roles asked for, by id or name; all of the token's when none are. 400 for one not held."""
    held = here.world.roles_of(here.user_id, here.project_id) if here.project_id else []
    held = [role for role in held if role.name in here.roles]
    if not given:
        return [role.id for role in held]
    found: list[str] = []
    for wanted in given:
        if not isinstance(wanted, dict):
            raise Fault(400, f"Invalid input for field 'roles': {wanted!r} is not of type 'object'")
        found.append(_role(held, wanted).id)
    return found


def _role(held: list[Role], wanted: dict[str, Any]) -> Role:
    for role in held:
        if role.id == wanted.get("id") or role.name == wanted.get("name"):
            return role
    message = "Cannot create an application credential with unassigned role"
    raise Fault(400, f"Invalid application credential: {message}")


def _expiry(world: World, given: Any) -> datetime | None:
    if given is None:
        return None
    try:
        moment = parse_iso(str(given))
    except ValueError:
        raise Fault(400, f"Timestamp not in expected format. {MALFORMED}") from None
    if moment <= world.now():
        raise Fault(400, f"The 'expires_at' must not be before now. {MALFORMED}")
    return moment


async def create(request: Request) -> Response:
    here = _own(request, managing=True)
    wanted = member(await body(request), "application_credential")
    name = wanted.get("name")
    if name is None:
        raise Fault(400, "'name' is a required property")
    if not isinstance(name, str) or not 1 <= len(name) <= 255:
        raise Fault(400, f"Invalid input for field 'name': {name!r}")
    mine = [c for c in here.world.identity.credentials.values() if c.user_id == here.user_id]
    if any(one.name == name for one in mine):
        message = (
            "Conflict occurred attempting to store application_credential - Duplicate entry found with "
            f"name {name}."
        )
        raise Fault(409, message)
    secret = wanted.get("secret") or secrets.token_urlsafe(64)
    credential = ApplicationCredential(
        id=new_hex(),
        name=name,
        user_id=here.user_id,
        project_id=here.project_id or None,
        secret_hash=digest(secret),
        role_ids=_roles(here, wanted.get("roles")),
        created_at=second(here.world.now()),
        unrestricted=wanted.get("unrestricted"),
        description=wanted.get("description"),
        expires_at=_expiry(here.world, wanted.get("expires_at")),
        access_rules=wanted.get("access_rules"),
    )
    here.world.identity.credentials[credential.id] = credential
    return answer({"application_credential": {**_view(here.world, credential), "secret": secret}}, 201)


async def list_all(request: Request) -> Response:
    here = _own(request, managing=False)
    user_id, name = request.path_params["user_id"], request.query_params.get("name")
    found = [
        _view(here.world, one)
        for one in here.world.identity.credentials.values()
        if one.user_id == user_id and name in (None, one.name)
    ]
    links = {"self": f"{here.world.base_url}/identity{request.scope['path']}", "previous": None, "next": None}
    return answer({"application_credentials": found, "links": links})


async def show(request: Request) -> Response:
    here = _own(request, managing=False)
    return answer({"application_credential": _view(here.world, _find(here, request.path_params["id"]))})


async def delete(request: Request) -> Response:
    here = _own(request, managing=True)
    credential = _find(here, request.path_params["id"])
    del here.world.identity.credentials[credential.id]
    return empty()


def routes() -> list[Route]:
    return [
        route("POST", PATH, create),
        route("GET", PATH, list_all),
        route("GET", PATH + "/{id}", show),
        route("DELETE", PATH + "/{id}", delete),
    ]
