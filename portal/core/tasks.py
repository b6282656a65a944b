"""The base of every Celery task, and the signs of life that /healthz reads."""

import logging
import time
from typing import TYPE_CHECKING, Any

import celery
from celery import shared_task
from celery.signals import before_task_publish, heartbeat_sent, worker_ready
from redis.exceptions import RedisError

from portal.core import deadline
from portal.core.errors import PortalError
from portal.core.logs import set_request_id
from portal.core.redis_client import client

logger = logging.getLogger(__name__)

BEAT_KEY = "health:beat"
WORKED_KEY = "health:worked"
WORKER_KEYS = "health:worker:"
_KEPT = 3600
_WORKER_KEPT = 60

if TYPE_CHECKING:
    _Base = celery.Task[Any, Any]
else:
    _Base = celery.Task


class Task(_Base):
    """Gives each run a deadline to look at, and keeps any error inside: logged, and the worker goes on.

    A task that must run again finds out by itself what is due; so a failed message is never sent again.
    """

    abstract = True
    soft_seconds = 50.0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.request.called_directly:
            return self.run(*args, **kwargs)
        set_request_id(str(self.request.id or "-"))
        try:
            with deadline.within(self.soft_seconds):
                return self.run(*args, **kwargs)
        except PortalError as error:
            logger.warning("task %s ended: %s", self.name, error)
        except Exception:  # the one place: the boundary of a worker's thread
            logger.exception("task %s failed", self.name)
        return None


@shared_task(ignore_result=True)
def beat_heartbeat() -> None:
    """Runs in a worker: that the clock's messages arrive and are worked on."""
    _alive(WORKED_KEY, _KEPT)


@before_task_publish.connect(sender="portal.core.tasks.beat_heartbeat")
def _beat_published(**kwargs: Any) -> None:
    _alive(BEAT_KEY, _KEPT)


@worker_ready.connect
@heartbeat_sent.connect
def _worker_lives(sender: Any = None, **kwargs: Any) -> None:
    name = getattr(sender, "hostname", None) or getattr(getattr(sender, "eventer", None), "hostname", None)
    _alive(f"{WORKER_KEYS}{name or 'worker'}", _WORKER_KEPT)


def _alive(key: str, kept: int) -> None:
    try:
        client().set(key, repr(time.time()), ex=kept)
    except RedisError as error:
        logger.warning("no sign of life could be left: %s", error)
