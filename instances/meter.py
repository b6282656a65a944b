"""Charging machines to the ledger: each stretch in one status and size once, under a key of its own.

A machine is charged when it changes and after each midnight UTC; what it costs meanwhile is computed when asked for
(`accruing`). What becomes known later is settled against Nova's record (`meter_settling`).
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from allocations import ledger
from allocations.accrual import Accrued
from allocations.models import LedgerEntry
from allocations.rates import midnight
from instances.accruing import Prices, confirmed, pieces, readings
from instances.meter_keys import charge_key
from instances.models import Instance, Sighting
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud
from portal.core import bulk

_AT_ONCE = 200
# After a change, Nova's record is read as soon as the action has come to its end there.
SETTLE_AFTER = timedelta(seconds=20)


def settle(
    row: Instance, until: datetime, cloud: PortalCloud, priced: Prices | None = None
) -> list[LedgerEntry]:
    """The entries for what `row`, as it stands, cost since it was last charged. Moves `charged_until` on.

    Call it before the row changes, and store both in one transaction.
    """
    if (
        row.charged_until is None
        or until <= row.charged_until
        or not row.server_id
        or row.deleted_at is not None
    ):
        return []
    found = [entry_of(piece) for piece in pieces(row, until, cloud, priced)]
    row.charged_until = until
    return found


def entry_of(piece: Accrued) -> LedgerEntry:
    return LedgerEntry(
        key=charge_key(UUID(piece.instance_id), piece.starts_at),
        allocation_id=piece.allocation_id,
        resource=piece.resource,
        instance_id=piece.instance_id,
        instance_name=piece.instance_name,
        owner_key=piece.owner_key,
        owner_name=piece.owner_name,
        flavor_name=piece.flavor_name,
        status=piece.status,
        starts_at=piece.starts_at,
        ends_at=piece.ends_at,
        su=piece.su,
    )


def seen(row: Instance, at: datetime) -> Sighting:
    """That the row is now as it is, since `at` at the latest."""
    return Sighting(instance=row, at=at, status=row.status, flavor_name=row.flavor_name, vcpus=row.vcpus)


def look_again(row: Instance, since: datetime, now: datetime) -> None:
    """Something may have been otherwise since then than what was charged: to be settled against Nova's record."""
    row.unsettled_since = min(row.unsettled_since or since, since)
    row.settle_after = now + SETTLE_AFTER


@transaction.atomic
def settle_soon(instance_id: UUID, since: datetime) -> None:
    """As `look_again`, for who has no row at hand."""
    row = Instance.objects.select_for_update().get(pk=instance_id)
    look_again(row, since, timezone.now())
    row.save(update_fields=["unsettled_since", "settle_after"])


@transaction.atomic
def charge_now(instance_ids: Collection[UUID]) -> int:
    """Charge these up to now, before they change hands: what they have cost stays with whoever had them."""
    now = timezone.now()
    rows = list(
        Instance.objects.select_for_update(of=("self",))
        .filter(pk__in=instance_ids, deleted_at=None, allocation__cloud__in=clouds().clouds)
        .select_related("allocation", "owner")
        .order_by("pk")
    )
    entries = [
        entry for row in rows for entry in settle(row, now, clouds().cloud(row.allocation.cloud).portal)
    ]
    bulk.update(rows, ["charged_until"])
    return ledger.charge_many(entries)


def charge_all(now: datetime | None = None) -> int:
    """Charge the days that are over, where the cloud has said since that the machine is there. How many entries."""
    now = now or timezone.now()
    day = midnight(now)
    # A cloud that the operator took out of the configuration has no rates any more.
    waiting = Instance.objects.filter(
        deleted_at=None, charged_until__lt=day, allocation__cloud__in=clouds().clouds
    ).exclude(server_id="")
    read_at = readings()
    written = 0
    for keys in _chunks(list(waiting.order_by("pk").values_list("pk", flat=True))):
        written += _charge(keys, now, day, read_at)
    return written


@transaction.atomic
def _charge(keys: list[UUID], now: datetime, day: datetime, read_at: Mapping[int, datetime | None]) -> int:
    rows = (
        Instance.objects.select_for_update(of=("self",))
        .filter(pk__in=keys, deleted_at=None, charged_until__lt=day)
        .select_related("allocation", "owner")
        .order_by("pk")
    )
    entries: list[LedgerEntry] = []
    settled = []
    priced: Prices = {}
    for row in rows:
        if confirmed(row, now, read_at) >= day:
            entries += settle(row, day, clouds().cloud(row.allocation.cloud).portal, priced)
            settled.append(row)
    bulk.update(settled, ["charged_until"])
    return ledger.charge_many(entries)


def _chunks(keys: list[UUID]) -> list[list[UUID]]:
    return [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)]
