"""GET /healthz: what works and what does not, by name. Layers above add their parts with `check`."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from portal.core.redis_client import client
from portal.core.tasks import BEAT_KEY, WORKED_KEY, WORKER_KEYS

# A sign of life older than this many seconds is none.
_FRESH = 20.0


@dataclass(frozen=True, slots=True)
class Part:
    """`ours` False: something beyond the portal, whose failing makes it degraded, and no reason to replace it."""

    name: str
    ok: bool
    note: str = ""
    ours: bool = True


Check = Callable[[], Iterable[Part]]
_checks: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Decorator: add parts to /healthz. The function must be quick and must not call a cloud."""

    def registered(function: Check) -> Check:
        _checks[name] = function
        return function

    return registered


def parts_of(*names: str) -> list[Part]:
    """The parts of these checks, all where none is named."""
    return [part for name, function in _checks.items() if not names or name in names for part in function()]


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """503 when a part of the portal fails. `?only=database,redis` asks for some: a load balancer's question."""
    parts = parts_of(*(name for name in request.GET.get("only", "").split(",") if name))
    broken = [part for part in parts if not part.ok]
    failing = any(part.ours for part in broken)
    state: dict[str, Any] = {
        "status": "failing" if failing else "degraded" if broken else "ok",
        "culprits": [part.name for part in broken],
        "parts": {part.name: {"ok": part.ok, "note": part.note} for part in parts},
    }
    return JsonResponse(state, status=503 if failing else 200)


@check("database")
def _database() -> Iterable[Part]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return [Part("database", False, "does not answer")]
    return [Part("database", True)]


@check("redis")
def _redis() -> Iterable[Part]:
    try:
        client().ping()
    except RedisError:
        return [Part("redis", False, "does not answer")]
    return [Part("redis", True)]


@check("workers")
def _workers() -> Iterable[Part]:
    try:
        ages = [age(key) for key in client().scan_iter(match=f"{WORKER_KEYS}*", count=100)]
        worked = age(WORKED_KEY)
    except RedisError:
        return [Part("workers", False, "cannot be seen without Redis")]
    alive = sum(1 for seconds in ages if seconds is not None and seconds < _FRESH)
    if not alive:
        return [Part("workers", False, "none is running")]
    if worked is None or worked > 3 * _FRESH:
        return [Part("workers", False, f"{alive} running, but none has finished a task for a minute")]
    return [Part("workers", True, f"{alive} running")]


@check("beat")
def _beat() -> Iterable[Part]:
    try:
        seconds = age(BEAT_KEY)
    except RedisError:
        return [Part("beat", False, "cannot be seen without Redis")]
    if seconds is None or seconds > _FRESH:
        return [Part("beat", False, "has sent nothing" if seconds is None else f"silent for {seconds:.0f} s")]
    return [Part("beat", True)]


def age(key: str | bytes) -> float | None:
    """Seconds since the sign of life under this key."""
    value = client().get(key)
    return time.time() - float(value) if isinstance(value, bytes) else None
