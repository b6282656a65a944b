"""The Redis stream between the web processes, which take samples in, and the worker, which stores them."""

import json
import logging
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis as AsyncRedis

from portal.core.redis_client import client

logger = logging.getLogger(__name__)

STREAM = "metrics:samples"
# A quarter of an hour of 1,000 guests: what a stopped worker may leave behind before the oldest is let go.
MAX_PUSHES = 200_000

Push = tuple[str, list[dict[str, Any]]]


async def add(redis: "AsyncRedis", instance: str, samples: list[dict[str, Any]]) -> None:
    packed = json.dumps(samples, separators=(",", ":"))
    await redis.xadd(STREAM, {"i": instance, "s": packed}, maxlen=MAX_PUSHES, approximate=True)


def read(count: int) -> tuple[list[Any], list[Push]]:
    """The oldest pushes and their ids. They stay until `remove`: a worker that dies between loses nothing."""
    entries: Any = client().xrange(STREAM, count=count)
    return [entry for entry, _ in entries], [push for _, fields in entries if (push := _push(fields))]


def _push(fields: dict[bytes, bytes]) -> Push | None:
    try:
        return fields[b"i"].decode(), list(json.loads(fields[b"s"]))
    except (LookupError, TypeError, ValueError) as error:
        logger.warning("an entry of the stream could not be read and is dropped: %r", error)
        return None


def remove(ids: Sequence[Any]) -> None:
    client().xdel(STREAM, *ids)


def waiting() -> int:
    length: Any = client().xlen(STREAM)
    return int(length)
