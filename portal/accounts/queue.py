"""Telling a worker that there is something to do. Only ids travel; `tasks.sweep` finds what was lost."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue(task: str, *ids: int) -> None:
    """`task` is a name of `portal.accounts.tasks`. Call it after commit."""
    try:
        current_app.send_task(f"portal.accounts.tasks.{task}", args=list(ids))
    except OperationalError as error:
        logger.warning("%s not enqueued, the sweep will find it: %s", task, error)
