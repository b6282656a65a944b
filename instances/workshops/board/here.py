"""Who has the board open. Said by each fetch of it, forgotten soon after; a Redis that is away knows of nobody."""

import time
from contextlib import suppress
from uuid import UUID

from django.http import HttpRequest
from redis.exceptions import RedisError

from portal.core.redis_client import client

# An open page fetches its queue each minute.
KEPT = 100


def touch(request: HttpRequest, workshop_id: UUID) -> None:
    """An operator who looks as somebody is not that person."""
    user_id = request.user.pk
    if user_id is None or getattr(request, "looking", None) is not None:
        return
    key, now = _key(workshop_id), time.time()
    with suppress(RedisError), client().pipeline(transaction=False) as trip:
        trip.zadd(key, {str(user_id): now})
        trip.zremrangebyscore(key, 0, now - KEPT)
        trip.expire(key, KEPT)
        trip.execute()


def on_board(workshop_id: UUID) -> set[int]:
    try:
        found = client().zrangebyscore(_key(workshop_id), time.time() - KEPT, "+inf")
    except RedisError:
        return set()
    return {int(name) for name in found} if isinstance(found, list) else set()


def _key(workshop_id: UUID) -> str:
    return f"board:here:{workshop_id}"
