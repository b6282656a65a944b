"""Noting since when addresses and volumes are seen unused: of all allocations at once, from what the mirror keeps."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from instances.advice.models import Sighting
from instances.models import CatalogueItem
from portal.core import bulk

Kind = CatalogueItem.Kind
Key = tuple[int, str, str]
UNUSED_KINDS = (Kind.FLOATING_IP, Kind.VOLUME)


def look(now: datetime | None = None) -> int:
    """Write down what is unused since now, and forget what is in use or gone. How many rows changed.

    A fixed number of queries. Two workers at once write the same: the first sighting of a thing stands.
    """
    now = now or timezone.now()
    unused = set(_unused())
    with transaction.atomic():
        known = {
            (row.allocation_id, row.kind, row.cloud_id): row.pk for row in Sighting.objects.all().iterator()
        }
        over = [pk for key, pk in known.items() if key not in unused]
        Sighting.objects.filter(pk__in=over).delete()
        fresh = [
            Sighting(allocation_id=a, kind=kind, cloud_id=id, since=now)
            for a, kind, id in unused - set(known)
        ]
        bulk.insert(fresh)
    return len(over) + len(fresh)


def _unused() -> Iterator[Key]:
    rows = CatalogueItem.objects.filter(kind__in=UNUSED_KINDS, user=None)
    for allocation_id, kind, cloud_id, data in rows.values_list(
        "allocation_id", "kind", "cloud_id", "data"
    ).iterator():
        if is_unused(kind, data):
            yield allocation_id, kind, cloud_id


def is_unused(kind: str, data: dict[str, object]) -> bool:
    """A volume that the cloud is still making, or that failed, is not called unused."""
    if kind == Kind.FLOATING_IP:
        return not data.get("port_id")
    return data.get("status") == "available" and not data.get("attachments")
