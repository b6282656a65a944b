"""Tokens: how they are made, what they say, and the catalogue in them."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from portal.democloud.clock import iso_micro_z, second
from portal.democloud.model_identity import ApplicationCredential, Project, Token, User
from portal.democloud.routing import unauthorized
from portal.democloud.services import CATALOG
from portal.democloud.state import Region, World


def issue(
    world: World,
    user: User,
    project: Project | None,
    methods: list[str],
    *,
    parent: Token | None = None,
    credential: ApplicationCredential | None = None,
) -> Token:
    """A new token. One made from another never lasts longer. 401 without a role in the project."""
    if not user.enabled or (project and not (project.enabled and world.roles_of(user.id, project.id))):
        raise unauthorized(world)
    now = second(world.now())
    expires = now + timedelta(seconds=world.token_seconds)
    if parent is not None:
        expires = min(expires, parent.expires_at)
    if credential is not None and credential.expires_at is not None:
        expires = min(expires, credential.expires_at)
    audit_ids = [secrets.token_urlsafe(16)]
    if parent is not None:
        audit_ids.append(parent.audit_ids[-1])
        methods = sorted({*methods, *parent.methods})
    token = Token(
        id="gAAAAAB" + secrets.token_urlsafe(116),
        user_id=user.id,
        project_id=project.id if project else None,
        methods=methods,
        audit_ids=audit_ids,
        issued_at=now,
        expires_at=expires,
        application_credential_id=credential.id if credential else None,
        federated=user.unique_id is not None,
    )
    world.identity.tokens[token.id] = token
    _forget_expired(world)
    return token


def _forget_expired(world: World) -> None:
    """Keep the store small: now and then drop what ended; who shows such a token gets 401 either way."""
    tokens = world.identity.tokens
    if len(tokens) % 500 == 0:
        now = world.now()
        for gone in [token.id for token in tokens.values() if token.expires_at <= now]:
            del tokens[gone]


def _domain(world: World, domain_id: str) -> dict[str, str]:
    return {"id": domain_id, "name": world.identity.domains[domain_id].name}


def _user(world: World, token: Token) -> dict[str, Any]:
    user = world.identity.users[token.user_id]
    found: dict[str, Any] = {"domain": _domain(world, user.domain_id), "id": user.id, "name": user.name}
    if user.unique_id is None:
        found["password_expires_at"] = None
    else:
        found["OS-FEDERATION"] = {
            "groups": [],
            "identity_provider": {"id": "access"},
            "protocol": {"id": "openid"},
        }
    return found


def token_body(world: World, token: Token, *, with_catalog: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {
        "methods": token.methods,
        "user": _user(world, token),
        "audit_ids": token.audit_ids,
        "expires_at": iso_micro_z(token.expires_at),
        "issued_at": iso_micro_z(token.issued_at),
    }
    roles = world.roles_of(token.user_id, token.project_id) if token.project_id else []
    if token.application_credential_id:
        credential = world.identity.credentials[token.application_credential_id]
        roles = [role for role in roles if role.id in credential.role_ids]
        found["application_credential"] = {
            "id": credential.id,
            "name": credential.name,
            "restricted": not credential.unrestricted,
        }
    if token.project_id:
        project = world.identity.projects[token.project_id]
        domain = _domain(world, project.domain_id)
        found["project"] = {"domain": domain, "id": project.id, "name": project.name}
        found["is_domain"] = False
        found["roles"] = [{"id": role.id, "name": role.name} for role in roles]
        if with_catalog:
            found["catalog"] = catalog(world, token.project_id)
    return {"token": found}


def catalog(world: World, project_id: str) -> list[dict[str, Any]]:
    return [_service(world, project_id, key) for key in CATALOG if key not in world.lacking.services]


def _service(world: World, project_id: str, key: str) -> dict[str, Any]:
    name, kind, _ = CATALOG[key]
    return {
        "id": f"{key:0<32.32}".encode().hex()[:32],
        "type": kind,
        "name": name,
        "endpoints": [
            _endpoint(world, project_id, key, region, interface)
            for region in world.regions.values()
            for interface in ("public", "internal", "admin")
        ],
    }


def _endpoint(world: World, project_id: str, key: str, region: Region, interface: str) -> dict[str, str]:
    path = CATALOG[key][2].format(project_id=project_id)
    prefix = "" if key == "identity" else region.prefix
    return {
        "id": f"{key}-{region.name}-{interface}".encode().hex()[:32],
        "interface": interface,
        "region": region.name,
        "region_id": region.name,
        "url": f"{world.base_url}{prefix}{path}",
    }
