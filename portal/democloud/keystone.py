"""Keystone v3."""

from __future__ import annotations

from starlette.routing import Route

from portal.democloud import (
    keystone_auth,
    keystone_credentials,
    keystone_federation,
    keystone_people,
    keystone_services,
    keystone_websso,
)


def routes() -> list[Route]:
    return [
        *keystone_auth.routes(),
        *keystone_people.routes(),
        *keystone_services.routes(),
        *keystone_credentials.routes(),
        *keystone_federation.routes(),
        *keystone_websso.routes(),
    ]
