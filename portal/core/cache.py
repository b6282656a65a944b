"""Django's cache in Redis, for which a Redis that is away is an empty cache: sessions are then read from the database."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
_Value = TypeVar("_Value")


def _or(default: _Value, action: Callable[[], _Value]) -> _Value:
    try:
        return action()
    except RedisError as error:
        logger.warning("the cache is away, going on without: %s", error)
        return default


class ForgivingRedisCache(RedisCache):
    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _or(default, lambda: super(ForgivingRedisCache, self).get(key, default, version))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return _or({}, lambda: super(ForgivingRedisCache, self).get_many(keys, version))

    def set(self, *args: Any, **options: Any) -> None:
        _or(None, lambda: super(ForgivingRedisCache, self).set(*args, **options))

    def set_many(self, *args: Any, **options: Any) -> list[Any]:
        return _or([], lambda: super(ForgivingRedisCache, self).set_many(*args, **options))

    def add(self, *args: Any, **options: Any) -> bool:
        return _or(False, lambda: super(ForgivingRedisCache, self).add(*args, **options))

    def delete(self, *args: Any, **options: Any) -> bool:
        return _or(False, lambda: super(ForgivingRedisCache, self).delete(*args, **options))

    def delete_many(self, *args: Any, **options: Any) -> None:
        _or(None, lambda: super(ForgivingRedisCache, self).delete_many(*args, **options))

    def touch(self, *args: Any, **options: Any) -> bool:
        return _or(False, lambda: super(ForgivingRedisCache, self).touch(*args, **options))

    def has_key(self, *args: Any, **options: Any) -> bool:
        return _or(False, lambda: super(ForgivingRedisCache, self).has_key(*args, **options))
