"""ACCESS: the public list of projects, and the APIs that keys open."""

from __future__ import annotations

from starlette.routing import Route

from portal.democloud import access_members, access_people, access_projects


def routes() -> list[Route]:
    return [*access_projects.routes(), *access_members.routes(), *access_people.routes()]
