"""Handing work to workers. A message that is lost does no harm: whatever is due is found by the clock."""

import logging
from typing import TYPE_CHECKING, Any

from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from celery import Task

logger = logging.getLogger(__name__)

_EXPIRES = 60


def enqueue(task: "Task[Any, Any]", *ids: int | str) -> None:
    """Send now."""
    try:
        task.apply_async(args=ids, expires=_EXPIRES, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("%s was not sent: %s", task.name, error)


def enqueue_on_commit(task: "Task[Any, Any]", *ids: int | str) -> None:
    transaction.on_commit(lambda: enqueue(task, *ids), robust=True)
