"""Reading what a project can use: flavors, images, networks, addresses, groups, volumes, and a person's keys.

A list that cannot be read leaves the rows of its kind as they were: they are old then, not gone.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from allocations.models import Allocation
from instances import live
from instances.mirror import readers
from instances.mirror.fields import clean
from instances.mirror.joins import apply_to, load
from instances.models import CatalogueItem, Instance
from portal.accounts import credentials
from portal.accounts.models import CloudCredential, User
from portal.cloud import flavors, images, keypairs, networks, volumes
from portal.cloud.connection import Cloud
from portal.core import bulk, events
from portal.core.errors import PortalError

Kind = CatalogueItem.Kind
_JOINED = ("image_name", "volumes", "disk_gb", "owner", "version")
# Images carry whatever their makers wrote: of their properties only a few are of use, and none is long.
_PROPERTIES, _PROPERTY_LENGTH = 60, 255

READERS: dict[str, Callable[[Cloud], Iterable[Any]]] = {
    Kind.FLAVOR: flavors.list_flavors,
    Kind.IMAGE: images.list_images,
    Kind.NETWORK: networks.list_networks,
    Kind.SECURITY_GROUP: networks.list_security_groups,
    Kind.FLOATING_IP: networks.list_floating_ips,
    Kind.VOLUME: volumes.list_volumes,
}


def read_catalogue(allocation: Allocation) -> None:
    """Read every list. The first error is raised after the others were read."""
    credential = _credential(allocation)

    def step(cloud: Cloud) -> PortalError | None:
        trouble: PortalError | None = None
        changed = False
        for kind, reader in READERS.items():
            try:
                changed |= store(allocation, kind, reader(cloud))
            except PortalError as error:
                # A cloud may lack a service, such as block storage.
                if error.outcome == "auth":
                    raise
                trouble = trouble or (None if error.id == "cloud:unsupported" else error)
        if changed:
            join_again(allocation)
            live.catalogue_changed(allocation.pk, allocation.slug)
        return trouble

    trouble = readers.read(allocation, step, first=credential)
    if trouble is not None:
        raise trouble


def _credential(allocation: Allocation) -> CloudCredential | None:
    """That of the person whose keys were read the longest ago, so that everybody's turn comes."""
    read_at = dict(
        CatalogueItem.objects.filter(allocation=allocation, kind=Kind.KEYPAIR)
        .order_by("seen_at")
        .values_list("user_id", "seen_at")
    )
    usable = credentials.usable_of_project(allocation.cloud, allocation.project_id)
    never = datetime.min.replace(tzinfo=timezone.get_current_timezone())
    return min(usable, key=lambda credential: read_at.get(credential.user_id, never), default=None)


def read_kind(allocation: Allocation, cloud: Cloud, kind: str) -> None:
    """One list, after the portal itself changed something in it."""
    if store(allocation, kind, READERS[kind](cloud)):
        join_again(allocation)
        live.catalogue_changed(allocation.pk, allocation.slug)


def read_keys(allocation: Allocation, user: User) -> None:
    """A person's own keys, with that person's own credential."""
    cloud = readers.as_person(allocation, user)
    if store(allocation, Kind.KEYPAIR, keypairs.list_keypairs(cloud), user=user):
        events.publish(
            [f"user.{user.pk}"], events.Changed("instances:catalogue", {"allocation": allocation.slug})
        )


@transaction.atomic
def store(allocation: Allocation, kind: str, values: Iterable[Any], *, user: User | None = None) -> bool:
    """Make the rows of one kind what the cloud listed. True when something was added, changed or removed."""
    now = timezone.now()
    mine = CatalogueItem.objects.filter(allocation=allocation, kind=kind, user=user)
    rows = {row.cloud_id: row for row in mine.select_for_update()}
    listed = {_id_of(value)[:255]: value for value in values}
    fresh, changed = [], []
    for cloud_id, value in listed.items():
        name, data = clean(value.name if hasattr(value, "name") else value.address, 255), data_of(value)
        row = rows.get(cloud_id)
        if row is None:
            fresh.append(
                CatalogueItem(
                    allocation=allocation,
                    kind=kind,
                    cloud_id=cloud_id,
                    user=user,
                    name=name,
                    data=data,
                    seen_at=now,
                )
            )
        elif (row.name, row.data) != (name, data):
            row.name, row.data = name, data
            changed.append(row)
    gone = [row.pk for cloud_id, row in rows.items() if cloud_id not in listed]
    CatalogueItem.objects.bulk_create(fresh, ignore_conflicts=True)
    CatalogueItem.objects.bulk_update(changed, ["name", "data"], batch_size=200)
    CatalogueItem.objects.filter(pk__in=gone).delete()
    mine.update(seen_at=now)
    return bool(fresh or changed or gone)


def data_of(value: Any) -> dict[str, Any]:
    """A gateway value as JSON, from which `instances.catalogue.value_of` makes it again."""
    found: dict[str, Any] = _plain(asdict(value))
    if "properties" in found:
        few = sorted(found["properties"].items())[:_PROPERTIES]
        found["properties"] = {key[:255]: text for key, text in few if len(text) <= _PROPERTY_LENGTH}
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return clean(value, 4096) if isinstance(value, str) else value


def _id_of(value: Any) -> str:
    return str(value.id if hasattr(value, "id") else value.name)


@transaction.atomic
def join_again(allocation: Allocation) -> None:
    """Names of images and volumes that were not known when their machines were read."""
    rows = list(
        Instance.objects.select_for_update()
        .filter(allocation=allocation, deleted_at=None)
        .exclude(server_id="")
    )
    volume_ids = {volume["id"] for row in rows for volume in row.volumes}
    known = load(allocation, rows, volume_ids)
    changed = []
    for row in rows:
        before = (row.image_name, row.volumes, row.disk_gb, row.owner_id)
        apply_to(row, known, tuple(volume["id"] for volume in row.volumes))
        if (row.image_name, row.volumes, row.disk_gb, row.owner_id) != before:
            row.version += 1
            changed.append(row)
    bulk.update(changed, _JOINED)
    live.push_on_commit([row.pk for row in changed])
