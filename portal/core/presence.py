"""Which groups have an open page somewhere. Kept in Redis for 45 s at a time; sockets say it again every 15."""

import time
from collections.abc import Iterable

from redis.exceptions import RedisError

from portal.core.redis_client import client

KEY = "presence"
KEPT = 45.0
AGAIN = 15.0


def touch(groups: Iterable[str], now: float | None = None) -> None:
    """These have an open page now."""
    now = time.time() if now is None else now
    scores = dict.fromkeys(groups, now)
    if not scores:
        return
    with client().pipeline(transaction=False) as trip:
        trip.zadd(KEY, scores)
        trip.zremrangebyscore(KEY, 0, now - 10 * KEPT)
        trip.expire(KEY, int(10 * KEPT))
        trip.execute()


def watching(group: str) -> bool:
    """True where a page was open on the group in the last 45 s; False where Redis cannot say."""
    try:
        seen = client().zscore(KEY, group)
    except RedisError:
        return False
    return isinstance(seen, float) and seen > time.time() - KEPT


def watched(prefix: str) -> set[str]:
    """The groups with an open page whose names begin so; empty where Redis cannot say."""
    try:
        names = client().zrangebyscore(KEY, time.time() - KEPT, "+inf")
    except RedisError:
        return set()
    found = (bytes(name).decode() for name in names) if isinstance(names, list) else ()
    return {name for name in found if name.startswith(prefix)}
