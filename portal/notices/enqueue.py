"""Telling a worker that something waits to be sent. Messages carry nothing; the clock finds what was lost."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

MAILS = "portal.notices.tasks.send_mails"
WEBHOOKS = "portal.notices.tasks.send_webhooks"


def on_commit(task: str) -> None:
    transaction.on_commit(lambda: now(task), robust=True)


def now(task: str) -> None:
    try:
        current_app.send_task(task, expires=60.0, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("%s was not asked for, the clock will: %s", task, error)
