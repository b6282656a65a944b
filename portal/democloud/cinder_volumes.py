"""Volumes: made, changed, extended, deleted."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import cinder_quota, cinder_view
from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.model_storage import Volume, VolumeSnapshot
from portal.democloud.nova_find import visible_image
from portal.democloud.routing import Ctx, answer, body, ctx, empty, member, new_uuid, route
from portal.democloud.state import Region, World, on_timer

CREATE_SECONDS, FROM_IMAGE_SECONDS, EXTEND_SECONDS, DELETE_SECONDS = 0.4, 12.0, 1.0, 2.0
TYPES = ("ceph-ssd", "__DEFAULT__")
DELETABLE = ("available", "error", "error_restoring", "error_extending", "error_managing")
UNDELETABLE = (
    "Invalid volume: Volume status must be available or error or error_restoring or error_extending or "
    "error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a "
    "transfer, or be disassociated from snapshots after volume transfer."
)
MALFORMED = (
    "The server could not comply with the request since it is either malformed or otherwise incorrect."
)


def find(here: Ctx, volume_id: str) -> Volume:
    found = here.region.data.volumes.get(volume_id)
    if found is None or not (cinder_view.owned(here, found) or here.admin):
        raise Fault(404, f"Volume {volume_id} could not be found.")
    return found


def own_project(request: Request) -> Ctx:
    """The project of the path has to be the token's."""
    here = ctx(request)
    if request.path_params["project_id"] != here.project_id:
        raise Fault(400, "Malformed request url")
    return here


def invalid(name: str, value: Any, why: str) -> Fault:
    return Fault(400, f"Invalid input for field/attribute {name}. Value: {value}. {why}")


def text_of(wanted: dict[str, Any], name: str) -> str | None:
    value = wanted.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > 255):
        raise invalid(name, value, f"{value!r} is too long or not of type 'string'")
    return value


def metadata_of(wanted: dict[str, Any]) -> dict[str, str]:
    value = wanted.get("metadata") or {}
    if not isinstance(value, dict) or not all(
        isinstance(one, str) and len(one) <= 255 for one in value.values()
    ):
        raise invalid("metadata", value, "it is not an object of strings")
    return dict(value)


