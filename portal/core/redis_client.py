"""The one pool of connections to Redis of this process, for code that is not asynchronous."""

from functools import cache

from django.conf import settings
from redis import Redis


@cache
def client() -> Redis:
    """Bytes in, bytes out. Calls that fail raise `redis.exceptions.RedisError` within two seconds."""
    pool: Redis = Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, health_check_interval=30
    )
    return pool
