"""The shells that this process holds, and what looks after each: its end, its row, its recording."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from instances.models import Instance
from instances.remote import closing, sessions, teaching
from instances.remote.endings import End
from instances.remote.models import RemoteSession
from instances.remote.room import AskSecret, Room, Size
from instances.remote.room_recording import RoomRecording
from instances.remote.watch import Watch, standing
from instances.remote.ways import Way, way_to
from portal.core.errors import PortalError

logger = logging.getLogger(__name__)
SignedIn = Callable[[], Any]


class Held:
    """A room with its watch and its task. `signed_in` is that of the page that came last."""

    def __init__(self, row: RemoteSession, room: Room, signed_in: SignedIn, mark: str) -> None:
        self.row = row
        self.room = room
        self.signed_in = signed_in
        self.watch = Watch(
            session_id=row.pk,
            user_id=room.user_id,
            mark=mark,
            standing=self._standing,
            on_end=self._on_end,
            on_event=self._on_event,
            groups=[f"instance.{row.instance_id}"],
        )
        self.problem: PortalError | None = None
        self.task: asyncio.Task[None] | None = None
        self._work: set[asyncio.Future[Any]] = set()
        self.recording = RoomRecording(row.pk, room)
        room.on_link = lambda link: self._spawn(teaching.after_connect(link))
        room.on_away = lambda: self._spawn(database_sync_to_async(sessions.away)(row.pk))
        room.find_way = database_sync_to_async(self._way)
        room.on_begin = lambda: self._spawn(database_sync_to_async(sessions.began)(row, room.way.login))

    def _standing(self) -> End | None:
        sessions.count(self.row.pk, out=self.room.ring.total, in_=self.room.bytes_in)
        return standing(self.row.pk, self.signed_in)

    def _way(self) -> Way:
        """PortalError as `way_to`."""
        machine = Instance.objects.select_related("allocation").get(pk=self.row.instance_id)
        return way_to(machine, login=self.room.way.login)

    async def _on_end(self, end: End) -> None:
        self.room.finish(end)

    def came_back(self, signed_in: SignedIn, mark: str) -> None:
        """The person is here again, perhaps by another portal session."""
        self.signed_in, self.watch.mark = signed_in, mark
        self.watch.touch()

    def _on_event(self, name: str) -> None:
        if name == "remote:recording":
            self._spawn(self.recording.look())

    def _spawn(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def live(self, ask: AskSecret, on_problem: "Callable[[PortalError], Awaitable[None]]") -> None:
        """The room's whole life."""
        end = End("failed")
        await self.watch.start()
        try:
            await self.recording.look()
            end = await self.room.run(ask)
        except PortalError as problem:
            await on_problem(problem)
        except asyncio.CancelledError:
            end = End("shutdown")
            raise
        finally:
            del _rooms()[str(self.row.pk)]
            self.room.close(end)
            await self.watch.stop()
            await database_sync_to_async(self._written)(end)

    def _written(self, end: End) -> None:
        sessions.count(self.row.pk, out=self.room.ring.total, in_=self.room.bytes_in)
        closing.finish(self.row, end.reason)


_held: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Held]]" = WeakKeyDictionary()


def _rooms() -> dict[str, Held]:
    return _held.setdefault(asyncio.get_running_loop(), {})


def find(session_id: object) -> Held | None:
    return _rooms().get(str(session_id))


def make(
    row: RemoteSession, way: Way, *, person: str, size: Size, keep: str, signed_in: SignedIn, mark: str
) -> Held:
    room = Room(session_id=str(row.pk), way=way, user_id=row.person_id, person=person, size=size, keep=keep)
    held = Held(row, room, signed_in, mark)
    _rooms()[str(row.pk)] = held
    return held