def size_of(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdigit():
        raise invalid("size", value, f"{value!r} does not match '^[0-9]+$'")
    if int(value) < 1:
        raise invalid("size", value, f"{value} is less than the minimum of 1")
    return int(value)


def _snapshot(here: Ctx, wanted: dict[str, Any]) -> VolumeSnapshot | None:
    snapshot_id = wanted.get("snapshot_id")
    if not snapshot_id:
        return None
    found = here.region.data.snapshots.get(str(snapshot_id))
    if found is None or not cinder_view.owned(here, found):
        raise Fault(404, f"Snapshot {snapshot_id} could not be found.")
    return found


def _source_size(here: Ctx, wanted: dict[str, Any]) -> tuple[int, str | None, str | None]:
    """The size asked for or that of the source, the snapshot's id and the source volume's."""
    snapshot = _snapshot(here, wanted)
    source = find(here, str(wanted["source_volid"])) if wanted.get("source_volid") else None
    least = snapshot.size if snapshot else source.size if source else 0
    if wanted.get("size") is None:
        if not least:
            raise Fault(400, MALFORMED)
        size = least
    else:
        size = size_of(wanted["size"])
    if size < least:
        message = (
            f"Invalid input received: Volume size '{size}'GB cannot be smaller than the source's {least}GB."
        )
        raise Fault(400, message)
    return size, snapshot.id if snapshot else None, source.id if source else None


def _add_image(here: Ctx, volume: Volume, reference: str | None) -> None:
    if not reference:
        return
    image = visible_image(here.region, here.project_id, reference)
    if image is None or image.status != "active":
        raise Fault(400, "Invalid image identifier or unable to access requested image.")
    if volume.size < image.min_disk:
        message = (
            f"Invalid input received: Volume size {volume.size}GB cannot be smaller than the image minDisk "
            f"size {image.min_disk}GB."
        )
        raise Fault(400, message)
    volume.image_id, volume.bootable = image.id, True
    volume.image_metadata = {"image_id": image.id, "image_name": image.name, **image.properties}


async def create(request: Request) -> Response:
    here = own_project(request)
    wanted = member(await body(request), "volume")
    kind = wanted.get("volume_type") or TYPES[0]
    if kind not in TYPES:
        raise Fault(404, f"Volume type with name {kind} could not be found.")
    size, snapshot_id, source_id = _source_size(here, wanted)
    now = here.world.now()
    volume = Volume(
        id=new_uuid(),
        name=text_of(wanted, "name") or "",
        project_id=here.project_id,
        user_id=here.user_id,
        size=size,
        created_at=now,
        updated_at=now,
        description=text_of(wanted, "description"),
        volume_type=str(kind),
        snapshot_id=snapshot_id,
        source_volid=source_id,
        metadata=metadata_of(wanted),
    )
    _add_image(here, volume, wanted.get("imageRef"))
    cinder_quota.check(here, gigabytes=size, volumes=1)
    here.region.data.volumes[volume.id] = volume
    seconds = FROM_IMAGE_SECONDS if volume.image_id else CREATE_SECONDS
    if volume.image_id:
        here.world.later(CREATE_SECONDS, "volume", here.region, volume.id, status="downloading")
    here.world.later(seconds, "volume", here.region, volume.id, status="available")
    return answer({"volume": cinder_view.volume(request, volume)}, 202)


@on_timer("volume")
def volume_done(world: World, region: Region, target: str, args: dict[str, Any]) -> None:
    """What was under way is done: `status` and `size` take their new values, or the volume is gone."""
    volume = region.data.volumes.get(target)
    if volume is None:
        return
    if args["status"] == "deleted":
        del region.data.volumes[target]
        return
    volume.status, volume.updated_at = args["status"], second(world.now())
    volume.size = args.get("size", volume.size)


async def list_summaries(request: Request) -> Response:
    here = own_project(request)
    rows = [cinder_view.volume(request, one) for one in _listed(here)]
    found = cinder_view.chosen(request, rows)
    short = [{name: row[name] for name in ("id", "name", "links")} for row in found]
    return cinder_view.paged(request, "volumes", "Volume", short)


async def list_details(request: Request) -> Response:
    here = own_project(request)
    rows = [cinder_view.volume(request, one) for one in _listed(here)]
    return cinder_view.paged(request, "volumes", "Volume", cinder_view.chosen(request, rows))


def _listed(here: Ctx) -> list[Volume]:
    return [one for one in here.region.data.volumes.values() if cinder_view.owned(here, one)]


async def show(request: Request) -> Response:
    here = own_project(request)
    return answer({"volume": cinder_view.volume(request, find(here, request.path_params["id"]))})


async def update(request: Request) -> Response:
    here = own_project(request)
    volume = find(here, request.path_params["id"])
    wanted = member(await body(request), "volume")
    if "name" in wanted:
        volume.name = text_of(wanted, "name") or ""
    if "description" in wanted:
        volume.description = text_of(wanted, "description")
    if "metadata" in wanted:
        volume.metadata = metadata_of(wanted)
    volume.updated_at = second(here.world.now())
    return answer({"volume": cinder_view.volume(request, volume)})


async def delete(request: Request) -> Response:
    here = own_project(request)
    volume = find(here, request.path_params["id"])
    snapshots = here.region.data.snapshots.values()
    held = volume.attachments or any(one.volume_id == volume.id for one in snapshots)
    if held or volume.status not in DELETABLE:
        raise Fault(400, UNDELETABLE)
    volume.status = "deleting"
    here.world.later(DELETE_SECONDS, "volume", here.region, volume.id, status="deleted")
    return empty(202)


async def set_metadata(request: Request) -> Response:
    here = own_project(request)
    volume = find(here, request.path_params["id"])
    given = metadata_of(await body(request))
    volume.metadata = given if request.method == "PUT" else volume.metadata | given
    return answer({"metadata": volume.metadata})


async def delete_metadata(request: Request) -> Response:
    here = own_project(request)
    volume, key = find(here, request.path_params["id"]), request.path_params["key"]
    if key not in volume.metadata:
        raise Fault(404, f"Volume {volume.id} has no metadata with key {key}.")
    del volume.metadata[key]
    return empty(200)


def routes() -> list[Route]:
    root = "/v3/{project_id}/volumes"
    return [
        route("GET", root, list_summaries),
        route("POST", root, create),
        route("GET", f"{root}/detail", list_details),
        route("GET", f"{root}/{{id}}", show),
        route("PUT", f"{root}/{{id}}", update),
        route("DELETE", f"{root}/{{id}}", delete),
        route("POST", f"{root}/{{id}}/metadata", set_metadata),
        route("PUT", f"{root}/{{id}}/metadata", set_metadata),
        route("DELETE", f"{root}/{{id}}/metadata/{{key}}", delete_metadata),
    ]
