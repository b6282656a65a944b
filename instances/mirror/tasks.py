"""The mirror's clock and the two kinds of reading that it hands out. Messages carry ids only."""

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from instances.mirror import catalogue, consoles, details, poll, schedule
from instances.models import Instance, Poll
from instances.queue import enqueue
from portal.core import events
from portal.core.claims import claim
from portal.core.errors import PortalError

_POLLS_A_TICK = 100
_DETAILS_A_TICK = 50


@shared_task
def tick() -> None:
    """Each half second: hand out every reading whose time has come; machines' details each other second."""
    now = timezone.now()
    schedule.ensure_polls(now)
    schedule.attend(now)
    for pk in schedule.due(now, _POLLS_A_TICK):
        if claim(Poll.objects.filter(schedule.free(now), pk=pk), lease_until=now + schedule.LEASE):
            enqueue("mirror.read_poll", pk)
    if now.second % 2 or now.microsecond >= 500_000:
        return
    for instance in consoles.due(now, _DETAILS_A_TICK):
        unread = Instance.objects.filter(pk=instance.pk, console_read_at=instance.console_read_at)
        if claim(unread, console_read_at=now):
            enqueue("mirror.read_instance", str(instance.pk), consoles.lines(instance, now) or 0)


@shared_task
def recovered(cloud: str, region: str) -> None:
    """A service there is well again: what could not be read is read now, a tick's worth at a time."""
    failing = Poll.objects.filter(
        allocation__cloud=cloud, allocation__region=region, failures__gt=0, error_id__startswith="cloud:"
    )
    failing.update(next_at=timezone.now())


@shared_task
def read_poll(poll_id: int) -> None:
    """One reading of one project, under the lease that `tick` took."""
    found = Poll.objects.select_related("allocation").filter(pk=poll_id).first()
    if found is None:
        return
    began = timezone.now()
    watched = found.allocation_id in schedule.watched_allocations()
    was_failing = found.failing_since is not None
    error = _read(found, watched)
    schedule.finish(found, error, began=began, watched=watched)
    if was_failing != (error is not None):
        # Pages say since when the cloud could not be read, or no longer say it.
        group = f"allocation.{found.allocation_id}"
        events.publish([group], events.Changed("instances:unread", {"allocation": found.allocation.slug}))


def _read(found: Poll, watched: bool) -> PortalError | None:
    if found.what == Poll.What.CATALOGUE:
        return poll.store_outcome(found, lambda: catalogue.read_catalogue(found.allocation))
    return poll.store_outcome(found, lambda: poll.read_servers(found, watched=watched))


@shared_task
def read_instance(instance_id: str, lines: int = 0) -> None:
    """Console and record of one machine; of the console the last `lines`, or with 0 all."""
    live = Q(deleted_at=None) & ~Q(server_id="")
    found = Instance.objects.select_related("allocation").filter(live, pk=instance_id).first()
    if found is not None:
        Instance.objects.filter(pk=found.pk).update(console_read_at=timezone.now())
        details.read(found, lines or None)
