"""Messages to workers: they say that there is work of a kind, and nothing else. The sweep finds what was not sent."""

import logging
from typing import Literal

from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
Kind = Literal["run", "put", "work", "home"]
KINDS: tuple[Kind, ...] = ("run", "put", "work", "home")
# Slices of one kind at once: other kinds, and other tasks, need workers too.
MOST_SLICES = 3
_EXPIRES = 60.0
_PER_SLICE = {"run": 25, "put": 12, "work": 6, "home": 6}


def soon(kind: Kind, count: int) -> None:
    """When the transaction commits, for so many jobs."""
    if count:
        transaction.on_commit(lambda: send(kind, count), robust=True)


def send(kind: Kind, count: int) -> None:
    from instances.workshops.runs.tasks import work

    try:
        for _ in range(min(MOST_SLICES, -(-count // _PER_SLICE[kind]))):
            work.apply_async(args=(kind,), expires=_EXPIRES, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("workers were not told, the sweep will find the work: %s", error)
