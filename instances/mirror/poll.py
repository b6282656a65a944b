"""One reading of a project's servers: what changed, or now and then everything, compared both ways."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from allocations import ledger
from allocations.models import Allocation
from instances import live, meter, trail
from instances.mirror import readers
from instances.mirror.apply import Applied, apply
from instances.models import Instance, Poll
from instances.statuses import DELETED
from portal.cloud import servers
from portal.cloud.config import clouds
from portal.cloud.connection import Cloud
from portal.cloud.types import Server
from portal.core.errors import PortalError
from portal.operations import services as operations
from portal.operations.models import Operation

# Nova's times have whole seconds, and a row may become visible a moment after its time: read a little twice.
_OVERLAP = timedelta(seconds=3)
# What was told so long ago, with nothing newer since, need not be told again: the cloud answers with an empty list.
_SETTLED, _NEXT = timedelta(seconds=60), timedelta(seconds=1)
# Servers that a full list lacks are asked for one by one before they are called deleted.
_ASKED_AT_MOST = 50


def read_servers(poll: Poll, *, watched: bool) -> Applied:
    """Read as any member, and write what changed. Updates `poll`, which the caller stores."""
    began = timezone.now()
    complete = (
        poll.full_at is None or poll.changes_since is None or began - poll.full_at >= _full(poll, watched)
    )
    since = None if complete else _since(poll, began)

    def step(cloud: Cloud) -> Applied:
        found = servers.list_servers(cloud, changes_since=since)
        applied = apply(poll.allocation, found, began=began, complete=complete)
        _settle_missing(poll, cloud, applied.missing)
        newest = max((server.updated for server in found), default=poll.changes_since or began)
        if newest != poll.changes_since:
            poll.changes_since, poll.newest_at = newest, began
        return applied

    applied = readers.read(poll.allocation, step)
    if complete:
        poll.full_at = began
    return applied


def _since(poll: Poll, began: datetime) -> datetime | None:
    """By the cloud's own clock, which may differ from ours; only how long something was known is by ours."""
    if poll.changes_since is None:
        return None
    settled = poll.newest_at is not None and began - poll.newest_at > _SETTLED
    return poll.changes_since + _NEXT if settled else poll.changes_since - _OVERLAP


def _full(poll: Poll, watched: bool) -> timedelta:
    """A change of addresses does not touch a server's `updated`: while somebody looks, compare more often."""
    polling = clouds().cloud(poll.allocation.cloud).portal.polling
    return timedelta(seconds=min(polling.full, polling.watched * 6) if watched else polling.full)


def _settle_missing(poll: Poll, cloud: Cloud, missing: list[Instance]) -> None:
    for row in missing[:_ASKED_AT_MOST]:
        server = looked_up(cloud, row.server_id)
        if server is None:
            mark_deleted(row.pk)
        else:
            apply(poll.allocation, [server], began=timezone.now())


def looked_up(cloud: Cloud, server_id: str) -> Server | None:
    """The server; None when it does not exist any more."""
    try:
        return servers.get_server(cloud, server_id)
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise
        return None


@transaction.atomic
def mark_deleted(instance_id: UUID, *, at: datetime | None = None) -> bool:
    """The cloud has it no more. Written into the record when it was not the portal that deleted it."""
    row = _live_row(instance_id)
    if row is None:
        return False
    now = timezone.now()
    meter.look_again(row, min(row.charged_until or now, at or now), now)
    ledger.charge_many(meter.settle(row, at or now, clouds().cloud(row.allocation.cloud).portal))
    row.status, row.task_state, row.deleted_at = DELETED, "", at or now
    row.seen_at = row.state_since = now
    row.version += 1
    row.save()
    if not _deleted_here(row):
        trail.record(
            "instance.gone-elsewhere",
            row,
            by=None,
            server=row.server_id,
        )
    Allocation.objects.filter(pk=row.allocation_id).update(refresh_after=now)
    live.push_on_commit([row.pk])
    operations.wake("instance", [row.pk])
    return True


def _live_row(instance_id: UUID) -> Instance | None:
    rows = Instance.objects.select_for_update(of=("self",)).select_related("allocation", "owner")
    return rows.filter(pk=instance_id, deleted_at=None).first()


def _deleted_here(row: Instance) -> bool:
    return Operation.objects.filter(
        target_type="instance", target_id=str(row.pk), kind="instance.delete"
    ).exists()


def store_outcome(poll: Poll, run: Callable[[], object]) -> PortalError | None:
    """Run one reading and note on `poll` how it went. What could not be read stays, with its age."""
    try:
        run()
    except PortalError as error:
        poll.failures += 1
        poll.failing_since = poll.failing_since or timezone.now()
        poll.error_id, poll.error_params = error.id[:64], error.params
        return error
    poll.failures, poll.failing_since, poll.error_id, poll.error_params = 0, None, "", {}
    poll.ok_at = timezone.now()
    return None
