"""Which operation is next: the most urgent, and among those the fairest.

Fair means start-time fair queueing by person. The key of a new operation is the later of the queue's virtual time (the
smallest key in the backlog) and one after the person's own last key. One person's hundred operations thus lie behind one
another, and somebody else's first lies beside the first of them. A person's last key counts although that operation is
over: else those who ask for one after another would always be in front of who asked for a hundred at once.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone

from portal.core.claims import claim
from portal.core.ids import first_of
from portal.operations.models import Operation
from portal.operations.turns import LEASE, Turn

# How many of the fairest to look at: more than threads that claim at once.
_CANDIDATES = 32
# So long a person's last key is held against them. Longer than operations wait for a worker on a bad day.
_REMEMBERED = timedelta(minutes=5)

State = Operation.State


def fair_key(user_id: int, now: datetime) -> int:
    backlog = Operation.objects.filter(state__in=(State.QUEUED, State.RUNNING))
    waiting = backlog.filter(by_id=user_id).aggregate(last=Max("fair_key"))["last"]
    clock = backlog.filter(run_after__lte=now).aggregate(first=Min("fair_key"))["first"]
    lately = Operation.objects.filter(pk__gte=first_of(now - _REMEMBERED)).aggregate(
        own=Max("fair_key", filter=Q(by_id=user_id)), all=Max("fair_key")
    )
    # Where nobody waits the time goes on where it stood: what was asked for until now counts against nobody.
    idle = 0 if lately["all"] is None else lately["all"] + 1
    own = [key for key in (waiting, lately["own"]) if key is not None]
    turns: list[int] = [idle if clock is None else clock, *(key + 1 for key in own)]
    return max(turns)


def due(now: datetime) -> QuerySet[Operation]:
    """Operations that a worker may take now: those whose time has come, and those whose worker has died."""
    come = Q(state__in=(State.QUEUED, State.WAITING), run_after__lte=now)
    orphaned = Q(state=State.RUNNING, lease_until__lt=now)
    return Operation.objects.filter(come | orphaned)


def claim_next(now: datetime | None = None) -> Turn | None:
    """Take the fairest due operation. Safe with any number of workers: each row goes to exactly one of them."""
    now = now or timezone.now()
    fairest = due(now).order_by("urgency", "fair_key", "id").values_list("pk", flat=True)[:_CANDIDATES]
    for pk in list(fairest):
        turn = claim_one(pk, now)
        if turn is not None:
            return turn
    return None


def claim_one(pk: UUID, now: datetime) -> Turn | None:
    """Take this operation if it is still due."""
    lease, held_until = uuid4(), time.monotonic() + LEASE.total_seconds()
    if not claim(
        due(now).filter(pk=pk),
        state=State.RUNNING,
        lease=lease,
        lease_until=max(now, timezone.now()) + LEASE,
        woken=False,
    ):
        return None
    return Turn(Operation.objects.select_related("by").get(pk=pk), lease, held_until)
