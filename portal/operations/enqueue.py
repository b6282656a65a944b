"""Telling workers that there is work. A message that is lost costs seconds: the sweep finds what is due."""

import logging
from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# A worker keeps a message for later in its memory; what is due after this is left to the sweep.
_LATEST = 30.0
# A message that nobody took for so long is worth nothing: the sweep has sent others.
_EXPIRES = 60.0
MOST_AT_ONCE = 10


def enqueue_on_commit(count: int = 1, *, after: float = 0.0) -> None:
    if count > 0 and after <= _LATEST:
        transaction.on_commit(lambda: enqueue(count, after=after), robust=True)


def enqueue_recovered(cloud: str, region: str) -> None:
    """A service of the cloud is well again: what waits for it there need not wait longer."""
    from portal.operations.tasks import recovered

    try:
        recovered.apply_async(args=(cloud, region), expires=_EXPIRES, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("workers were not told, operations come back by themselves: %s", error)


def enqueue(count: int = 1, *, after: float = 0.0) -> None:
    """Send `count` messages; each makes a worker take the operation that is then the fairest.

    Who asks for a hundred machines does not wait for a hundred messages: one has a worker send them.
    """
    from portal.operations.tasks import advance, rouse

    options: dict[str, Any] = {"expires": _EXPIRES + max(0.0, after), "retry": False}
    if after > 0:
        options["countdown"] = after
    try:
        if count > MOST_AT_ONCE:
            rouse.apply_async(args=(count,), **options)
            return
        for _ in range(count):
            advance.apply_async(**options)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("workers were not told, the sweep will find the work: %s", error)
