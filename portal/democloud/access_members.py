"""ACCESS's usermanagement: who is in a project, who manages it, adding and removing people, which takes its time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import access_keys
from portal.democloud.errors import Fault
from portal.democloud.keystone_federation import SUFFIX, mapped_user
from portal.democloud.model_access import AccessProject, AccessSeat
from portal.democloud.model_identity import Assignment
from portal.democloud.routing import answer, body, place, route
from portal.democloud.seed_catalogue import stable_hex
from portal.democloud.seed_identity import project_id
from portal.democloud.state import Region, World, on_timer

_MANAGING = ("pi", "co_pi", "allocation_manager")
_HERE = ("active", "pending-active")


def _world(request: Request) -> World:
    world, _ = place(request)
    access_keys.check(request, world.access_keys, "usermanagement")
    return world


def _project(world: World, grant: str) -> AccessProject:
    found = world.access.projects.get(grant)
    if found is None:
        raise Fault(404, f"No project {grant} was found.")
    return found


def _view(world: World, seat: AccessSeat) -> dict[str, Any]:
    person, project = world.access.people[seat.username], world.access.projects[seat.grant]
    found: dict[str, Any] = {
        "username": seat.username,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "email": person.email,
        "organization": person.organization,
        "grantNumber": seat.grant,
        "title": project.title,
        "spState": seat.sp_state,
        "resourceName": access_keys.RESOURCE,
    }
    return found | ({"role": seat.role} if world.access.tells_roles else {})


async def members(request: Request) -> Response:
    """Everybody in the project of that grant number."""
    world = _world(request)
    grant = request.path_params["name"]
    _project(world, grant)
    return answer({"result": [_view(world, seat) for seat in world.access.of_grant(grant)]})


async def projects_managed(request: Request) -> Response:
    """The projects in which the person is PI, co-PI or allocation manager."""
    world = _world(request)
    name = request.path_params["name"]
    if name not in world.access.people:
        raise Fault(404, f"No user {name} was found.")
    managed = [
        {"grantNumber": seat.grant, "title": world.access.projects[seat.grant].title}
        for seat in world.access.seats
        if seat.username == name and seat.role in _MANAGING and seat.sp_state == "active"
    ]
    return answer({"result": managed})


async def latest_request(request: Request) -> Response:
    """The project behind a grant number, as a request for an allocation."""
    world = _world(request)
    project = _project(world, request.path_params["name"])
    return answer({"result": {"masters": [{"requests": [{"projectTitle": project.title}]}]}})


async def add_multiple(request: Request) -> Response:
    """All of them, or nobody: 400 names the first who cannot be added."""
    world = _world(request)
    project = _project(world, request.path_params["name"])
    names = await _names(request)
    _open(project)
    for name in names:
        seat = world.access.seat(project.grant, name)
        if name not in world.access.people:
            raise Fault(400, f"{name} is not a known user.")
        if world.access.people[name].status != "active" or world.access.people[name].why_not:
            raise Fault(400, f"{name} is not eligible to be added to a project.")
        if seat is not None and seat.sp_state in _HERE:
            raise Fault(400, f"{name} is already a member of {project.grant}.")
    for name in names:
        _begin(world, project.grant, name, "pending-active")
    return answer({"result": {"message": "Accepted"}})


async def remove_multiple(request: Request) -> Response:
    """All of them, or nobody."""
    world = _world(request)
    project = _project(world, request.path_params["name"])
    names = await _names(request)
    _open(project)
    for name in names:
        seat = world.access.seat(project.grant, name)
        if seat is None or seat.sp_state not in _HERE:
            raise Fault(400, f"{name} is not a member of {project.grant}.")
        if seat.role == "pi":
            raise Fault(400, f"{name} is the PI of {project.grant}.")
    for name in names:
        _begin(world, project.grant, name, "pending-inactive")
    return answer({"result": {"message": "Accepted"}})


async def _names(request: Request) -> list[str]:
    given: Mapping[str, Any] = await body(request)
    names = given.get("usernames")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise Fault(400, "usernames is required.")
    if not given.get("comment"):
        raise Fault(400, "comment is required.")
    return names


def _open(project: AccessProject) -> None:
    if project.closed:
        raise Fault(400, f"{project.grant} is closed.")


def _begin(world: World, grant: str, username: str, state: str) -> None:
    seat = world.access.seat(grant, username)
    if seat is None:
        seat = AccessSeat(username, grant)
        world.access.seats.append(seat)
    seat.sp_state = state
    region = next(iter(world.regions.values()))
    world.later(world.access.pending_seconds, "access", region, f"{grant}/{username}", state=state)


@on_timer("access")
def provided(world: World, region: Region, target: str, args: dict[str, Any]) -> None:
    """The provider has made the account, or closed it: from now on Keystone agrees. Overtaken requests do nothing."""
    grant, _, username = target.partition("/")
    seat = world.access.seat(grant, username)
    if seat is None or seat.sp_state != args["state"]:
        return
    user = mapped_user(world, username + SUFFIX)
    role = Assignment(user.id, project_id(grant), stable_hex("role", "member"))
    if seat.sp_state == "pending-active":
        seat.sp_state = "active"
        if role.project_id in world.identity.projects:
            world.identity.assignments.add(role)
        return
    seat.sp_state = "inactive"
    held = {one for one in world.identity.assignments if one.user_id == user.id}
    world.identity.assignments -= {one for one in held if one.project_id == role.project_id}


def routes() -> list[Route]:
    users = "/acdb/usermanagement/v1/users/{name}"
    return [
        route("GET", users, members),
        route("GET", f"{users}/projects_managed", projects_managed),
        route("POST", f"{users}/add_multiple", add_multiple),
        route("POST", f"{users}/remove_multiple", remove_multiple),
        route("GET", "/acdb/usermanagement/v1/requests/request/{name}", latest_request),
    ]
