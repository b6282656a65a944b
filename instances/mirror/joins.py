"""What a server's description lacks: whose it is, the name of its image, its volumes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from allocations.models import Allocation
from instances.mirror.makers import Makers, makers_of
from instances.models import CatalogueItem, Instance

# Exosphere and Nova tell the root volume by its device.
_ROOT_DEVICES = frozenset({"/dev/vda", "/dev/sda"})
Kind = CatalogueItem.Kind


@dataclass(frozen=True, slots=True)
class Joins:
    makers: Makers = field(default_factory=Makers)
    images: dict[str, str] = field(default_factory=dict)
    volumes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def volumes_of(self, volume_ids: Iterable[str]) -> list[dict[str, Any]]:
        return [self._volume(volume_id) for volume_id in volume_ids]

    def _volume(self, volume_id: str) -> dict[str, Any]:
        data = self.volumes.get(volume_id, {})
        device = next((a["device"] for a in data.get("attachments", ()) if a.get("device")), "")
        return {
            "id": volume_id,
            "name": data.get("name", ""),
            "size_gb": data.get("size_gb"),
            "device": device,
            "boot": device in _ROOT_DEVICES,
            "image_name": data.get("image_name", ""),
        }


def load(allocation: Allocation, rows: Iterable[Instance], volume_ids: Iterable[str]) -> Joins:
    """At most three queries."""
    rows = list(rows)
    wanted_images = {row.image_id for row in rows if row.image_id}
    wanted_volumes = set(volume_ids)
    images: dict[str, str] = {}
    volumes: dict[str, dict[str, Any]] = {}
    if wanted_images or wanted_volumes:
        items = CatalogueItem.objects.filter(
            Q(kind=Kind.IMAGE, cloud_id__in=wanted_images) | Q(kind=Kind.VOLUME, cloud_id__in=wanted_volumes),
            allocation=allocation,
            user=None,
        )
        for kind, cloud_id, name, data in items.values_list("kind", "cloud_id", "name", "data"):
            if kind == Kind.IMAGE:
                images[cloud_id] = name
            else:
                volumes[cloud_id] = data
    return Joins(makers_of(allocation, rows), images, volumes)


def apply_to(row: Instance, joins: Joins, volume_ids: tuple[str, ...]) -> None:
    """Fill in what the catalogue and our people know. What is not known stays as it was."""
    if row.owner_id is None:
        row.owner = joins.makers.owner_of(row)
    row.creator_name = joins.makers.name_of(row)
    volumes = joins.volumes_of(volume_ids)
    row.volumes = volumes
    root = next((volume for volume in volumes if volume["boot"]), None)
    if row.image_id in joins.images:
        row.image_name = joins.images[row.image_id]
    if row.volume_backed and root is not None:
        row.image_name = row.image_name or str(root["image_name"])[:255]
        row.disk_gb = root["size_gb"] or row.disk_gb
