"""Machines made, changed and deleted elsewhere, as if with another tool or by an operator."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud import lifecycle, nova_view
from portal.democloud.control_find import named, region_of
from portal.democloud.errors import Fault
from portal.democloud.model_compute import Server
from portal.democloud.model_identity import User
from portal.democloud.routing import answer, body, empty, new_uuid, place
from portal.democloud.seed_servers import POWER, Old, add_machine
from portal.democloud.state import Region

CHANGEABLE = ("vm_state", "task_state", "power_state", "locked", "name", "metadata", "tags", "progress")


def _find(request: Request) -> tuple[Region, Server]:
    world, _ = place(request)
    for region in world.regions.values():
        server = region.data.servers.get(request.path_params["id"])
        if server is not None:
            return region, server
    raise Fault(404, f"Instance {request.path_params['id']} could not be found.")


async def create(request: Request) -> Response:
    """A machine that is there at once, in any settled state, with no record of who asked."""
    world, _ = place(request)
    given = await body(request)
    region = region_of(world, given)
    old = Old(
        name=str(given.get("name", f"elsewhere-{new_uuid()[:8]}")),
        project=named(world.identity.projects, given.get("project"), "project").name,
        user=_user(world.identity.users, given).name,
        flavor=named(region.data.flavors, given.get("flavor", "m3.tiny"), "flavor").name,
        image=named(region.data.images, given.get("image", "Featured-Ubuntu24"), "image").name,
        vm_state=str(given.get("vm_state", "active")),
        exosphere=given.get("exosphere") is True,
        floating=given.get("floating") is True,
        days=0.0,
        id=new_uuid(),
    )
    if old.vm_state not in POWER:
        raise Fault(400, f"vm_state is one of {sorted(POWER)}.")
    server = add_machine(world, region, old)
    server.metadata |= given.get("metadata", {})
    server.tags = list(given.get("tags", []))
    region.touch_server(server, world.now())
    if server.power_state == 1:
        world.hypervisor.boot(region, server, booted_ago=60.0)
    return answer({"server": nova_view.detail(world, region, server, 96)}, 201)


def _user(users: dict[str, User], given: dict[str, Any]) -> User:
    found: User = named(users, given.get("user"), "user")
    return found


async def change(request: Request) -> Response:
    world, _ = place(request)
    region, server = _find(request)
    given = await body(request)
    if not set(given) <= set(CHANGEABLE):
        raise Fault(400, f"What can be set: {CHANGEABLE}.")
    for name, value in given.items():
        setattr(server, name, value)
    server.run = None
    region.touch_server(server, world.now())
    return answer({"server": nova_view.detail(world, region, server, 96)})


async def show_guest(request: Request) -> Response:
    world, _ = place(request)
    _, server = _find(request)
    return answer({"guest": world.hypervisor.trouble(server.id)})


async def change_guest(request: Request) -> Response:
    """A day that goes wrong for what runs inside: see `guest_trouble.Trouble`. {"ssh": ""} ends it."""
    world, _ = place(request)
    _, server = _find(request)
    if problem := world.hypervisor.misbehave(server.id, await body(request)):
        raise Fault(400, problem)
    return answer({"guest": world.hypervisor.trouble(server.id)})


async def delete(request: Request) -> Response:
    """Gone through the usual states, or at once with `?now`."""
    world, _ = place(request)
    region, server = _find(request)
    request_id = request.scope["democloud.request_id"]
    lifecycle.begin(
        world, region, server, "delete", action="delete", request_id=request_id, user_id=server.user_id
    )
    if "now" in request.query_params:
        lifecycle.finish_now(world, region, server)
    return empty()
