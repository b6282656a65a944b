"""When each project is read next: often while something changes or somebody looks, seldom otherwise."""

import random
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance, Poll
from instances.rows import UNOBTRUSIVE_STEP
from instances.statuses import BUSY
from portal.cloud.config import clouds
from portal.core import presence
from portal.core.errors import PortalError
from portal.operations.models import Operation

# Half of the clock's tick: what is due before the next tick may as well be read now.
SLACK = timedelta(seconds=0.25)
LEASE = timedelta(seconds=60)
# A state that lasts longer than this is not worth looking at twice a second.
_HURRY = timedelta(minutes=30)
_LONGEST_BACKOFF = 120.0
# Where somebody looks or waits: the circuit breaker sees to it that the cloud is not asked so often.
_TRYING_AGAIN = 10.0
_LIVE = (Operation.State.QUEUED, Operation.State.RUNNING, Operation.State.WAITING)


def ensure_polls(now: datetime) -> None:
    """Every allocation is read; new ones at once."""
    fresh = Allocation.objects.filter(polls=None)
    Poll.objects.bulk_create(
        [Poll(allocation=allocation, what=what, next_at=now) for allocation in fresh for what in Poll.What],
        ignore_conflicts=True,
    )


def due(now: datetime, limit: int) -> list[int]:
    """Polls whose time has come and that nobody is reading."""
    found = Poll.objects.filter(free(now), next_at__lte=now + SLACK).order_by("next_at")
    return list(found.values_list("pk", flat=True)[:limit])


def free(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=now)


def attend(now: datetime) -> None:
    """Somebody opened a page of a project that was read seldom: read it now."""
    for poll in Poll.objects.filter(
        allocation_id__in=watched_allocations(),
        what=Poll.What.SERVERS,
        next_at__gt=now + timedelta(seconds=1),
    ).select_related("allocation"):
        rhythm = timedelta(seconds=clouds().cloud(poll.allocation.cloud).portal.polling.watched)
        stale = poll.ok_at is None or poll.ok_at <= now - rhythm
        if stale and not poll.failures:
            Poll.objects.filter(pk=poll.pk, next_at=poll.next_at).update(next_at=now)


def watched_allocations() -> set[int]:
    """Allocations with an open list, or an open page of one of their machines."""
    lists = {
        int(key) for group in presence.watched("allocation.") if (key := group.partition(".")[2]).isdigit()
    }
    pages = [group.partition(".")[2] for group in presence.watched("instance.")]
    if pages:
        lists |= set(Instance.objects.filter(pk__in=pages).values_list("allocation_id", flat=True))
    return lists


def hasten(allocation: Allocation, *, seconds: float = 60) -> None:
    """Something was asked of the cloud: look often until it is seen."""
    now = timezone.now()
    servers = Poll.objects.filter(allocation=allocation, what=Poll.What.SERVERS)
    servers.update(fast_until=now + timedelta(seconds=seconds))
    servers.filter(next_at__gt=now + timedelta(seconds=1), failures=0).update(next_at=now)


def hurried(allocation: Allocation, now: datetime) -> bool:
    """Whether a machine is in transition or an operation waits for one."""
    changing = Instance.objects.filter(
        ~Q(task_state="") | Q(status__in=BUSY),
        allocation=allocation,
        deleted_at=None,
        state_since__gt=now - _HURRY,
    ).exclude(server_id="")
    kind, step = UNOBTRUSIVE_STEP
    waiting = Operation.objects.filter(
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        target_type="instance",
        state__in=_LIVE,
    ).exclude(kind=kind, step=step)
    return changing.exists() or waiting.exists()


def pace(poll: Poll, error: PortalError | None, *, watched: bool, now: datetime) -> float:
    """Seconds until the next reading of this."""
    polling = clouds().cloud(poll.allocation.cloud).portal.polling
    if error is not None:
        longest = _TRYING_AGAIN if watched or hurried(poll.allocation, now) else _LONGEST_BACKOFF
        wait = min(longest, polling.watched * 2 ** min(poll.failures, 8))
        return max(error.retry_after or 0.0, _jittered(wait))
    if poll.what == Poll.What.CATALOGUE:
        return _jittered(polling.catalogue)
    if (poll.fast_until is not None and poll.fast_until > now) or hurried(poll.allocation, now):
        return polling.transition
    return polling.watched if watched else _jittered(polling.idle)


def finish(poll: Poll, error: PortalError | None, *, began: datetime, watched: bool) -> None:
    """Store how a reading went and let go of the poll. A wish to hurry that came meanwhile counts."""
    now = timezone.now()
    poll.fast_until = Poll.objects.values_list("fast_until", flat=True).get(pk=poll.pk)
    wait = timedelta(seconds=pace(poll, error, watched=watched, now=now))
    # From the start of the reading, so that a slow list does not slow the rhythm; never without a pause.
    next_at = now + wait if error else max(began + wait, now + wait / 3)
    Poll.objects.filter(pk=poll.pk).update(
        next_at=next_at,
        lease_until=None,
        changes_since=poll.changes_since,
        newest_at=poll.newest_at,
        full_at=poll.full_at,
        ok_at=poll.ok_at,
        failing_since=poll.failing_since,
        failures=poll.failures,
        error_id=poll.error_id,
        error_params=poll.error_params,
    )


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 (spreads load, keeps no secret)
