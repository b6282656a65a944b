"""Use of the cache for what may be lost at any time: without it calls go on, only less well informed."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import redis

log = logging.getLogger(__name__)
_Value = TypeVar("_Value")
_COMPLAIN_EVERY = 30.0
_complained_at = -_COMPLAIN_EVERY


def quietly(action: Callable[[], _Value], default: _Value) -> _Value:
    global _complained_at
    try:
        return action()
    except (redis.RedisError, OSError):
        if time.monotonic() - _complained_at >= _COMPLAIN_EVERY:
            _complained_at = time.monotonic()
            log.warning("the cache does not answer: tokens and circuit breakers are not shared")
        return default
