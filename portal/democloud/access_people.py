"""ACCESS's userinfo, profiles and spacct: who there is, and what they are called at the resource."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import access_keys
from portal.democloud.errors import Fault
from portal.democloud.keystone_federation import SUFFIX
from portal.democloud.model_access import AccessPerson
from portal.democloud.routing import answer, place, route
from portal.democloud.state import World


def _world(request: Request, agent: str) -> World:
    world, _ = place(request)
    access_keys.check(request, world.access_keys, agent)
    return world


def _view(person: AccessPerson) -> dict[str, Any]:
    return {
        "portal_login": person.username,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "organization": person.organization,
        "status": person.status,
    }


async def search(request: Request) -> Response:
    """People whose user name or name has the words asked for."""
    world = _world(request, "userinfo")
    words = request.query_params.get("q", "").casefold().split()
    if not words:
        raise Fault(400, "q is required.")
    found = [
        _view(one)
        for one in world.access.people.values()
        if all(word in f"{one.username} {one.first_name} {one.last_name}".casefold() for word in words)
    ]
    return answer({"result": found})


async def by_username(request: Request) -> Response:
    """The person of that account name at the resource."""
    world = _world(request, "userinfo")
    person = world.access.people.get(request.path_params["username"].removesuffix(SUFFIX))
    if person is None or request.path_params["resource"] != access_keys.RESOURCE:
        raise Fault(404, "No such user at this resource.")
    return answer({"result": _view(person)})


async def profile(request: Request) -> Response:
    """Name, address and eligibility of one person."""
    world = _world(request, "profiles")
    person = world.access.people.get(request.path_params["username"])
    if person is None:
        raise Fault(404, "Person not found.")
    return answer(
        {
            "username": person.username,
            "firstName": person.first_name,
            "lastName": person.last_name,
            "email": person.email,
            "organizationId": 1,
            "isSuspended": person.status == "suspended",
            "isArchived": person.status == "archived",
            "isEligible": "no" if person.why_not else "yes",
            "eligibleReason": person.why_not or None,
        }
    )


async def accounts(request: Request) -> Response:
    """What everybody with an account at the resource is called there."""
    world = _world(request, "spacct")
    if request.path_params["resource"] != access_keys.RESOURCE:
        raise Fault(404, "No such resource.")
    here = sorted({seat.username for seat in world.access.seats if seat.sp_state == "active"})
    users = [{"portalLogin": name, "usernames": [_local_name(world, name)]} for name in here]
    return answer({"result": {"users": users}})


def _local_name(world: World, name: str) -> str:
    """The account of that name, else that of who comes by federation."""
    return name if any(user.name == name for user in world.identity.users.values()) else name + SUFFIX


async def auth_test(request: Request) -> Response:
    """Whether the key is good."""
    _world(request, "spacct")
    return answer({"result": {"authenticated": True}})


def routes() -> list[Route]:
    return [
        route("GET", "/acdb/userinfo/v2/people/search", search),
        route("GET", "/acdb/userinfo/v2/people/by_username/{resource}/{username}", by_username),
        route("GET", "/identity/profiles/v1/people/{username}", profile),
        route("GET", "/acdb/spacct/auth_test", auth_test),
        route("GET", "/acdb/spacct/v2/users/resource/{resource}", accounts),
    ]
