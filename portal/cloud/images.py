"""Images: what a machine can be made from."""

from typing import Any

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, moment, number, text, texts
from portal.cloud.types import Image

# Glance gives 25 rows a page when it is not asked for more.
_PAGE = 1000
# Every other key of an image is a property that somebody gave it.
_NO_PROPERTIES = frozenset(
    {
        *("id", "name", "status", "visibility", "owner", "size", "virtual_size", "min_disk", "min_ram"),
        *("os_distro", "os_version", "os_type", "os_hidden", "protected", "tags", "created_at", "updated_at"),
        *("file", "schema", "self", "checksum", "os_hash_algo", "os_hash_value", "container_format"),
        *("disk_format", "direct_url", "locations", "stores"),
    }
)
# Kernels and ramdisks that other images boot with: nothing is launched from these.
_PARTS = frozenset({"aki", "ari"})


@translate.translated("image")
def list_images(cloud: Cloud, *, community: bool = True) -> list[Image]:
    """Public, own and shared images, and those of the community: Glance leaves these out unless asked."""
    found = _list(cloud, {})
    if community:
        found += _list(cloud, {"visibility": "community"})
    # Own community images come in both lists.
    return list({image.id: image for image in found}.values())


@translate.translated("image")
def get_image(cloud: Cloud, image_id: str) -> Image:
    return _image(calls.send(cloud, "image", "GET", f"/images/{image_id}"))


@translate.translated("image")
def find_image(cloud: Cloud, *, name: str, marks: dict[str, str]) -> Image | None:
    """An image by name and properties: how a snapshot is found whose answer was lost."""
    found = _list(cloud, {"name": name})
    return next((image for image in found if marks.items() <= image.properties.items()), None)


def delete_image(cloud: Cloud, image_id: str) -> None:
    calls.send(cloud, "image", "DELETE", f"/images/{image_id}")


def _list(cloud: Cloud, filters: dict[str, str]) -> list[Image]:
    params: dict[str, str | int] = {"limit": _PAGE, **filters}
    rows = calls.rows(cloud, "image", "/images", "images", params=params)
    found = [_image(row) for row in rows if row.get("disk_format") not in _PARTS]
    return [image for image in found if all(getattr(image, name) == value for name, value in filters.items())]


def _image(row: Row) -> Image:
    size: Any = row.get("size")
    return Image(
        id=row["id"],
        name=text(row, "name"),
        status=text(row, "status"),
        visibility=text(row, "visibility"),
        owner=text(row, "owner"),
        size_bytes=None if size is None else int(size),
        min_disk_gb=number(row, "min_disk"),
        min_ram_mb=number(row, "min_ram"),
        os_distro=text(row, "os_distro"),
        os_version=text(row, "os_version"),
        os_type=text(row, "os_type"),
        is_snapshot=text(row, "image_type") == "snapshot",
        protected=bool(row.get("protected", False)),
        tags=texts(row.get("tags")),
        properties=_properties(row),
        created=moment(row["created_at"]),
        updated=moment(row["updated_at"]),
    )


def _properties(row: Row) -> dict[str, str]:
    given = {name: value for name, value in row.items() if name not in _NO_PROPERTIES}
    return {name: str(value) for name, value in given.items() if value is not None}
