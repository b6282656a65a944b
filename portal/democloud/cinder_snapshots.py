"""Snapshots of volumes."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import cinder_quota, cinder_view
from portal.democloud.cinder_volumes import find as find_volume
from portal.democloud.cinder_volumes import metadata_of, own_project, text_of
from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.model_storage import VolumeSnapshot
from portal.democloud.routing import Ctx, answer, body, empty, member, new_uuid, route
from portal.democloud.state import Region, World, on_timer

CREATE_SECONDS, DELETE_SECONDS = 1.0, 1.5


def find(here: Ctx, snapshot_id: str) -> VolumeSnapshot:
    found = here.region.data.snapshots.get(snapshot_id)
    if found is None or not (cinder_view.owned(here, found) or here.admin):
        raise Fault(404, f"Snapshot {snapshot_id} could not be found.")
    return found


async def create(request: Request) -> Response:
    """Of a volume in use only with `force`."""
    here = own_project(request)
    wanted = member(await body(request), "snapshot")
    volume = find_volume(here, str(wanted.get("volume_id", "")))
    forced = wanted.get("force") in (True, "true", "True")
    if volume.status != "available" and not (forced and volume.status == "in-use"):
        must = f"Volume {volume.id} status must be available, but current status is: {volume.status}."
        message = f"Invalid volume: {must}"
        raise Fault(400, message)
    cinder_quota.check(here, gigabytes=volume.size, snapshots=1)
    now = here.world.now()
    snapshot = VolumeSnapshot(
        id=new_uuid(),
        name=text_of(wanted, "name") or "",
        volume_id=volume.id,
        project_id=here.project_id,
        user_id=here.user_id,
        size=volume.size,
        created_at=now,
        updated_at=now,
        status="creating",
        description=text_of(wanted, "description"),
        metadata=metadata_of(wanted),
    )
    here.region.data.snapshots[snapshot.id] = snapshot
    here.world.later(CREATE_SECONDS, "snapshot", here.region, snapshot.id, status="available")
    return answer({"snapshot": cinder_view.snapshot(request, snapshot)}, 202)


@on_timer("snapshot")
def snapshot_done(world: World, region: Region, target: str, args: dict[str, Any]) -> None:
    snapshot = region.data.snapshots.get(target)
    if snapshot is None:
        return
    if args["status"] == "deleted":
        del region.data.snapshots[target]
        return
    snapshot.status, snapshot.updated_at = args["status"], second(world.now())


async def list_all(request: Request) -> Response:
    here = own_project(request)
    snapshots = here.region.data.snapshots.values()
    rows = [cinder_view.snapshot(request, one) for one in snapshots if cinder_view.owned(here, one)]
    return cinder_view.paged(request, "snapshots", "Snapshot", cinder_view.chosen(request, rows))


async def show(request: Request) -> Response:
    here = own_project(request)
    return answer({"snapshot": cinder_view.snapshot(request, find(here, request.path_params["id"]))})


async def update(request: Request) -> Response:
    here = own_project(request)
    snapshot = find(here, request.path_params["id"])
    wanted = member(await body(request), "snapshot")
    if "name" in wanted:
        snapshot.name = text_of(wanted, "name") or ""
    if "description" in wanted:
        snapshot.description = text_of(wanted, "description")
    snapshot.updated_at = second(here.world.now())
    return answer({"snapshot": cinder_view.snapshot(request, snapshot)})


async def delete(request: Request) -> Response:
    here = own_project(request)
    snapshot = find(here, request.path_params["id"])
    if snapshot.status not in ("available", "error"):
        raise Fault(400, "Invalid snapshot: Snapshot status must be available or error.")
    snapshot.status = "deleting"
    here.world.later(DELETE_SECONDS, "snapshot", here.region, snapshot.id, status="deleted")
    return empty(202)


def routes() -> list[Route]:
    root = "/v3/{project_id}/snapshots"
    return [
        route("GET", root, list_all),
        route("POST", root, create),
        route("GET", f"{root}/detail", list_all),
        route("GET", f"{root}/{{id}}", show),
        route("PUT", f"{root}/{{id}}", update),
        route("DELETE", f"{root}/{{id}}", delete),
    ]
