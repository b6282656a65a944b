"""Handing work to workers by name. A message that is lost does no harm: what is due is found by the clock."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_EXPIRES = 60


def enqueue(task: str, *ids: int | str) -> None:
    """Send now. `task` is a name of `instances.tasks`, or `mirror.…` for one of `instances.mirror.tasks`."""
    area, _, name = task.rpartition(".")
    path = f"instances.{area}.tasks.{name}" if area else f"instances.tasks.{name}"
    try:
        current_app.send_task(path, args=list(ids), expires=_EXPIRES, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("%s was not sent: %s", path, error)


def enqueue_on_commit(task: str, *ids: int | str) -> None:
    transaction.on_commit(lambda: enqueue(task, *ids), robust=True)
