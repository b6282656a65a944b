"""Messages carry nothing: what is to be done, and by whose right, stands in the database."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.core.redis_client import client
from portal.operations import queue, reconciler
from portal.operations.enqueue import MOST_AT_ONCE, enqueue
from portal.operations.models import IdempotencyKey, Operation, OperationStep
from portal.operations.tell import tell

logger = logging.getLogger(__name__)

# Messages that one sweep sends at most, and those for one batch; how long a paused operation waits for its person.
SWEEP_AT_MOST = 64
ROUSE_AT_MOST = 500
PAUSED_AT_MOST = timedelta(days=1)
KEYS_KEPT = timedelta(days=2)
TIDY_AT_MOST = 1000

State = Operation.State


@shared_task(ignore_result=True)
def advance() -> None:
    """Take one turn at whatever operation is the fairest."""
    reconciler.advance_next()


@shared_task(ignore_result=True)
def rouse(count: int) -> None:
    """Send the messages of many operations, for somebody who should not wait until they are sent."""
    for start in range(0, min(count, ROUSE_AT_MOST), MOST_AT_ONCE):
        enqueue(min(MOST_AT_ONCE, count - start))


@shared_task(ignore_result=True)
def recovered(cloud: str, region: str) -> None:
    """A service there is well again: what its trouble put off is due now."""
    now = timezone.now()
    put_off = Operation.objects.filter(
        cloud=cloud, region=region, state=State.QUEUED, run_after__gt=now, error_id__startswith="cloud:"
    )
    enqueue(min(put_off.update(run_after=now), SWEEP_AT_MOST))


@shared_task(ignore_result=True)
def sweep() -> None:
    """Send the messages that were lost, for retries that have come due, and for what a dead worker left."""
    give_up_paused()
    waiting = queue.due(timezone.now()).count()
    enqueue(min(waiting, SWEEP_AT_MOST) - _messages())


@shared_task(ignore_result=True)
def tidy() -> None:
    """Remove what nobody asks for any more."""
    from portal.cloud.config import clouds

    now, kept = timezone.now(), clouds().retention
    IdempotencyKey.objects.filter(created_at__lt=now - KEYS_KEPT).delete()
    AuditEvent.objects.filter(at__lt=now - timedelta(days=kept.audit_days)).delete()
    over = Operation.objects.filter(finished_at__lt=now - timedelta(days=kept.operations_days))
    # Not all at once: each has its history, and others want to write meanwhile.
    Operation.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:TIDY_AT_MOST])).delete()


def give_up_paused() -> None:
    """An operation whose person did not come back for a day ends: a late surprise would be worse."""
    left = Operation.objects.filter(state=State.PAUSED, run_after__lt=timezone.now() - PAUSED_AT_MOST)
    for operation in left.select_related("by")[:100]:
        error = PortalError("operations:not-resumed", label=operation.label)
        with transaction.atomic():
            _give_up(operation, error)


def _give_up(operation: Operation, error: PortalError) -> None:
    now = timezone.now()
    still_paused = Operation.objects.filter(pk=operation.pk, state=State.PAUSED)
    words = error.problem.title
    if not still_paused.update(
        state=State.FAILED,
        finished_at=now,
        outcome=words,
        error_id=error.id,
        error_params=error.params,
    ):
        return
    operation.refresh_from_db()
    OperationStep.objects.create(
        operation=operation, at=now, step=operation.step, message=words, error_id=error.id
    )
    tell(operation)


def _messages() -> int:
    """How many are on their way already."""
    try:
        length = client().llen(settings.CELERY_TASK_ROUTES["portal.operations.tasks.*"]["queue"])
    except RedisError:
        return 0
    return int(length) if isinstance(length, int) else 0
