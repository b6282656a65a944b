"""Actions on volumes: `POST /volumes/{id}/action`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import cinder_quota
from portal.democloud.cinder_volumes import EXTEND_SECONDS, find, own_project
from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.model_storage import Volume
from portal.democloud.routing import Ctx, body, empty, route

Action = Callable[[Ctx, Volume, dict[str, Any]], None]


def extend(here: Ctx, volume: Volume, given: dict[str, Any]) -> None:
    size = given.get("new_size")
    if not isinstance(size, int) or isinstance(size, bool):
        raise Fault(400, f"Invalid input for field/attribute new_size. Value: {size}.")
    if volume.status != "available":
        must = f"Volume {volume.id} status must be 'available' to extend, currently {volume.status}."
        message = f"Invalid volume: {must}"
        raise Fault(400, message)
    if size <= volume.size:
        message = (
            "Invalid input received: New size for extend must be greater than current size. "
            f"(current: {volume.size}, extended: {size})."
        )
        raise Fault(400, message)
    cinder_quota.check(here, gigabytes=size - volume.size)
    volume.status = "extending"
    here.world.later(EXTEND_SECONDS, "volume", here.region, volume.id, status="available", size=size)


def set_bootable(here: Ctx, volume: Volume, given: dict[str, Any]) -> None:
    volume.bootable = given.get("bootable") in (True, "true", "True")


def set_readonly(here: Ctx, volume: Volume, given: dict[str, Any]) -> None:
    volume.metadata = volume.metadata | {"readonly": str(given.get("readonly") in (True, "true", "True"))}


def reset_status(here: Ctx, volume: Volume, given: dict[str, Any]) -> None:
    if not here.admin:
        message = "Policy doesn't allow volume_extension:volume_admin_actions:reset_status to be performed."
        raise Fault(403, message)
    volume.status = str(given.get("status", volume.status))


ACTIONS: dict[str, Action] = {
    "os-extend": extend,
    "os-set_bootable": set_bootable,
    "os-update_readonly_flag": set_readonly,
    "os-reset_status": reset_status,
}


async def act(request: Request) -> Response:
    here = own_project(request)
    volume = find(here, request.path_params["id"])
    document = await body(request)
    name = next(iter(document), "")
    given = document.get(name)
    if name not in ACTIONS:
        advice = "Verify the request body and Content-Type header and try again."
        message = f"There is no such action: {name}. {advice}"
        raise Fault(400, message)
    ACTIONS[name](here, volume, given if isinstance(given, dict) else {})
    volume.updated_at = second(here.world.now())
    return empty(202)


def routes() -> list[Route]:
    return [route("POST", "/v3/{project_id}/volumes/{id}/action", act)]
