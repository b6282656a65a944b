"""Bringing the ledger to what Nova's record says of a machine: entries for what was not charged, corrections for the rest.

It compares day by day what should stand there with what stands there, so it may run at any time and any number of times.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from django.db import transaction

from allocations import ledger
from allocations.accrual import Accrued
from allocations.models import LedgerEntry
from allocations.rates import midnight, part_of
from instances.accruing import pieces
from instances.meter import entry_of
from instances.meter_history import FAILED, Done, Life, Seen, history, last_change
from instances.meter_keys import correction_key
from instances.models import CloudAction, Instance
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud

# One day of a machine, charged to one resource and size.
Spot = tuple[date, str, str]
_NONE = Decimal(0)
# More than rounding: two stretches that are cut elsewhere differ by a millionth or two.
_VISIBLE = Decimal("0.00001")


@transaction.atomic
def settle(instance_id: UUID, now: datetime, *, lease: datetime | None = None) -> list[LedgerEntry]:
    """Compare and mend one machine's entries. What was written.

    `lease`: the `settle_after` under which its record was read; another one means that it has changed since.
    """
    rows = Instance.objects.select_for_update(of=("self",)).select_related("allocation", "owner")
    row = rows.filter(pk=instance_id).exclude(server_id="").first()
    if row is None or row.unsettled_since is None or row.allocation.cloud not in clouds().clouds:
        return []
    cloud = clouds().cloud(row.allocation.cloud).portal
    since = max(midnight(row.unsettled_since), midnight(now - timedelta(days=cloud.metering.history_days)))
    life = life_of(row)
    until = _until(row, life, now)
    written = mend(row, _expected(row, life, since, until, cloud), _posted(row, since))
    ledger.charge_many(written)
    row.charged_until = until
    if lease is None or row.settle_after == lease:
        row.unsettled_since = row.settle_after = None
    row.save(update_fields=["charged_until", "unsettled_since", "settle_after"])
    return written


def life_of(row: Instance) -> Life:
    seen = [Seen(each.at, each.status, each.flavor_name, each.vcpus) for each in row.sightings.all()]
    done = [
        Done(each.action, each.started_at, each.updated_at or each.started_at, each.message == FAILED)
        for each in CloudAction.objects.filter(instance=row)
    ]
    now_seen = Seen(row.state_since, row.status, row.flavor_name, row.vcpus)
    return Life(row.created_at, row.launched_at, row.deleted_at, seen or [now_seen], done)


def _until(row: Instance, life: Life, now: datetime) -> datetime:
    """Up to where entries stand: beyond it the machine's present state is what it costs by."""
    if row.deleted_at is not None:
        return max(row.charged_until or row.deleted_at, row.deleted_at)
    newest = last_change(life) or row.created_at
    return max(row.charged_until or row.created_at, min(newest, now))


def _expected(
    row: Instance, life: Life, since: datetime, until: datetime, cloud: PortalCloud
) -> list[Accrued]:
    """What should stand there."""
    found: list[Accrued] = []
    for stretch in history(life, until):
        then = Instance(
            id=row.pk,
            allocation_id=row.allocation_id,
            name=row.name,
            owner=row.owner,
            creator_name=row.creator_name,
            status=stretch.status,
            flavor_name=stretch.flavor_name,
            vcpus=stretch.vcpus,
            charged_until=max(stretch.starts_at, since),
        )
        found += pieces(then, stretch.ends_at, cloud)
    return found


def _posted(row: Instance, since: datetime) -> list[LedgerEntry]:
    """What stands there, but for what people have mended: that is not for us to undo."""
    entries = LedgerEntry.objects.filter(instance_id=str(row.pk), day__gte=since.date())
    entries = entries.exclude(key__startswith=ledger.BY_HAND)
    return list(entries.order_by("starts_at", "pk"))


def mend(row: Instance, expected: Sequence[Accrued], posted: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Entries that bring what stands there to what should, per day, resource and size."""
    shall: dict[Spot, list[Accrued]] = defaultdict(list)
    stands: dict[Spot, list[LedgerEntry]] = defaultdict(list)
    for piece in expected:
        shall[piece.starts_at.date(), piece.resource, piece.flavor_name].append(piece)
    for entry in posted:
        stands[entry.day, entry.resource, entry.flavor_name].append(entry)
    taken = {entry.key for entry in posted}
    written: list[LedgerEntry] = []
    for spot in sorted(shall.keys() | stands.keys()):
        if spot in stands:
            written += _corrected(row, spot, shall.get(spot, []), stands[spot])
        else:
            written += [_fresh(row, spot, piece, taken) for piece in shall[spot]]
    return written


def _fresh(row: Instance, spot: Spot, piece: Accrued, taken: Collection[str]) -> LedgerEntry:
    """A charge; where the same stretch was charged to another size, as a correction under a key of its own."""
    entry = entry_of(piece)
    if entry.key in taken:
        entry.kind = LedgerEntry.Kind.CORRECTION
        entry.key = correction_key(row.pk, *spot, 0, _NONE, piece.su)
    return entry


def _corrected(
    row: Instance, spot: Spot, shall: Sequence[Accrued], stands: Sequence[LedgerEntry]
) -> Iterable[LedgerEntry]:
    before, after = _sum(stands), _sum(shall)
    if before == after:
        return
    start, end = _where(shall, stands)
    example = next((entry for entry in stands if entry.ends_at > start), stands[-1])
    yield LedgerEntry(
        key=correction_key(row.pk, *spot, len(stands), before, after),
        allocation_id=row.allocation_id,
        kind=LedgerEntry.Kind.CORRECTION,
        resource=spot[1],
        instance_id=str(row.pk),
        instance_name=row.name,
        # Whoever was charged then is who gets it back.
        owner_key=example.owner_key,
        owner_name=example.owner_name,
        flavor_name=spot[2],
        status=shall[-1].status if shall else example.status,
        starts_at=start,
        ends_at=end,
        su=after - before,
    )


def _sum(entries: Iterable[Accrued | LedgerEntry]) -> Decimal:
    return sum((entry.su for entry in entries), _NONE)


def _where(shall: Sequence[Accrued], stands: Sequence[LedgerEntry]) -> tuple[datetime, datetime]:
    """From the first to the last moment of that day at which the two differ; all of it where they do not visibly."""
    both: list[Accrued | LedgerEntry] = [*shall, *stands]
    cuts = sorted({at for each in both for at in (each.starts_at, each.ends_at)})
    apart = [
        (start, end)
        for start, end in pairwise(cuts)
        if abs(_within(shall, start, end) - _within(stands, start, end)) > _VISIBLE
    ]
    return (apart[0][0], apart[-1][1]) if apart else (cuts[0], cuts[-1])


def _within(entries: Iterable[Accrued | LedgerEntry], start: datetime, end: datetime) -> Decimal:
    return sum((part_of(each.su, each.starts_at, each.ends_at, start, end) for each in entries), _NONE)
