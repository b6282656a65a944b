"""Disks of a new server: block device mappings checked when it is asked for, made while it is built."""

from __future__ import annotations

from typing import Any

from portal.democloud.clock import second
from portal.democloud.errors import Fault
from portal.democloud.lifecycle import Aborted, effect
from portal.democloud.model_compute import Server, ServerFault, VolumeAttachment
from portal.democloud.model_storage import AttachedTo, Volume
from portal.democloud.nova_find import visible_image
from portal.democloud.nova_input import invalid
from portal.democloud.routing import Ctx, new_uuid
from portal.democloud.state import Region, World

SOURCES = ["volume", "image", "snapshot", "blank"]


def parse_mappings(here: Ctx, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """The checked `block_device_mapping_v2` of a create request, boot disk first."""
    given = wanted.get("block_device_mapping_v2") or []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise Fault(400, "Block Device Mapping is Invalid: it is not a list of objects.")
    found = [_parse(here, one) for one in given]
    found.sort(key=lambda one: one["boot_index"] if one["boot_index"] >= 0 else 99)
    boots = [one for one in found if one["boot_index"] == 0]
    if len(boots) > 1:
        raise Fault(
            400,
            "Block Device Mapping is Invalid: Boot sequence for the instance and image/block "
            "device mapping combination is not valid.",
        )
    return found


def _parse(here: Ctx, given: dict[str, Any]) -> dict[str, Any]:
    source, to = given.get("source_type", "volume"), given.get("destination_type", "volume")
    if source not in SOURCES:
        raise invalid("source_type", source, f"{source!r} is not one of {SOURCES}")
    one = given.get("uuid")
    found = {
        "source": source,
        "destination": to,
        "uuid": one,
        "boot_index": _boot_index(given),
        "size": int(given["volume_size"]) if str(given.get("volume_size", "")).isdigit() else None,
        "delete_on_termination": given.get("delete_on_termination") in (True, "True", "true"),
        "tag": given.get("tag"),
        "volume_type": given.get("volume_type"),
    }
    if source == "image" and visible_image(here.region, here.project_id, str(one)) is None:
        raise Fault(400, f"Block Device Mapping is Invalid: failed to get image {one}.")
    if source == "volume":
        _check_volume(here, str(one))
    if source in ("image", "blank") and to == "volume" and found["size"] is None:
        _need_size()
    return found


def _boot_index(given: dict[str, Any]) -> int:
    text = str(given.get("boot_index", "-1"))
    return int(text) if text.isdigit() else -1


def _need_size() -> None:
    message = "Images with destination_type 'volume' need to have a non-zero size specified"
    raise Fault(400, message)


def _check_volume(here: Ctx, volume_id: str) -> None:
    volume = here.region.data.volumes.get(volume_id)
    if volume is None or volume.project_id != here.project_id:
        raise Fault(400, f"Block Device Mapping is Invalid: failed to get volume {volume_id}.")
    if volume.status != "available":
        raise Fault(
            400,
            f"Invalid volume: volume {volume_id} status must be 'available'. Currently in '{volume.status}'",
        )


def device_name(server: Server) -> str:
    """The next free one; an image-backed server has its root disk at /dev/vda."""
    used = {one.device for one in server.volumes} | ({"/dev/vda"} if server.image_id else set())
    return next(name for letter in "abcdefghijklmnopqrstuvwxyz" if (name := f"/dev/vd{letter}") not in used)


def join(world: World, server: Server, volume: Volume, attachment: VolumeAttachment) -> None:
    """Both sides of an attachment, as they are once it is done."""
    now = second(world.now())
    server.volumes.append(attachment)
    volume.attachments.append(AttachedTo(server.id, attachment.attachment_id, attachment.device, now))
    volume.status, volume.updated_at = "in-use", now


@effect("disks")
def make_disks(world: World, region: Region, server: Server, args: dict[str, Any]) -> None:
    for wanted in server.spec.get("mappings", []):
        if wanted["destination"] != "volume":
            continue
        volume = _volume(world, region, server, wanted)
        if volume is None or volume.status not in ("available", "creating"):
            message = f"Build of instance {server.id} aborted: Volume {wanted['uuid']} is not available."
            server.vm_state, server.task_state = "error", None
            server.fault = ServerFault(500, message, second(world.now()))
            raise Aborted(message)
        root = wanted["boot_index"] == 0
        device = "/dev/vda" if root else device_name(server)
        dies = wanted["delete_on_termination"]
        join(
            world, server, volume, VolumeAttachment(volume.id, new_uuid(), device, dies, wanted["tag"], root)
        )


def _volume(world: World, region: Region, server: Server, wanted: dict[str, Any]) -> Volume | None:
    """The volume of a mapping: the one named, or a new one from an image, a snapshot or nothing."""
    if wanted["source"] == "volume":
        return region.data.volumes.get(wanted["uuid"])
    now = second(world.now())
    volume = Volume(
        id=new_uuid(),
        name="",
        project_id=server.project_id,
        user_id=server.user_id,
        size=wanted["size"] or 1,
        created_at=now,
        updated_at=now,
        volume_type=wanted["volume_type"] or "ceph-ssd",
        bootable=wanted["boot_index"] == 0,
    )
    image = region.data.images.get(wanted["uuid"] or "") if wanted["source"] == "image" else None
    if image is not None:
        volume.image_id = image.id
        volume.image_metadata = {"image_id": image.id, "image_name": image.name, **image.properties}
    if wanted["source"] == "snapshot":
        volume.snapshot_id = wanted["uuid"]
    region.data.volumes[volume.id] = volume
    return volume
