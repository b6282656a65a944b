"""What tests and the demo may do to ACCESS, and to Keystone's policy, from outside."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud import access_members
from portal.democloud.errors import Fault
from portal.democloud.model_access import AccessSeat
from portal.democloud.routing import answer, body, empty, place
from portal.democloud.state import World


async def show(request: Request) -> Response:
    data = place(request)[0].access
    seats = {f"{one.grant}/{one.username}": one.sp_state for one in data.seats}
    return answer({"pending_seconds": data.pending_seconds, "tells_roles": data.tells_roles, "seats": seats})


async def change(request: Request) -> Response:
    """Of `seats` Keystone is not told: what ACCESS says and what the cloud does may well differ."""
    world, _ = place(request)
    given, data = await body(request), world.access
    data.pending_seconds = float(given.get("pending_seconds", data.pending_seconds))
    data.tells_roles = bool(given.get("tells_roles", data.tells_roles))
    for grant, facts in (given.get("projects") or {}).items():
        if grant not in data.projects:
            raise Fault(400, f"There is no project {grant}.")
        data.projects[grant].closed = bool(facts.get("closed", False))
    for place_of, state in (given.get("seats") or {}).items():
        _seat(data.seats, place_of, state)
    if given.get("finish"):
        _finish(world)
    return await show(request)


def _finish(world: World) -> None:
    """Whatever is pending has come about; Keystone with it."""
    region = next(iter(world.regions.values()))
    for seat in list(world.access.seats):
        if seat.sp_state.startswith("pending"):
            access_members.provided(world, region, f"{seat.grant}/{seat.username}", {"state": seat.sp_state})


def _seat(seats: list[AccessSeat], place_of: str, state: str | None) -> None:
    grant, _, username = place_of.partition("/")
    kept = [one for one in seats if (one.grant, one.username) != (grant, username)]
    role = next((one.role for one in seats if one not in kept), "user")
    seats[:] = kept if state is None else [*kept, AccessSeat(username, grant, role, state)]


async def set_policy(request: Request) -> Response:
    identity = place(request)[0].identity
    identity.managers_assign = bool((await body(request)).get("managers_assign", False))
    return empty()
