"""The WebSocket of a shell or a desktop: the ticket first, then what its kind does, then the reason of its end."""

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any
from uuid import uuid4

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import timezone

from instances.remote import limits, shown, visits
from instances.remote.admitting import admit
from instances.remote.endings import ENDINGS, End
from instances.remote.models import RemoteSession
from instances.remote.watch import Watch
from portal.core.errors import PortalError
from portal.core.events import session_mark
from portal.core.sockets import NO_ACCESS, TOO_MANY, person_of

logger = logging.getLogger(__name__)

PROTOCOL = "heliosphere"
TICKET = "ticket."
CLOSE_SECONDS = 5.0
# Sockets of this process.
_open: set["RemoteConsumer"] = set()


class RemoteConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One socket. A subclass has `kind`, and does its work in `serve`, which returns how it ended."""

    channel_layer_alias = ""
    kind = ""

    async def connect(self) -> None:
        self.name = uuid4().hex
        self.left = False
        self.main: asyncio.Task[None] | None = None
        self.watch: Watch | None = None
        self.incoming: asyncio.Queue[bytes | str | None] = asyncio.Queue(maxsize=32)
        self.user = self.scope["user"]
        self.portal_session = self.scope["session"]
        self.mark = session_mark(self.portal_session.session_key or "")
        given = self.scope.get("subprotocols", [])
        text = next((one[len(TICKET) :] for one in given if one.startswith(TICKET)), "")
        if PROTOCOL not in given or not text or not self.user.is_authenticated:
            await self.close(NO_ACCESS)
            return
        if len(_open) >= limits.remote().most_per_process:
            await self.close(TOO_MANY)
            return
        _open.add(self)
        try:
            self.admitted = await database_sync_to_async(admit)(
                text, kind=self.kind, user=self.user, mark=self.mark, source=self._source()
            )
        except PortalError as refusal:
            # Without a ticket nobody is told more than that.
            logger.info("a socket was refused: %s", refusal.id)
            await self.close(NO_ACCESS)
            return
        self.row = self.admitted.row
        self.mode = self.admitted.ticket.mode
        await self.accept(PROTOCOL)
        self.main = asyncio.create_task(self._main())
        self.main.add_done_callback(self._after)

    async def _main(self) -> None:
        end = End("failed")
        try:
            if self.admitted.problem is not None:
                raise self.admitted.problem
            if self._held_elsewhere():
                end = End("other-node")
            else:
                end = await self.serve()
        except PortalError as problem:
            await self.tell_problem(problem)
        finally:
            await self._leave(end)

    def _held_elsewhere(self) -> bool:
        return bool(self.row.node and settings.SOCKETS_NODE and self.row.node != settings.SOCKETS_NODE)

    async def serve(self) -> End:
        raise NotImplementedError

    async def _leave(self, end: End) -> None:
        """Close with the reason. A socket that takes nothing any more is left."""
        if self.watch is not None:
            await self.watch.stop()
        if self.admitted.visit_id is not None:
            await database_sync_to_async(visits.end)(self.admitted.visit_id, end.reason)
        if self.left:
            return
        ending = ENDINGS[end.reason]
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.tell_end(end)
                await self.close(ending.code, end.reason)

    async def tell_end(self, end: End) -> None:
        """In words, where the kind's protocol has words."""

    async def tell_problem(self, problem: PortalError) -> None:
        """Kept for a few minutes, for the page to fetch."""
        await database_sync_to_async(self._keep)(problem)

    def _keep(self, problem: PortalError) -> dict[str, Any]:
        found = shown.as_json(problem, self.row.instance)
        shown.keep(self.row.pk, found)
        return found

    def _after(self, task: "asyncio.Task[None]") -> None:
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            logger.error("a %s ended unexpectedly", self.kind, exc_info=failure)
            self.closing = asyncio.create_task(self.close(1011))

    async def disconnect(self, code: int) -> None:
        _open.discard(self)
        self.left = True
        with suppress(asyncio.QueueFull):
            self.incoming.put_nowait(None)
        if self.main is not None and not self.main.done():
            self.main.cancel()
            with suppress(asyncio.CancelledError):
                await self.main

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        # Waiting here makes the browser wait: nothing piles up.
        await self.incoming.put(bytes_data if bytes_data is not None else text_data or "")

    async def next_message(self) -> bytes | str | None:
        """None once the page has left."""
        return await self.incoming.get()

    async def send_bytes(self, data: bytes) -> None:
        await self.send(bytes_data=data)

    async def send_json(self, **message: Any) -> None:
        await self.send(text_data=json.dumps(message))

    def _source(self) -> str | None:
        client = self.scope.get("client")
        return client[0] if client else None

    def signed_in(self) -> Any:
        """Who the portal session of this socket belongs to now. Reads the database."""
        return person_of(self.portal_session)


def began(row: RemoteSession) -> None:
    """The machine let the person in."""
    RemoteSession.objects.filter(pk=row.pk, ended_at=None).update(
        started_at=row.started_at or timezone.now(), seen_at=timezone.now(), node=settings.SOCKETS_NODE
    )
