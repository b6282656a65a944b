"""Carrying out what was asked about the people of an allocation: one worker at a time, all that is due together."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from allocations.models import Allocation
from allocations.sources import carry_access, carry_keystone, deciding, outcomes, telling
from allocations.sources.capabilities import capabilities
from allocations.sources.models import MembershipRequest
from portal.core.errors import PortalError

# Longer than a task may take: what a dead worker had is due again after it.
LEASE = timedelta(minutes=3)
_AT_ONCE = 100

Carrier = Callable[[Allocation, Sequence[MembershipRequest]], None]
_CARRIERS: Mapping[str, Carrier] = {"access": carry_access.carry, "keystone": carry_keystone.carry}


def due() -> list[int]:
    """Allocations with something to do now. One query."""
    rows = _due(timezone.now()).order_by("allocation_id").values_list("allocation_id", flat=True)
    return list(rows.distinct()[:_AT_ONCE])


def carry(allocation_id: int) -> None:
    """Take every request that is due one step further. Running twice, or dying anywhere, does it once."""
    now = timezone.now()
    stamp = now + LEASE
    mine = _due(now).filter(allocation_id=allocation_id)
    if not mine.update(lease_until=stamp):
        return
    # Nobody else claims with the same stamp while it lasts: what is due is no longer free.
    rows = MembershipRequest.objects.filter(allocation_id=allocation_id, lease_until=stamp)
    taken = list(rows.select_related("allocation", "asked_by").order_by("asked_at", "pk"))
    by_source: dict[str, list[MembershipRequest]] = defaultdict(list)
    for row in _in_time(taken, now):
        by_source[row.source].append(row)
    for source, group in by_source.items():
        _carry(group[0].allocation, source, group)
    # What there was no time for is free for the next run.
    rows.filter(state__in=MembershipRequest.LIVE).update(lease_until=None)
    telling.tell_ended()


def _due(now: datetime) -> QuerySet[MembershipRequest]:
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    return MembershipRequest.objects.filter(free, state__in=MembershipRequest.LIVE, due_at__lte=now)


def _in_time(rows: Sequence[MembershipRequest], now: datetime) -> list[MembershipRequest]:
    kept = []
    for row in rows:
        problem = deciding.expired(row.state, row.deadline, now)
        if problem:
            outcomes.expire(row, problem, capabilities(row.allocation).title or "the source", now)
        else:
            kept.append(row)
    return kept


def _carry(allocation: Allocation, source: str, rows: Sequence[MembershipRequest]) -> None:
    can = capabilities(allocation)
    if can.source != source:
        # The operators have changed what this portal can do since it was asked.
        for row in rows:
            outcomes.refused(row, PortalError("sources:cannot", needs=can.needs))
        return
    _CARRIERS[source](allocation, rows)
