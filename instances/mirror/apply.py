"""Servers as the cloud told them -> rows of the mirror: only what changed is written, pushed and woken.

The number of queries does not depend on the number of servers.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from allocations import ledger
from allocations.models import Allocation, LedgerEntry
from instances import live, meter
from instances.mirror import adopt, joins
from instances.mirror.fields import STATE, UNSEEN, facts_of, setup_of
from instances.models import Instance, Sighting
from instances.statuses import DELETED
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud
from portal.cloud.types import Server
from portal.core import bulk
from portal.operations import services as operations

# What the quota and the burn rate depend on.
_COUNTED = frozenset({"status", "vcpus", "ram_mb", "deleted_at"})


@dataclass(slots=True)
class Applied:
    """Ids of rows that were made or changed; `missing`: live rows that a complete reading did not contain."""

    new: list[UUID] = field(default_factory=list)
    changed: list[UUID] = field(default_factory=list)
    missing: list[Instance] = field(default_factory=list)

    @property
    def ids(self) -> list[UUID]:
        return [*self.new, *self.changed]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    allocation: Allocation
    cloud: PortalCloud
    seen: dict[str, Server]
    began: datetime


def apply(
    allocation: Allocation, servers: Iterable[Server], *, began: datetime, complete: bool = False
) -> Applied:
    """`began`: when the reading started. What a worker of ours learnt after that is newer, and stays."""
    reading = _Reading(
        allocation=allocation,
        cloud=clouds().cloud(allocation.cloud).portal,
        seen={server.id: server for server in servers if server.project_id in ("", allocation.project_id)},
        began=began,
    )
    rows = _rows(reading, complete)
    unknown = [server for server_id, server in reading.seen.items() if server_id not in rows]
    adopted = adopt.rows_for(allocation, unknown)
    server_of = {
        row.pk: server_id for server_id, row in {**rows, **adopted}.items() if server_id in reading.seen
    }
    changed = {
        row.pk
        for row in (*rows.values(), *adopted.values())
        if row.pk in server_of and _news(row, server_of, reading)
    }
    _touched([row for row in rows.values() if row.pk in server_of and row.pk not in changed], reading)
    strangers = [server for server in unknown if server.id not in adopted and server.status != DELETED]
    found = Applied(missing=_missing(rows, reading) if complete else [])
    if changed or strangers:
        _write(reading, {pk: server_of[pk] for pk in changed}, strangers, found)
    return found


def _rows(reading: _Reading, complete: bool) -> dict[str, Instance]:
    """Rows of these servers; with `complete` all live ones too."""
    mine = Instance.objects.filter(allocation=reading.allocation).exclude(server_id="")
    if not complete:
        return {row.server_id: row for row in mine.filter(server_id__in=reading.seen)}
    rows = {row.server_id: row for row in mine.filter(deleted_at=None)}
    unknown = reading.seen.keys() - rows.keys()
    if unknown:
        rows |= {row.server_id: row for row in mine.filter(server_id__in=unknown)}
    return rows


def _missing(rows: dict[str, Instance], reading: _Reading) -> list[Instance]:
    """A row younger than the reading may be of a server that was made while the list was on its way."""
    return [
        row
        for server_id, row in rows.items()
        if server_id not in reading.seen
        and row.deleted_at is None
        and (row.seen_at is None or row.seen_at < reading.began)
    ]


def _news(row: Instance, server_of: dict[UUID, str], reading: _Reading) -> bool:
    server = reading.seen[server_of[row.pk]]
    if row.seen_at is not None and row.seen_at > reading.began:
        return False
    # A list that was on its way while the server was deleted must not raise it from the dead.
    if row.deleted_at is not None and server.status != DELETED and server.updated <= row.deleted_at:
        return False
    return bool(_differences(row, server, reading.cloud))


def _differences(row: Instance, server: Server, cloud: PortalCloud) -> set[str]:
    facts = facts_of(server, cloud)
    found = {name for name, value in facts.items() if name not in UNSEEN and getattr(row, name) != value}
    if row.server_id != server.id:
        found.add("server_id")
    if [volume["id"] for volume in row.volumes] != list(server.volume_ids):
        found.add("volumes")
    if setup_of(server.metadata, row.setup_status)[0] != row.setup_status:
        found.add("setup_status")
    return found


@transaction.atomic
def _write(reading: _Reading, server_of: dict[UUID, str], strangers: list[Server], found: Applied) -> None:
    allocation, cloud = reading.allocation, reading.cloud
    pairs = [
        (row, reading.seen[server_of[row.pk]])
        for row in _locked(server_of)
        if adopt.still_free(row, server_of[row.pk]) and _news(row, server_of, reading)
    ]
    counted = bool(strangers) or any(_differences(row, server, cloud) & _COUNTED for row, server in pairs)
    charges, sightings = _charged(pairs, cloud)
    fresh = [_new(allocation, server, cloud) for server in strangers]
    _join(allocation, [*pairs, *zip(fresh, strangers, strict=True)])
    bulk.update([row for row, _ in pairs], _WRITTEN)
    bulk.insert(fresh)
    bulk.insert([*sightings, *(meter.seen(row, row.state_since) for row in _written(fresh))])
    ledger.charge_many(charges)
    found.new = [row.pk for row in fresh]
    found.changed = [row.pk for row, _ in pairs]
    if counted:
        Allocation.objects.filter(pk=allocation.pk).update(refresh_after=timezone.now())
    live.push_on_commit(found.ids)
    operations.wake("instance", found.ids)


def _locked(ids: Iterable[UUID]) -> QuerySet[Instance]:
    """In the order in which everybody locks machines, so that no two writers wait for each other."""
    rows = Instance.objects.select_for_update(of=("self",)).select_related("owner")
    return rows.filter(pk__in=list(ids)).order_by("pk")


def _charged(
    pairs: list[tuple[Instance, Server]], cloud: PortalCloud
) -> tuple[list[LedgerEntry], list[Sighting]]:
    """Take in the servers; what the machines cost as they were, and what they were seen to have become."""
    charges: list[LedgerEntry] = []
    sightings: list[Sighting] = []
    for row, server in pairs:
        before, since, moment = _charged_by(row), row.charged_until, _changed_at(row, server)
        as_it_was = copy(row)
        _take(row, server, cloud)
        if _charged_by(row) != before:
            charges += meter.settle(as_it_was, moment, cloud)
            row.charged_until = as_it_was.charged_until or row.charged_until
            sightings.append(meter.seen(row, moment))
            meter.look_again(row, min(since or moment, moment), timezone.now())
    return charges, sightings


def _written(rows: list[Instance]) -> list[Instance]:
    """Those that were not passed over because another reading has just written the same server."""
    if not rows:
        return []
    there = set(Instance.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    return [row for row in rows if row.pk in there]


def _charged_by(row: Instance) -> tuple[object, ...]:
    return row.status, row.flavor_name, row.vcpus, row.deleted_at


def _changed_at(row: Instance, server: Server) -> datetime:
    """When it became so: the server's own time of its last change, where that tells of this one."""
    now = timezone.now()
    if server.status == DELETED:
        return min(now, server.terminated_at or server.updated)
    told = row.cloud_updated_at is None or server.updated > row.cloud_updated_at
    return min(now, server.updated) if told else now


