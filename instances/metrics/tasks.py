"""The worker's part: from the stream into the database, and the upkeep of what is there."""

import logging
from datetime import UTC, datetime
from uuid import UUID

from celery import shared_task

from instances.metrics import full_disks, store, stream
from instances.metrics.points import Point, from_wire
from portal.core import deadline
from portal.core.redis_client import client
from portal.core.tasks import Task

logger = logging.getLogger(__name__)

LOCK = "metrics:draining"
# Longer than a drain may take; a worker that dies while draining holds up the next one by this.
LOCK_SECONDS = 60
PUSHES_AT_ONCE = 500
ROLLING = "metrics:rolling"
ROLLING_SECONDS = 600


@shared_task(base=Task, ignore_result=True)
def drain() -> int:
    """Store all that waits on the stream. One drain at a time; what a crash leaves is not stored twice."""
    if not client().set(LOCK, 1, nx=True, ex=LOCK_SECONDS):
        return 0
    stored = 0
    try:
        while deadline.remaining() > 10:
            ids, pushes = stream.read(PUSHES_AT_ONCE)
            if not ids:
                break
            stored += store.keep(_points(pushes), datetime.now(UTC))
            stream.remove(ids)
    finally:
        client().delete(LOCK)
    return stored


@shared_task(base=Task, ignore_result=True)
def roll_up() -> None:
    """One at a time: after a long stop it takes longer than the minute until the clock asks again."""
    if not client().set(ROLLING, 1, nx=True, ex=ROLLING_SECONDS):
        return
    now = datetime.now(UTC)
    try:
        store.roll_up(now)
        store.expire(now)
    finally:
        client().delete(ROLLING)


@shared_task(base=Task, ignore_result=True)
def look_at_disks() -> None:
    """Whose root disk has run full since."""
    full_disks.look(datetime.now(UTC))


def _points(pushes: list[stream.Push]) -> list[tuple[UUID, Point]]:
    found: list[tuple[UUID, Point]] = []
    for instance, samples in pushes:
        try:
            found += [(UUID(instance), from_wire(sample)) for sample in samples]
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            # Of another version of the portal. Left on the stream it would hold up all that come after it.
            logger.warning("a push could not be read and is dropped: %r", error)
    return found
