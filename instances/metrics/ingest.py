"""Takes in what guests push: a bare ASGI application in front of Django.

The key of the signature is derived from the instance's id, so a push costs no database query: it is checked,
put on the stream, and sent to the open pages of this machine. Whether that exists is asked when it is stored.
"""

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from instances.metrics import stream, wire
from instances.metrics.limits import Limits
from portal.core import presence, seal
from portal.core.events import Samples

PATH = "/metrics/push"
GROUPS = "metrics."
WATCHED_SECONDS = 1.0
# A guest whose clock is further off is told, so that it can put its samples where they belong.
TOLD_CLOCK_SECONDS = 2.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any] = field(default_factory=dict)
    retry_after: float = 0.0


class Ingest:
    """One per process; its Redis connections belong to the loop that first uses it."""

    def __init__(self) -> None:
        self._limits = Limits()
        self._redis: Redis | None = None
        self._watched: frozenset[str] = frozenset()
        self._watched_at = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except (RedisError, OSError):
            answer = Answer(503, retry_after=5)
        await _send(send, answer)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()
            self._redis = None

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            return Answer(405)
        headers = dict(scope["headers"])
        body = await _body(headers, receive)
        if body is None:
            return Answer(413)
        now = time.time()
        instance = headers.get(b"x-helio-instance", b"").decode("latin-1")
        moment = headers.get(b"x-helio-time", b"").decode("latin-1")
        signature = headers.get(b"x-helio-signature", b"").decode("latin-1")
        if not _signed(instance, moment, signature, body):
            return Answer(401, {"error": "signature"})
        return await self._take(instance, moment, body, now)

    async def _take(self, instance: str, moment: str, body: bytes, now: float) -> Answer:
        """A push that this guest really signed."""
        off = wire.clock_error(moment, now)
        if off is None or abs(off) > wire.CLOCK_SECONDS:
            return Answer(401, {"error": "clock", "now": now})
        wait = self._limits.wait(instance, time.monotonic())
        if wait:
            return Answer(429, retry_after=wait)
        try:
            samples = wire.parse(body, now)
        except wire.Malformed as error:
            return Answer(400, {"error": str(error)})
        if samples:
            await stream.add(self._connection(), instance, samples)
            await self._show(instance, samples)
        return Answer(202, {"now": now} if abs(off) > TOLD_CLOCK_SECONDS else {})

    async def _show(self, instance: str, samples: list[dict[str, Any]]) -> None:
        """To open pages, if there are any: who watches is asked once a second, not once a push."""
        now = time.monotonic()
        if now - self._watched_at > WATCHED_SECONDS:
            self._watched_at = now
            self._watched = frozenset(await asyncio.to_thread(presence.watched, GROUPS))
        layer, group = get_channel_layer(), GROUPS + instance
        if layer is not None and group in self._watched:
            await layer.group_send(group, {**Samples(instance, samples).message(), "group": group})

    def _connection(self) -> Redis:
        if self._redis is None:
            self._redis = Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        return self._redis


def push_key(instance: str) -> str:
    """What this guest signs with: the same in every process, stored nowhere but in the guest."""
    return seal.derive("metrics", instance)


@lru_cache(maxsize=20_000)
def _cached_key(instance: str, _ring: tuple[str, ...]) -> str:
    return push_key(instance)


def _signed(instance: str, moment: str, signature: str, body: bytes) -> bool:
    if not wire.is_instance(instance):
        return False
    expected = wire.signature(_cached_key(instance, tuple(settings.SEAL_KEYS)), moment, body)
    return hmac.compare_digest(expected.encode(), signature.encode())


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
    """None when it is too long, and then the rest is not read."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > wire.MAX_BODY_BYTES:
        return None
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > wire.MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return body


async def _send(send: Send, answer: Answer) -> None:
    body = json.dumps(answer.body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if answer.retry_after:
        headers.append((b"retry-after", str(ceil(answer.retry_after)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
