from celery import shared_task

from instances.workshops.guests import jump_watch
from portal.core.redis_client import client
from portal.core.tasks import Task

LOCK = "workshops:jump-watch"
LOCK_SECONDS = 60


@shared_task(base=Task, ignore_result=True)
def watch_jumps() -> None:
    """One round at a time."""
    if not client().set(LOCK, 1, nx=True, ex=LOCK_SECONDS):
        return
    try:
        jump_watch.look()
    finally:
        client().delete(LOCK)
