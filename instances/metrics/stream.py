"""The Redis stream between the web processes, which take samples in, and the worker, which stores them."""

import json
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis as AsyncRedis

from portal.core.redis_client import client

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
    pushes = [(fields[b"i"].decode(), json.loads(fields[b"s"])) for _, fields in entries]
    return [entry for entry, _ in entries], pushes


def remove(ids: Sequence[Any]) -> None:
    client().xdel(STREAM, *ids)


def waiting() -> int:
    length: Any = client().xlen(STREAM)
    return int(length)
