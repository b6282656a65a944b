"""Block storage."""

from typing import Any

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, moment, number, text, words
from portal.cloud.types import Attachment, Volume


@translate.translated("block-storage")
def list_volumes(cloud: Cloud) -> list[Volume]:
    rows = calls.rows(cloud, "block-storage", "/volumes/detail", "volumes")
    return [_volume(row) for row in rows]


@translate.translated("block-storage")
def get_volume(cloud: Cloud, volume_id: str) -> Volume:
    return _volume(calls.send(cloud, "block-storage", "GET", f"/volumes/{volume_id}")["volume"])


@translate.translated("block-storage")
def create_volume(
    cloud: Cloud,
    *,
    name: str,
    size_gb: int,
    description: str = "",
    metadata: dict[str, str] | None = None,
    image_id: str | None = None,
    volume_type: str | None = None,
    copy_of: str | None = None,
) -> Volume:
    """`copy_of`: the id of a volume of the project that it begins as a copy of."""
    wanted: dict[str, Any] = {
        "name": name,
        "size": size_gb,
        "description": description,
        "metadata": metadata or {},
    }
    if image_id:
        wanted["imageRef"] = image_id
    if volume_type:
        wanted["volume_type"] = volume_type
    if copy_of:
        wanted["source_volid"] = copy_of
    return _volume(calls.send(cloud, "block-storage", "POST", "/volumes", json={"volume": wanted})["volume"])


def delete_volume(cloud: Cloud, volume_id: str) -> None:
    calls.send(cloud, "block-storage", "DELETE", f"/volumes/{volume_id}")


def _volume(row: Row) -> Volume:
    return Volume(
        id=row["id"],
        name=text(row, "name"),
        description=text(row, "description"),
        status=text(row, "status"),
        size_gb=number(row, "size"),
        bootable=text(row, "bootable").lower() == "true",
        attachments=tuple(_attachment(entry) for entry in row.get("attachments") or ()),
        metadata=words(row.get("metadata")),
        volume_type=text(row, "volume_type"),
        image_name=text(row.get("volume_image_metadata") or {}, "image_name"),
        user_id=text(row, "user_id"),
        created=moment(row["created_at"]),
        multiattach=row.get("multiattach") is True,
    )


def _attachment(row: Row) -> Attachment:
    return Attachment(
        server_id=text(row, "server_id"),
        volume_id=text(row, "volume_id"),
        device=text(row, "device"),
        attachment_id=text(row, "attachment_id"),
    )
