"""How much one person may ask in a time, counted in Redis for all processes together."""

import time
from typing import cast

from redis.exceptions import RedisError

from portal.core.errors import PortalError
from portal.core.redis_client import client

# Sliding window by two counters: the present window's, and the previous one's weighted by what of it still counts.
_SCRIPT = """
local present = tonumber(redis.call('GET', KEYS[1]) or '0')
local previous = tonumber(redis.call('GET', KEYS[2]) or '0')
local used = present + previous * tonumber(ARGV[2])
if used + 1 > tonumber(ARGV[1]) then return 0 end
redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""


def allow(name: str, *, most: int, seconds: float, now: float | None = None) -> bool:
    """Count one use of `name`; False, and not counted, when there were `most` in the last `seconds` already.

    Without Redis everything is allowed: a limit protects, it must not shut people out.
    """
    now = time.time() if now is None else now
    window = int(now // seconds)
    weight = 1.0 - (now % seconds) / seconds
    keys = [f"limit:{name}:{window}", f"limit:{name}:{window - 1}"]
    try:
        allowed = client().eval(_SCRIPT, 2, *keys, str(most), str(weight), str(int(seconds * 2000)))
    except RedisError:
        return True
    return bool(allowed)


def spent(name: str, *, most: int, seconds: float, now: float | None = None) -> bool:
    """Whether there were `most` in the last `seconds`; this asking counts nothing. Without Redis: no."""
    now = time.time() if now is None else now
    window = int(now // seconds)
    try:
        present = client().get(f"limit:{name}:{window}")
        previous = client().get(f"limit:{name}:{window - 1}")
    except RedisError:
        return False
    return (
        int(cast(bytes, present or b"0"))
        + int(cast(bytes, previous or b"0")) * (1.0 - (now % seconds) / seconds)
        + 1
        > most
    )


def check(name: str, *, most: int, seconds: float) -> None:
    """PortalError `portal:too-many` when it is more than that."""
    if not allow(name, most=most, seconds=seconds):
        raise PortalError("portal:too-many", outcome="retry", retry_after=seconds / 2, seconds=round(seconds))
