"""Charging machines to the ledger: each stretch in one status and size once, under a key of its own."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from allocations import ledger
from allocations.models import Grant, LedgerEntry
from allocations.rates import charges, resource_of
from instances.models import Instance
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud

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
    waiting = Instance.objects.filter(deleted_at=None, charged_until__lte=now - _LEAST).exclude(server_id="")
    written = 0
    for keys in _chunks(list(waiting.values_list("pk", flat=True))):
        written += _charge(keys, now)
    return written


@transaction.atomic
def _charge(keys: list[object], now: datetime) -> int:
    rows = (
        Instance.objects.select_for_update(of=("self",))
        .filter(pk__in=keys, deleted_at=None, charged_until__lte=now - _LEAST)
        .select_related("allocation", "owner")
    )
    settled = list(rows)
    entries = [
        entry for row in settled for entry in settle(row, now, clouds().cloud(row.allocation.cloud).portal)
    ]
    Instance.objects.filter(pk__in=[row.pk for row in settled]).update(charged_until=now)
    return ledger.charge_many(entries)


def _chunks(keys: list[object]) -> list[list[object]]:
    return [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)]
