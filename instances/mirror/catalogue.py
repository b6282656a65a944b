"""Reading what a project can use: flavors, images, networks, addresses, groups, volumes, and a person's keys.

A list that cannot be read leaves the rows of its kind as they were: they are old then, not gone.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from allocations.models import Allocation
from allocations.offers import note, offers_of
from instances import live
from instances.mirror import gpus, readers
from instances.mirror.fields import clean
from instances.mirror.joins import apply_to, load
from instances.models import CatalogueItem, Instance
from portal.accounts import credentials
from portal.accounts.models import CloudCredential, User
from portal.cloud import flavors, images, keypairs, networks, offers, volumes
from portal.cloud.connection import Cloud
from portal.cloud.types import Offer
from portal.core import bulk, events
from portal.core.errors import PortalError

Kind = CatalogueItem.Kind
_JOINED = ("image_name", "volumes", "disk_gb", "owner", "version")
# Images carry whatever their makers wrote: of their properties only a few are of use, and none is long.
_PROPERTIES, _PROPERTY_LENGTH = 60, 255
# A service that refuses this list is of no use at all; one that refuses another may lack an extension.
_WHOLE_SERVICE = frozenset({Kind.FLAVOR, Kind.IMAGE, Kind.NETWORK, Kind.VOLUME})

READERS: dict[str, Callable[[Cloud], Iterable[Any]]] = {
    Kind.FLAVOR: flavors.list_flavors,
    Kind.IMAGE: images.list_images,
    Kind.NETWORK: networks.list_networks,
    Kind.SECURITY_GROUP: networks.list_security_groups,
    Kind.FLOATING_IP: networks.list_floating_ips,
    Kind.VOLUME: volumes.list_volumes,
}


# Services that answer a list, and what they list.
SERVICE_OF: dict[str, str] = {
    Kind.FLAVOR: "compute",
    Kind.IMAGE: "image",
    Kind.NETWORK: "network",
    Kind.SECURITY_GROUP: "network",
    Kind.FLOATING_IP: "network",
    Kind.VOLUME: "block-storage",
}


@dataclass(slots=True)
class _Reading:
    """One pass over all lists. `trouble`: the first error that the cloud may get over."""

    offers: dict[str, Offer] = field(default_factory=dict)
    changed: bool = False
    refused: PortalError | None = None
    trouble: PortalError | None = None


def read_catalogue(allocation: Allocation) -> None:
    """Read what the cloud offers, and every list of it. The first error is raised after the others were read.

    What a cloud lacks, or lets none of the members see, is no error: it is noted by name.
    """
    tried: list[_Reading] = []

    def step(cloud: Cloud) -> None:
        tried.append(_read_lists(allocation, cloud))
        if tried[-1].refused is not None:
            # Perhaps another member may.
            raise tried[-1].refused

    try:
        readers.read(allocation, step, first=_credential(allocation))
    except PortalError:
        if not tried:
            raise
    done = tried[-1]
    _note(allocation, done)
    if done.trouble is not None:
        raise done.trouble


def _read_lists(allocation: Allocation, cloud: Cloud) -> _Reading:
    found = offers.read(cloud, offers_of(allocation))
    reading = _Reading({offer.service: offer for offer in found})
    for kind, reader in READERS.items():
        service = SERVICE_OF[kind]
        if reading.offers[service].state == "absent":
            reading.changed |= store(allocation, kind, [])
            continue
        try:
            reading.changed |= store(allocation, kind, reader(cloud))
        except PortalError as error:
            _not_read(reading, allocation, kind, error)
    if reading.offers["placement"].state == "there":
        # Whether members may ask only asking tells; that is noted there.
        del reading.offers["placement"]
        reading.changed |= gpus.read(allocation, cloud)
    return reading


def _not_read(reading: _Reading, allocation: Allocation, kind: str, error: PortalError) -> None:
    if error.outcome == "auth":
        raise error
    state = offers.REFUSALS.get(error.id)
    if state is None:
        reading.trouble = reading.trouble or error
        return
    if kind in _WHOLE_SERVICE:
        reading.offers[SERVICE_OF[kind]] = Offer(service=SERVICE_OF[kind], state=state)
    if state == "forbidden":
        reading.refused = reading.refused or error
    reading.changed |= store(allocation, kind, [])


def _note(allocation: Allocation, reading: _Reading) -> None:
    reading.changed |= note(allocation, reading.offers.values())
    if reading.changed:
        join_again(allocation)
        live.catalogue_changed(allocation.pk, allocation.slug)


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
    """A person's own keys, with that person's own credential; and what they want to know beside: free GPUs."""
    cloud = readers.as_person(allocation, user)
    if gpus.read(allocation, cloud):
        live.catalogue_changed(allocation.pk, allocation.slug)
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
