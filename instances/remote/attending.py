"""Sessions without a socket of their own, files and ports: what requests of one session share in this process."""

import asyncio
import time
from contextlib import AsyncExitStack
from contextvars import Context
from datetime import timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.utils import timezone

from instances.access import attendable
from instances.remote import closing, doors, sessions, teaching
from instances.remote.endings import ENDINGS, End
from instances.remote.link import Link, Secret
from instances.remote.links import links
from instances.remote.models import RemoteSession
from instances.remote.watch import Watch, standing
from instances.remote.ways import Way, way_to
from portal.accounts.models import User
from portal.core.errors import PortalError

# Seconds for which a look at the session's row holds; events end it sooner.
FRESH_SECONDS = 5.0
AWAY_SECONDS = 180.0


class Attended:
    """One session in this process. `ended` is done as soon as it is over, for whatever reason."""

    def __init__(self, session: RemoteSession, user: User, way: Way) -> None:
        self.session = session
        self.user = user
        self.way = way
        self.ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self.lock = asyncio.Lock()
        self.looked = time.monotonic()
        self._link: Link | None = None
        self._stack = AsyncExitStack()
        self._out = self._in = 0
        self.watch = Watch(
            session_id=session.pk,
            user_id=user.pk,
            mark=session.session_mark,
            standing=self._standing,
            on_end=self._over,
        )

    @property
    def link(self) -> Link:
        assert self._link is not None
        return self._link

    def touch(self) -> None:
        self.watch.touch()

    def count(self, *, in_: int = 0, out: int = 0) -> None:
        """Bytes to the machine, and from it."""
        self._in += in_
        self._out += out

    @property
    def _owned(self) -> bool:
        """A shell's own room counts and ends it; here it only lends its person's link."""
        return self.session.kind in (RemoteSession.Kind.FILES, RemoteSession.Kind.PORT)

    def _standing(self) -> End | None:
        if self._owned:
            sessions.count(self.session.pk, out=self._out, in_=self._in)
            self._note_use()
        return standing(self.session.pk, lambda: User.objects.filter(pk=self.user.pk, is_active=True).first())

    def _note_use(self) -> None:
        """A page that asks for nothing may be open or not: after a while it is taken for left."""
        idle = time.monotonic() - self.watch.touched
        if idle > AWAY_SECONDS:
            sessions.away(self.session.pk, timezone.now() - timedelta(seconds=idle))
        else:
            sessions.here(self.session.pk)

    async def _over(self, end: End) -> None:
        await self.finish(end)

    async def finish(self, end: End) -> None:
        """The link is given back, and the end written down. Once."""
        if self.ended.done():
            return
        self.ended.set_result(end)
        _attended().pop(self.session.pk, None)
        await self.watch.stop()
        await self._stack.aclose()
        await database_sync_to_async(self._written)(end)

    def _written(self, end: End) -> None:
        if not self._owned:
            return
        sessions.count(self.session.pk, out=self._out, in_=self._in)
        closing.finish(self.session, end.reason)

    async def connect(self, secret: Secret | None) -> None:
        """An open link; a new one where the last was lost. PortalError as `instances.remote.link.connect`."""
        async with self.lock:
            if self._link is not None and not self._link.closed:
                return
            await self._stack.aclose()
            self._stack, self._link = AsyncExitStack(), None
            borrowed = links().borrow(self.way, user_id=self.user.pk, person=str(self.user), secret=secret)
            self._link = await self._stack.enter_async_context(borrowed)
            if self._owned:
                await database_sync_to_async(sessions.began)(self.session)
                # In a context of its own: this request's ends with it.
                self._teaching = asyncio.get_running_loop().create_task(
                    teaching.after_connect(self._link), context=Context()
                )


async def attend(session_id: UUID, *, user: User, mark: str, secret: Secret | None = None) -> Attended:
    """The live session with an open link. Cheap when asked again.

    PortalError: `portal:not-found` for another's session, `remote:over` for one that ended, `portal:forbidden` where the
    person may not connect any more, `remote:…` where the machine cannot be reached; `remote:needs-secret`
    until one was given.
    """
    found = _attended().get(session_id)
    if found is None or not _fits(found, user, mark) or time.monotonic() - found.looked > FRESH_SECONDS:
        looked = await database_sync_to_async(_look)(session_id, user, mark)
        found = _attended().get(session_id)
        if found is None:
            found = await _begun(looked, user)
        # Where the machine is reached may have changed: the next link goes there.
        found.way, found.looked = looked[1], time.monotonic()
    await found.connect(secret)
    found.touch()
    return found


def _fits(found: Attended, user: User, mark: str) -> bool:
    return found.user.pk == user.pk and found.session.session_mark == mark


async def _begun(looked: "tuple[RemoteSession, Way]", user: User) -> Attended:
    row, way = looked
    found = _attended().setdefault(row.pk, Attended(row, user, way))
    if found.session is row:
        await found.watch.start()
    return found


def _look(session_id: UUID, user: User, mark: str) -> tuple[RemoteSession, Way]:
    row = RemoteSession.objects.select_related("person").filter(pk=session_id).first()
    if row is None or row.person_id != user.pk or (row.session_mark != mark):
        raise PortalError("portal:not-found")
    if row.ended_at is not None:
        raise PortalError("remote:over", reason=ENDINGS[row.end_reason].words)
    row.instance = attendable(user, row.instance_id)
    if doors.is_as_another(row, row.instance):
        raise PortalError("remote:over", reason=ENDINGS["seat-over"].words)
    return row, way_to(row.instance, login=row.login)


_sessions: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[UUID, Attended]]" = WeakKeyDictionary()


def _attended() -> dict[UUID, Attended]:
    return _sessions.setdefault(asyncio.get_running_loop(), {})
