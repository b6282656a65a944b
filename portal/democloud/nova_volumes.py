"""Volumes of a server: attach, detach, change what happens to them at the end."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import lifecycle, nova_input, nova_rules
from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion, need
from portal.democloud.model_compute import Server, VolumeAttachment
from portal.democloud.model_storage import Volume
from portal.democloud.nova_disks import device_name, join
from portal.democloud.nova_find import asked_server
from portal.democloud.routing import Ctx, answer, body, empty, member, new_uuid, route
from portal.democloud.state import Region, World, on_timer

PATH = "/v2.1/servers/{server_id}/os-volume_attachments"
RESERVED_SECONDS, ATTACH_SECONDS, DETACH_SECONDS = 0.5, 2.0, 0.4


def _view(server: Server, one: VolumeAttachment, minor: int) -> dict[str, Any]:
    found: dict[str, Any] = {"device": one.device, "serverId": server.id, "volumeId": one.volume_id}
    if minor >= 89:
        found |= {"attachment_id": one.attachment_id, "bdm_uuid": one.attachment_id}
    else:
        found["id"] = one.volume_id
    if minor >= 70:
        found["tag"] = one.tag
    if minor >= 79:
        found["delete_on_termination"] = one.delete_on_termination
    return found


def _find(server: Server, volume_id: str) -> VolumeAttachment:
    for one in server.volumes:
        if one.volume_id == volume_id:
            return one
    raise Fault(404, f"Instance {server.id} is not attached to volume {volume_id}")


def _volume(here: Ctx, volume_id: str) -> Volume:
    volume = here.region.data.volumes.get(volume_id)
    if volume is None or volume.project_id != here.project_id:
        raise Fault(404, f"Volume {volume_id} could not be found.")
    return volume


async def list_all(request: Request) -> Response:
    _, server = asked_server(request)
    minor = microversion(request)
    return answer({"volumeAttachments": [_view(server, one, minor) for one in server.volumes]})


async def show(request: Request) -> Response:
    _, server = asked_server(request)
    one = _find(server, request.path_params["volume_id"])
    return answer({"volumeAttachment": _view(server, one, microversion(request))})


async def attach(request: Request) -> Response:
    """200 at once; the volume is reserved, being attached, and in use some time later."""
    here, server = asked_server(request)
    wanted = member(await body(request), "volumeAttachment")
    minor = microversion(request)
    volume_id = wanted.get("volumeId")
    if not nova_input.is_uuid(volume_id):
        raise nova_input.invalid("volumeId", volume_id, f"{volume_id!r} is not a 'uuid'")
    nova_rules.check(server, "attach_volume")
    volume = _volume(here, str(volume_id))
    if any(one.volume_id == volume.id for one in server.volumes):
        raise Fault(409, f"Invalid volume: Volume {volume.id} is already attached to instance {server.id}.")
    if volume.status != "available" and not (volume.multiattach and volume.status == "in-use"):
        message = (
            f"Invalid input received: Invalid volume: Volume {volume.id} status must be available or "
            f"downloading to reserve, but the current status is {volume.status}. (HTTP 400)"
        )
        raise Fault(400, message)
    tag = nova_input.tag_of(wanted["tag"]) if wanted.get("tag") and minor >= 49 else None
    device = str(wanted.get("device") or device_name(server))
    dies = wanted.get("delete_on_termination") is True and minor >= 79
    attachment = VolumeAttachment(volume.id, new_uuid(), device, dies, tag)
    volume.updated_at = second(here.world.now())
    if volume.status == "available":
        # One that others have already stays "in-use" all the while.
        volume.status = "reserved"
        here.world.later(RESERVED_SECONDS, "volume", here.region, volume.id, status="attaching")
    lifecycle.record(here.world, server, "attach_volume", request_id=here.request_id, user_id=here.user_id)
    args = {"attachment": vars(attachment)}
    here.world.later(ATTACH_SECONDS, "volume-attached", here.region, server.id, **args)
    return answer({"volumeAttachment": _view(server, attachment, minor)})


@on_timer("volume-attached")
def attached(world: World, region: Region, target: str, args: dict[str, Any]) -> None:
    attachment = VolumeAttachment(**args["attachment"])
    server = region.data.servers.get(target)
    volume = region.data.volumes.get(attachment.volume_id)
    if volume is None:
        return
    if server is None or server.vm_state == "deleted":
        volume.status = "in-use" if volume.attachments else "available"
        return
    join(world, server, volume, attachment)
    region.touch_server(server, world.now())


async def change(request: Request) -> Response:
    """Only `delete_on_termination` (2.85); swapping volumes is an admin's call."""
    need(request, 85)
    here, server = asked_server(request)
    wanted = member(await body(request), "volumeAttachment")
    one = _find(server, request.path_params["volume_id"])
    if "delete_on_termination" in wanted:
        one.delete_on_termination = wanted["delete_on_termination"] is True
        here.region.touch_server(server, here.world.now())
    return empty(202)


async def detach(request: Request) -> Response:
    here, server = asked_server(request)
    _volume(here, request.path_params["volume_id"])
    one = _find(server, request.path_params["volume_id"])
    nova_rules.check(server, "detach_volume")
    if one.root:
        raise Fault(403, f"Volume {one.volume_id} is the root device of instance {server.id} and stays.")
    volume = here.region.data.volumes.get(one.volume_id)
    if volume is not None:
        if volume.status == "detaching":
            raise Fault(400, f"Invalid volume: Volume {volume.id} status must be in-use to detach.")
        volume.status = "detaching"
    lifecycle.record(here.world, server, "detach_volume", request_id=here.request_id, user_id=here.user_id)
    here.world.later(DETACH_SECONDS, "volume-detached", here.region, server.id, volume_id=one.volume_id)
    return empty(202)


@on_timer("volume-detached")
def detached(world: World, region: Region, target: str, args: dict[str, Any]) -> None:
    volume = region.data.volumes.get(args["volume_id"])
    if volume is not None:
        volume.attachments = [one for one in volume.attachments if one.server_id != target]
        volume.status = "in-use" if volume.attachments else "available"
        volume.updated_at = second(world.now())
    server = region.data.servers.get(target)
    if server is not None:
        server.volumes = [one for one in server.volumes if one.volume_id != args["volume_id"]]
        region.touch_server(server, world.now())


def routes() -> list[Route]:
    return [
        route("GET", PATH, list_all),
        route("POST", PATH, attach),
        route("GET", PATH + "/{volume_id}", show),
        route("PUT", PATH + "/{volume_id}", change),
        route("DELETE", PATH + "/{volume_id}", detach),
    ]
