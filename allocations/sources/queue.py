"""Handing work to workers by name. A message that is lost does no harm: what is due is found by the clock."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def enqueue_on_commit(task: str, *ids: int | str, expires: float = 120) -> None:
    transaction.on_commit(lambda: _send(task, ids, expires), robust=True)


def _send(task: str, ids: tuple[int | str, ...], expires: float) -> None:
    path = f"allocations.sources.tasks.{task}"
    try:
        current_app.send_task(path, args=list(ids), expires=expires, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("%s was not sent: %s", path, error)