def _touched(rows: list[Instance], reading: _Reading) -> None:
    """Servers that look as before but changed meanwhile: stopped and started again, perhaps. Nova's record tells."""
    now = timezone.now()
    touched = []
    for row in rows:
        updated = reading.seen[row.server_id].updated if row.server_id in reading.seen else None
        if updated and row.deleted_at is None and row.cloud_updated_at and updated > row.cloud_updated_at:
            row.cloud_updated_at = updated
            meter.look_again(row, min(row.charged_until or now, updated), now)
            touched.append(row)
    bulk.update(touched, ["cloud_updated_at", "unsettled_since", "settle_after"])


def _join(allocation: Allocation, pairs: list[tuple[Instance, Server]]) -> None:
    volume_ids = {volume_id for _, server in pairs for volume_id in server.volume_ids}
    known = joins.load(allocation, [row for row, _ in pairs], volume_ids)
    for row, server in pairs:
        joins.apply_to(row, known, server.volume_ids)


def _take(row: Instance, server: Server, cloud: PortalCloud) -> None:
    now = timezone.now()
    facts = facts_of(server, cloud)
    if any(getattr(row, name) != facts[name] for name in STATE):
        row.state_since = now
    if row.charged_until is None:
        row.charged_until = now
    if row.cloud_user_id and row.cloud_user_id != facts["cloud_user_id"]:
        row.owner = None
    if facts.get("image_id", row.image_id) != row.image_id:
        row.image_name = ""
    for name, value in facts.items():
        setattr(row, name, value)
    row.server_id = server.id
    status, at = setup_of(server.metadata, row.setup_status)
    if status != row.setup_status:
        row.setup_status, row.setup_at = status, at or now
    row.seen_at = now
    row.version += 1


def _new(allocation: Allocation, server: Server, cloud: PortalCloud) -> Instance:
    now = timezone.now()
    row = Instance(allocation=allocation, created_at=server.created, state_since=now)
    _take(row, server, cloud)
    row.state_since = min(server.updated, now)
    meter.look_again(row, min(server.created, now), now)
    row.version = 1
    return row


# Every field that `_take` and `joins.apply_to` may set.
_WRITTEN = (
    *("server_id", "name", "owner", "cloud_user_id", "creator_name", "status", "vm_state", "task_state"),
    *("power_state", "locked", "fault_message", "flavor_name", "vcpus", "ram_mb", "disk_gb", "gpus"),
    *("image_id", "image_name", "volume_backed", "key_name", "hostname", "availability_zone", "addresses"),
    *("public_address", "private_address", "security_groups", "volumes", "metadata", "tags", "created_at"),
    *("launched_at", "cloud_updated_at", "deleted_at", "setup_status", "setup_at", "state_since", "seen_at"),
    *("charged_until", "unsettled_since", "settle_after", "version"),
)
