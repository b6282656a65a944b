"""What ends a session that is going on: the person signs out or loses the right, the machine goes, time is over."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from contextvars import Context
from datetime import timedelta
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.utils import timezone
from redis.exceptions import RedisError

from instances.access import attendable
from instances.models import Instance
from instances.remote import doors, limits
from instances.remote.closing import ENDED, group_of
from instances.remote.endings import End
from instances.remote.models import RemoteSession
from instances.remote.ways import stands_still
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.live import hub
from portal.core.outbox import Prepared

# What `helioRole` says of a machine that is a seat.
SEAT = "seat"
OnEnd = Callable[[End], Coroutine[Any, Any, None]]
OnEvent = Callable[[str], None]
Standing = Callable[[], End | None]


class Watch:
    """Looks again when told of a change, and each minute; `on_end` is called once, with the first reason found.

    `standing` is called in a thread with the database. `on_event` hears the names of events of this session.
    """

    def __init__(
        self,
        *,
        session_id: UUID,
        user_id: int,
        mark: str,
        standing: Standing,
        on_end: OnEnd,
        on_event: OnEvent | None = None,
        groups: Iterable[str] = (),
    ) -> None:
        self.user_id = user_id
        self.mark = mark
        self.standing = standing
        self.on_end = on_end
        self.on_event = on_event
        self._groups = {f"user.{user_id}", group_of(session_id), *groups}
        self._again = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self.touched = time.monotonic()

    async def start(self) -> None:
        """A Redis that is away leaves the look each minute.

        The task gets a context of its own: in a request's it would look for the database in that request's thread,
        which is gone when the request is.
        """
        with suppress(RedisError, OSError):
            await hub().join(self, self._groups)
        self._task = asyncio.create_task(self._look(), context=Context())

    async def stop(self) -> None:
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        with suppress(RedisError, OSError):
            await hub().leave(self)

    def touch(self) -> None:
        """Somebody typed or clicked."""
        self.touched = time.monotonic()

    def look_now(self) -> None:
        self._again.set()

    # What the hub calls: quick, and without waiting.

    def take(self, event: Prepared) -> None:
        if event.kind == "html" and event.key.startswith("status-"):
            # Newer markup of the machine's state: it may have been stopped.
            self._again.set()
        if event.kind != "changed":
            return
        name = str(json.loads(event.key)["name"])
        if name == ENDED:
            self._again.set()
        elif self.on_event is not None and name.startswith("remote:"):
            self.on_event(name)

    def access_changed(self) -> None:
        self._again.set()

    def signed_out(self, mark: str) -> None:
        if mark in ("", self.mark):
            self._ending = asyncio.create_task(self.on_end(End("signed-out")), context=Context())

    async def _look(self) -> None:
        while True:
            with suppress(TimeoutError):
                seconds = limits.RECHECK_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311
                await asyncio.wait_for(self._again.wait(), seconds)
            self._again.clear()
            found = self._idle() or await database_sync_to_async(self.standing)()
            if found is not None:
                await self.on_end(found)
                return

    def _idle(self) -> End | None:
        idle = time.monotonic() - self.touched
        return End("idle") if idle > limits.remote().idle_minutes * 60 else None


def standing(session_id: UUID, person: Callable[[], Any]) -> End | None:
    """Why the session may not go on; None while it may, which is noted. `person` says who is signed in still."""
    row = RemoteSession.objects.filter(pk=session_id).first()
    if row is None:
        return End("no-access")
    if row.ended_at is not None:
        return End(row.end_reason or "ended", row.ended_by_id)
    user = person()
    if not isinstance(user, User) or user.pk != row.person_id:
        return End("signed-out")
    found = may_go_on(user, row)
    now = timezone.now()
    if found is None and now - row.asked_at > timedelta(hours=limits.remote().hard_hours):
        found = End("too-long")
    if found is None:
        RemoteSession.objects.filter(pk=session_id, ended_at=None).update(seen_at=now)
    return found


def may_go_on(user: User, row: RemoteSession) -> End | None:
    try:
        machine: Instance = attendable(user, row.instance_id)
    except PortalError:
        seat = Instance.objects.filter(pk=row.instance_id, metadata__helioRole=SEAT).exists()
        return End("seat-over" if seat else "no-access")
    if doors.is_as_another(row, machine):
        return End("seat-over")
    return End("machine-gone") if stands_still(machine) else None
