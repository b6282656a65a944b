"""Reading Nova's record for the ledger: of machines that changed, and of what ran before the portal met it."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from allocations.models import Allocation
from instances import meter_backfill, meter_settling
from instances.mirror import details, readers
from instances.models import Instance
from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.core.claims import claim
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)
# Longer than a reading may take; after it, and after a failure, it is due again.
_LEASE = timedelta(minutes=5)
# Nobody whose credential could be used: only a sign-in helps.
_NOBODY = timedelta(hours=1)
# While an action goes on, its end is not in the record yet.
_BUSY = timedelta(seconds=30)
_MACHINES_A_RUN = 100
_ALLOCATIONS_A_RUN = 50
# Nova may forget what was deleted, and forbid what it remembers.
_NOTHING_MORE = frozenset({"cloud:not-found", "cloud:forbidden", "cloud:unsupported"})


def due(now: datetime) -> list[int]:
    """Allocations with something to read, those that wait longest first."""
    waiting = Instance.objects.filter(settle_after__lte=now).exclude(server_id="")
    ids = waiting.order_by("settle_after").values_list("allocation_id", flat=True)
    histories = Allocation.objects.filter(_never_read(now)).values_list("pk", flat=True)
    return list(dict.fromkeys([*ids[: 100 * _ALLOCATIONS_A_RUN], *histories]))[:_ALLOCATIONS_A_RUN]


def _never_read(now: datetime) -> Q:
    """The mirror goes first, so that what exists is known when what existed is read."""
    return Q(history_read_at=None, polls__what="servers", polls__ok_at__isnull=False) & (
        Q(history_after=None) | Q(history_after__lte=now)
    )


def read(allocation_id: int) -> int:
    """One run for one allocation. How many machines were settled; what could not be read stays due."""
    now = timezone.now()
    allocation = Allocation.objects.get(pk=allocation_id)
    try:
        _read_history(allocation, now)
        return _settle_some(allocation, timezone.now())
    except PortalError as error:
        logger.info("the record of %s was not read: %s", allocation, error)
        if error.outcome == "auth":
            mine = Instance.objects.filter(allocation=allocation, settle_after__isnull=False)
            mine.update(settle_after=now + _NOBODY)
            Allocation.objects.filter(pk=allocation.pk).update(history_after=now + _NOBODY)
        return 0


def _read_history(allocation: Allocation, now: datetime) -> None:
    """What was deleted before the portal met the project: once, where the cloud tells."""
    never = Allocation.objects.filter(_never_read(now), pk=allocation.pk)
    if not claim(never, history_after=now + _LEASE):
        return
    try:
        readers.read(allocation, lambda cloud: meter_backfill.meet(allocation, cloud, now))
    except PortalError as error:
        if error.id not in _NOTHING_MORE:
            raise
    Allocation.objects.filter(pk=allocation.pk).update(history_read_at=now)


def _settle_some(allocation: Allocation, now: datetime) -> int:
    waiting = Instance.objects.filter(allocation=allocation, settle_after__lte=now).exclude(server_id="")
    rows = list(waiting.order_by("settle_after")[:_MACHINES_A_RUN])
    lease = now + _LEASE
    mine = [row for row in rows if claim(waiting.filter(pk=row.pk), settle_after=lease)]
    if not mine:
        return 0
    done: set[UUID] = set()
    readers.read(allocation, lambda cloud: _settle_each(mine, cloud, lease, done))
    return len(done)


def _settle_each(rows: Sequence[Instance], cloud: Cloud, lease: datetime, done: set[UUID]) -> None:
    """With one credential; when it is refused in between, the next one goes on where this one stopped."""
    for row in rows:
        if row.pk in done:
            continue
        if row.task_state and row.deleted_at is None:
            Instance.objects.filter(pk=row.pk).update(settle_after=timezone.now() + _BUSY)
            continue
        try:
            details.store_actions(row, servers.actions_of(cloud, row.server_id))
        except PortalError as error:
            if error.id not in _NOTHING_MORE:
                raise
        meter_settling.settle(row.pk, timezone.now(), lease=lease)
        done.add(row.pk)
