"""The one WebSocket of a page: what changed in the things that it shows.

`topic` says who may listen to what; `live.Hub` hands on what arrives; `LiveConsumer` is one open page.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import get_user
from django.http import HttpRequest
from redis.exceptions import RedisError

from portal.core.errors import PortalError
from portal.core.events import session_mark
from portal.core.live import hub
from portal.core.outbox import Outbox, Prepared
from portal.core.redis_client import client

logger = logging.getLogger(__name__)

# Resolver(user, key) -> group name, or PortalError for one who may not listen.
Resolver = Callable[[Any, str], str]
_topics: dict[str, Resolver] = {}

MOST_TOPICS = 20
MOST_SOCKETS = 30
# Seconds: what joins one message before it goes; between two messages; until a viewer that takes nothing is left;
# between two looks whether the person still may.
GATHER = 0.03
BETWEEN = 0.5
STUCK = 20.0
RECHECK = 300.0

SIGNED_OUT, NO_ACCESS, TRY_AGAIN, TOO_MANY = 4401, 4403, 4408, 4429


def topic(kind: str) -> Callable[[Resolver], Resolver]:
    """Decorator: `kind:key` in a page's topics is checked, and made a group name, by this function.

    It is called in a thread with the database, when a page opens and whenever the access of its person changes.
    """

    def registered(resolver: Resolver) -> Resolver:
        _topics[kind] = resolver
        return resolver

    return registered


def group_of(user: Any, name: str) -> str:
    """The group behind `kind:key` for this person; PortalError `portal:not-found` or `portal:forbidden`."""
    kind, _, key = name.partition(":")
    resolver = _topics.get(kind)
    if resolver is None or not key:
        raise PortalError("portal:not-found")
    return resolver(user, key)


def groups_of(user: Any, names: Iterable[str]) -> set[str]:
    return {f"user.{user.pk}", *(group_of(user, name) for name in names)}


def person_of(session: Any) -> Any:
    """Who the session belongs to now, as a page view would see it; None where it has ended."""
    request = HttpRequest()
    request.session = session.__class__(session.session_key)
    user = get_user(request)
    return user if user.is_authenticated and user.is_active else None


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One open page. It has no channel of its own: the hub hands it what its groups were sent."""

    channel_layer_alias = ""

    async def connect(self) -> None:
        self.outbox = Outbox()
        self.name = uuid4().hex
        self.more = asyncio.Event()
        self.recheck = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        self.session = self.scope["session"]
        self.mark = session_mark(self.session.session_key or "")
        asked = parse_qs(self.scope["query_string"].decode("latin-1")).get("t", [])
        self.topics = list(dict.fromkeys(asked))[:MOST_TOPICS]
        self.user = self.scope["user"]
        refusal = await database_sync_to_async(self._refusal)()
        if refusal is None:
            try:
                await hub().join(self, self.groups_joined)
            except (RedisError, OSError) as error:
                # Refused before the handshake, so that the page comes back ever more slowly.
                logger.warning("a page cannot listen: %s", error)
                await self.close()
                return
        await self.accept()
        if refusal is not None:
            await self._end(*refusal)
        else:
            self.tasks = [asyncio.create_task(self._send_on()), asyncio.create_task(self._look_again())]
            for task in self.tasks:
                task.add_done_callback(self._after)

    def _refusal(self) -> tuple[str, int] | None:
        if not self.user.is_authenticated:
            return "signed-out", SIGNED_OUT
        if not self._counted():
            return "too-many", TOO_MANY
        try:
            self.groups_joined = groups_of(self.user, self.topics)
        except PortalError:
            return "no-access", NO_ACCESS
        return None

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()
        await hub().leave(self)
        await database_sync_to_async(self._uncounted)()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        # A page says only that it lives. Anything else is not for us.
        if text_data == '{"ping":1}' or text_data == '{"ping": 1}':
            self.outbox.pong = True
            self.more.set()

    # What the hub calls: quick, and without waiting.

    def take(self, event: Prepared) -> None:
        self.outbox.put(event)
        self.more.set()

    def access_changed(self) -> None:
        self.recheck.set()

    def signed_out(self, mark: str) -> None:
        if mark in ("", self.mark):
            self.tasks.append(asyncio.create_task(self._end("signed-out", SIGNED_OUT)))

    # The two tasks of an open page.

    async def _send_on(self) -> None:
        """Send what gathers: at once what is urgent, the rest at most once per half second."""
        last = 0.0
        while True:
            await self._something(last)
            await asyncio.sleep(GATHER)
            all_due = time.monotonic() - last >= BETWEEN
            message = self.outbox.take(all=all_due)
            if self.outbox.empty:
                self.more.clear()
            if not message:
                continue
            if all_due:
                last = time.monotonic()
            try:
                await asyncio.wait_for(self.send(message), STUCK)
            except TimeoutError:
                await self._end("", TRY_AGAIN)
                return

    def _after(self, task: "asyncio.Task[None]") -> None:
        """A page whose task failed is neither served nor looked after: it has to come again, and is checked then."""
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            logger.error("an open page could not be served", exc_info=failure)
            self.tasks.append(asyncio.create_task(self._end("", TRY_AGAIN)))

    async def _something(self, last: float) -> None:
        """Wait for something to send, and while only what is not urgent is there for its time."""
        await self.more.wait()
        left = last + BETWEEN - time.monotonic()
        while left > 0 and not self.outbox.urgent:
            self.more.clear()
            try:
                await asyncio.wait_for(self.more.wait(), left)
            except TimeoutError:
                self.more.set()
            left = last + BETWEEN - time.monotonic()

    async def _look_again(self) -> None:
        """Close what its person may no longer see: looked at when told of a change, and now and then."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.recheck.wait(), RECHECK * random.uniform(0.8, 1.2))  # noqa: S311
            self.recheck.clear()
            ending = await database_sync_to_async(self._ending)()
            if ending is not None:
                await self._end(*ending)
                return

    def _ending(self) -> tuple[str, int] | None:
        user = person_of(self.session)
        if user is None or user.pk != self.user.pk:
            return "signed-out", SIGNED_OUT
        try:
            allowed = groups_of(user, self.topics)
        except PortalError:
            return "no-access", NO_ACCESS
        self._counted()
        return None if allowed == self.groups_joined else ("no-access", NO_ACCESS)

    async def _end(self, why: str, code: int) -> None:
        """Close; a page that is told why does not come back by itself."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STUCK):
                if why:
                    await self.send(json.dumps({"end": why}))
                await self.close(code)

    # Sockets of one person, in all processes together.

    def _counted(self) -> bool:
        key, now = f"sockets:{self.user.pk}", time.time()
        try:
            with client().pipeline(transaction=True) as trip:
                trip.zremrangebyscore(key, 0, now - 2 * RECHECK)
                trip.zadd(key, {self.name: now})
                trip.zcard(key)
                trip.expire(key, int(3 * RECHECK))
                open_now = trip.execute()[2]
        except RedisError as error:
            logger.warning("open sockets could not be counted: %s", error)
            return True
        return bool(open_now <= MOST_SOCKETS)

    def _uncounted(self) -> None:
        if not self.scope["user"].is_authenticated:
            return
        try:
            client().zrem(f"sockets:{self.scope['user'].pk}", self.name)
        except RedisError as error:
            logger.warning("a closed socket is counted for a while longer: %s", error)
