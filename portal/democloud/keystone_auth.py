"""`POST /v3/auth/tokens` and what a token is good for by itself."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.errors import Fault, forbidden
from portal.democloud.keystone_tokens import catalog, issue, token_body
from portal.democloud.model_identity import ApplicationCredential, Project, Token, User
from portal.democloud.routing import answer, body, ctx, empty, member, place, route, unauthorized, valid_token
from portal.democloud.state import World

MALFORMED = (
    "The server could not comply with the request since it is either malformed or otherwise incorrect. "
    "The client is assumed to be in error."
)


def digest(secret: str) -> str:
    """Application credentials' secrets are long and random: a plain hash keeps them."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_domain(world: World, given: dict[str, Any]) -> str:
    for domain in world.identity.domains.values():
        if domain.id == given.get("id") or ("name" in given and domain.name == given["name"]):
            return domain.id
    raise unauthorized(world)


def find_user(world: World, given: dict[str, Any]) -> User:
    if "id" in given:
        user = world.identity.users.get(given["id"])
        if user is None:
            raise unauthorized(world)
        return user
    domain_id = find_domain(world, member(given, "domain"))
    for user in world.identity.users.values():
        if user.name == given.get("name") and user.domain_id == domain_id:
            return user
    raise unauthorized(world)


def find_project(world: World, given: dict[str, Any]) -> Project:
    if "id" in given:
        project = world.identity.projects.get(given["id"])
        if project is None:
            raise unauthorized(world)
        return project
    domain_id = find_domain(world, member(given, "domain"))
    for project in world.identity.projects.values():
        if project.name == given.get("name") and project.domain_id == domain_id:
            return project
    raise unauthorized(world)


def by_password(world: World, given: dict[str, Any]) -> User:
    wanted = member(given, "user")
    user = find_user(world, wanted)
    password = str(wanted.get("password", ""))
    if user.password is None or not hmac.compare_digest(user.password.encode(), password.encode()):
        raise unauthorized(world)
    return user


def by_credential(world: World, given: dict[str, Any]) -> ApplicationCredential:
    """The credential, if the secret fits, it has not expired, and its user still has all its roles.

    404 for one that is not there (any more), 401 for all else."""
    if "id" in given:
        found = world.identity.credentials.get(given["id"])
    else:
        user = find_user(world, member(given, "user"))
        owned = [c for c in world.identity.credentials.values() if c.user_id == user.id]
        found = next((c for c in owned if c.name == given.get("name")), None)
    if found is None:
        named = given.get("id", given.get("name"))
        raise Fault(404, f"Could not find Application Credential: {named}.")
    if not hmac.compare_digest(found.secret_hash, digest(str(given.get("secret", "")))):
        raise unauthorized(world)
    if found.expires_at is not None and found.expires_at <= world.now():
        raise unauthorized(world)
    held = {role.id for role in world.roles_of(found.user_id, found.project_id or "")}
    if not set(found.role_ids) <= held:
        raise unauthorized(world)
    return found


async def authenticate(request: Request) -> Response:
    world, _ = place(request)
    document = await body(request)
    if "auth" not in document:
        raise Fault(400, f"Expecting to find auth in request body. {MALFORMED}")
    auth = member(document, "auth")
    identity = member(auth, "identity")
    methods = identity.get("methods")
    if methods == ["application_credential"]:
        token = _with_credential(world, auth, member(identity, "application_credential"))
    elif methods == ["password"]:
        user = by_password(world, member(identity, "password"))
        token = issue(world, user, _scope(world, auth, user), ["password"])
    elif methods == ["token"]:
        parent = _known_token(world, str(member(identity, "token").get("id", "")))
        if parent.application_credential_id:
            raise forbidden("Using a delegated token to create another token is not allowed.")
        user = world.identity.users[parent.user_id]
        token = issue(world, user, _scope(world, auth, user), ["token"], parent=parent)
    else:
        raise Fault(401, "Attempted to authenticate with an unsupported method.")
    with_catalog = "nocatalog" not in request.query_params
    return token_answer(world, token, 201, with_catalog=with_catalog)


def _known_token(world: World, token_id: str) -> Token:
    """A token that a request is about. 404, not 401, for one that is not good (any more)."""
    try:
        return valid_token(world, token_id)
    except Fault:
        known = token_id in world.identity.tokens
        why = "Failed to validate token" if known else "Could not recognize Fernet token"
        raise Fault(404, why) from None


def token_answer(world: World, token: Token, status: int, *, with_catalog: bool = True) -> Response:
    content = token_body(world, token, with_catalog=with_catalog)
    return answer(content, status, {"X-Subject-Token": token.id})


def _with_credential(world: World, auth: dict[str, Any], given: dict[str, Any]) -> Token:
    if "scope" in auth:
        refused = unauthorized(world)
        refused.message = (
            "Error authenticating with application credential: "
            "Application credentials cannot request a scope."
        )
        raise refused
    credential = by_credential(world, given)
    user = world.identity.users[credential.user_id]
    project = world.identity.projects[credential.project_id] if credential.project_id else None
    return issue(world, user, project, ["application_credential"], credential=credential)


def _scope(world: World, auth: dict[str, Any], user: User) -> Project | None:
    scope = auth.get("scope")
    if scope == "unscoped":
        return None
    if scope is None:
        default = world.identity.projects.get(user.default_project_id or "")
        return default if default and world.roles_of(user.id, default.id) else None
    if not isinstance(scope, dict) or "project" not in scope:
        raise unauthorized(world)
    return find_project(world, member(scope, "project"))


def _subject(request: Request) -> Token:
    """The token of X-Subject-Token; 404 when it is none, as Keystone says it."""
    here = ctx(request, scoped=False)
    if "x-subject-token" not in request.headers:
        raise forbidden("identity:validate_token")
    subject = _known_token(here.world, request.headers.get("x-subject-token", ""))
    if subject.user_id != here.user_id and not here.admin:
        raise forbidden("identity:validate_token")
    return subject


async def validate(request: Request) -> Response:
    world, _ = place(request)
    with_catalog = "nocatalog" not in request.query_params
    return token_answer(world, _subject(request), 200, with_catalog=with_catalog)


async def revoke(request: Request) -> Response:
    """Only this token: those scoped from it live on."""
    _subject(request).revoked = True
    return empty()


async def show_catalog(request: Request) -> Response:
    here = ctx(request)
    links = {"self": f"{here.world.base_url}/identity/v3/auth/catalog"}
    return answer({"catalog": catalog(here.world, here.project_id), "links": links})


def routes() -> list[Route]:
    return [
        route("POST", "/v3/auth/tokens", authenticate),
        route("GET", "/v3/auth/tokens", validate),
        route("DELETE", "/v3/auth/tokens", revoke),
        route("GET", "/v3/auth/catalog", show_catalog),
    ]
