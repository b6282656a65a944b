"""Charging machines to the ledger: each stretch in one status and size once, under a key of its own."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from allocations import ledger
from allocations.models import Grant, LedgerEntry
from allocations.rates import charges, resource_of
from instances.models import Instance, Poll
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud
from portal.core import bulk

# Entries are written when a machine changes, and for the rest no more often than this.
_LEAST = timedelta(minutes=15)
_AT_ONCE = 200


def settle(row: Instance, until: datetime, cloud: PortalCloud) -> list[LedgerEntry]:
    """The entries for what `row`, as it stands, cost since it was last charged. Moves `charged_until` on.

    Call it before the row changes, and store both in one transaction.
    """
    start = row.charged_until
    if start is None or until <= start or not row.server_id or row.deleted_at is not None:
        return []
    row.charged_until = until
    return [
        LedgerEntry(
            key=f"{row.pk}:{charge.starts_at:%Y%m%dT%H%M%S.%f}",
            allocation_id=row.allocation_id,
            resource=resource_of(row.flavor_name, charge.starts_at, cloud) or Grant.Resource.CPU,
            instance_id=str(row.pk),
            instance_name=row.name,
            owner_name=str(row.owner or row.creator_name)[:255],
            flavor_name=row.flavor_name,
            status=row.status,
            starts_at=charge.starts_at,
            ends_at=charge.ends_at,
            su=charge.su,
        )
        for charge in charges(row.flavor_name, row.vcpus, row.status, start, until, cloud)
        if charge.su > 0
    ]


def charge_all(now: datetime | None = None) -> int:
    """Charge every machine that was not charged for a while. How many entries were written."""
    now = now or timezone.now()
    # A cloud that the operator took out of the configuration has no rates any more.
    waiting = Instance.objects.filter(
        deleted_at=None, charged_until__lte=now - _LEAST, allocation__cloud__in=clouds().clouds
    ).exclude(server_id="")
    read_at = dict(Poll.objects.filter(what=Poll.What.SERVERS).values_list("allocation_id", "ok_at"))
    written = 0
    for keys in _chunks(list(waiting.values_list("pk", flat=True))):
        written += _charge(keys, now, read_at)
    return written


@transaction.atomic
def _charge(keys: list[object], now: datetime, read_at: Mapping[int, datetime | None]) -> int:
    rows = (
        Instance.objects.select_for_update(of=("self",))
        .filter(pk__in=keys, deleted_at=None, charged_until__lte=now - _LEAST)
        .select_related("allocation", "owner")
        .order_by("pk")
    )
    entries: list[LedgerEntry] = []
    settled = []
    for row in rows:
        before = row.charged_until
        entries += settle(row, _confirmed(row, now, read_at), clouds().cloud(row.allocation.cloud).portal)
        if row.charged_until != before:
            settled.append(row)
    bulk.update(settled, ["charged_until"])
    return ledger.charge_many(entries)


def _confirmed(row: Instance, now: datetime, read_at: Mapping[int, datetime | None]) -> datetime:
    """Until when the cloud has said that the machine is there: while it cannot be read, nothing is charged."""
    if row.allocation_id not in read_at:
        return now
    seen = [moment for moment in (read_at[row.allocation_id], row.seen_at) if moment is not None]
    return min(now, max(seen)) if seen else now


def _chunks(keys: list[object]) -> list[list[object]]:
    return [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)]
