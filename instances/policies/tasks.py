from celery import shared_task

from instances.policies import enforcing
from portal.core.redis_client import client
from portal.core.tasks import Task

LOCK = "policies:enforcing"
# Longer than a round may take; a worker that dies in it holds up the next by this.
LOCK_SECONDS = 90


@shared_task(base=Task, ignore_result=True)
def enforce() -> None:
    """One round at a time: two would do nothing twice, but the same work."""
    if not client().set(LOCK, 1, nx=True, ex=LOCK_SECONDS):
        return
    try:
        enforcing.enforce()
    finally:
        client().delete(LOCK)


@shared_task(base=Task, ignore_result=True)
def tidy() -> None:
    enforcing.tidy()
