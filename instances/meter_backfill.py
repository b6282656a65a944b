"""Machines that were gone when the portal met their project: rows of the mirror, so that the ledger knows them too."""

from datetime import datetime, timedelta

from django.db import transaction

from allocations.models import Allocation
from instances import meter
from instances.meter_history import FAILED
from instances.mirror.fields import clean
from instances.mirror.makers import makers_of
from instances.models import CloudAction, Instance, Sighting
from instances.statuses import ACTIVE, DELETED, ERROR
from portal.cloud import servers, usage
from portal.cloud.config import clouds
from portal.cloud.connection import Cloud
from portal.cloud.types import ServerAction, ServerUsage
from portal.core import bulk
from portal.core.errors import PortalError

_CREATE = "create"


def meet(allocation: Allocation, cloud: Cloud, now: datetime) -> int:
    """Rows for the servers that are deleted, and not known. How many were new."""
    days = clouds().cloud(allocation.cloud).portal.metering.history_days
    told = usage.servers_used(cloud, start=now - timedelta(days=days), end=now)
    known = set(Instance.objects.filter(allocation=allocation).values_list("server_id", flat=True))
    gone = [
        each for each in told if each.ended is not None and each.server_id and each.server_id not in known
    ]
    records = {each.server_id: _record(cloud, each.server_id) for each in gone}
    return _store(allocation, gone, records, now)


def _record(cloud: Cloud, server_id: str) -> list[ServerAction]:
    """Nova's record of a deleted server; nothing where it is too old to keep one (2.21)."""
    try:
        return servers.actions_of(cloud, server_id)
    except PortalError as error:
        if error.outcome != "refused":
            raise
        return []


@transaction.atomic
def _store(
    allocation: Allocation, gone: list[ServerUsage], records: dict[str, list[ServerAction]], now: datetime
) -> int:
    rows = [_row(allocation, each, records[each.server_id], now) for each in gone]
    makers = makers_of(allocation, rows)
    for row in rows:
        row.owner, row.creator_name = makers.owner_of(row), makers.name_of(row)
    bulk.insert(rows)
    # Somebody else may have met one meanwhile: what hangs on rows hangs on those that are there.
    there = set(Instance.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    kept = [row for row in rows if row.pk in there]
    bulk.insert([_sighting(row, records[row.server_id]) for row in kept])
    bulk.insert([_line(row, each) for row in kept for each in records[row.server_id]])
    return len(kept)


def _row(allocation: Allocation, told: ServerUsage, record: list[ServerAction], now: datetime) -> Instance:
    """Nova tells when it was launched; when it was asked for, and by whom, only its record does."""
    making = _making(record)
    created, ended = making.started if making else told.started, told.ended or now
    row = Instance(
        allocation=allocation,
        server_id=told.server_id,
        name=clean(told.name, 255) or told.server_id[:64],
        cloud_user_id=clean(making.user_id, 64) if making else "",
        status=DELETED,
        flavor_name=clean(told.flavor_name, 255),
        vcpus=max(told.vcpus, 0),
        ram_mb=max(told.ram_mb, 0),
        created_at=created,
        launched_at=told.started,
        state_since=ended,
        seen_at=now,
        charged_until=created,
        deleted_at=ended,
    )
    meter.look_again(row, created, now)
    # Nothing goes on there any more that would have to be waited for.
    row.settle_after = now
    return row


def _making(record: list[ServerAction]) -> ServerAction | None:
    return next((each for each in record if each.action == _CREATE), None)


def _sighting(row: Instance, record: list[ServerAction]) -> Sighting:
    """Its size, and without a record that it was running, for all that anybody can say."""
    making = _making(record)
    status = ERROR if making and making.message == FAILED else ACTIVE
    at = max(making.updated, row.created_at) if making else row.created_at
    return Sighting(instance=row, at=at, status=status, flavor_name=row.flavor_name, vcpus=row.vcpus)


def _line(row: Instance, told: ServerAction) -> CloudAction:
    return CloudAction(
        instance=row,
        request_id=told.request_id[:64],
        action=clean(told.action, 64),
        user_id=clean(told.user_id, 64),
        message=clean(told.message, 255),
        started_at=told.started,
        updated_at=told.updated,
    )
