"""A desktop in the browser: its bytes (RFB), unread, between the page's WebSocket and the screen of the machine."""

import asyncio
from contextlib import suppress
from urllib.parse import parse_qs

import asyncssh
from channels.db import database_sync_to_async
from django.db.models import F

from instances import trail
from instances.remote import screen, visits, watch
from instances.remote.closing import finish
from instances.remote.endings import End
from instances.remote.link import Reader, Writer
from instances.remote.links import links
from instances.remote.models import RemoteSession
from instances.remote.rfb import Looking, NotAllowed
from instances.remote.socket import RemoteConsumer, began

CHUNK = 64 * 1024
# noVNC sends each message by itself: these are keys, pointer and clipboard, in that order, and keys with scan codes.
_ACTS = frozenset({4, 5, 6, 255})
# How a page goes that means to: by its own button, or by leaving the address.
_LEFT = frozenset({1000, 1001})


class DesktopConsumer(RemoteConsumer):
    """One page on one desktop, with a VNC channel of its own: whoever joins sees the same screen by another."""

    kind = "desktop"
    close_code = 1006
    bytes_in = bytes_out = 0

    async def serve(self) -> End:
        end = End("failed")
        self.over: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        try:
            self.watch = self._watch()
            await self.watch.start()
            end = await self._until_ended(asyncio.create_task(self._shown()))
            return end
        except asyncio.CancelledError:
            end = self._page_gone()
            raise
        finally:
            await database_sync_to_async(self._finish)(end)

    def _page_gone(self) -> End:
        """It has left, or its line is down and it comes back."""
        return End("closed" if self.close_code in _LEFT else "link-lost")

    async def disconnect(self, code: int) -> None:
        self.close_code = code
        await super().disconnect(code)

    async def _until_ended(self, work: "asyncio.Task[End]") -> End:
        """What ends first: the screen, or the right to it."""
        try:
            await asyncio.wait({work, self.over}, return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else self.over.result()
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait({work})

    async def _shown(self) -> End:
        way = self.admitted.way
        assert way is not None  # the base tells a problem instead of serving
        async with links().borrow(way, user_id=self.user.pk, person=self.user.get_username()) as link:
            if self._wants_restart():
                await screen.restart(link, self.row.instance)
                await database_sync_to_async(self._note_restart)()
            reader, writer = await screen.reach(link, self.row.instance)
            try:
                await database_sync_to_async(self._begin)()
                end = await self._pumped(reader, writer)
            finally:
                writer.close()
            return End("link-lost") if end.reason == "desktop-ended" and link.closed else end

    async def _pumped(self, reader: Reader, writer: Writer) -> End:
        """Two pumps; each waits for the slower side, so that nothing piles up between them."""
        pumps = {asyncio.create_task(self._downward(reader)), asyncio.create_task(self._upward(writer))}
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        except (asyncssh.Error, OSError):
            return End("link-lost")
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _downward(self, reader: Reader) -> End:
        while data := await reader.read(CHUNK):
            self.bytes_out += len(data)
            await self.send_bytes(data)
        return End("desktop-ended")

    async def _upward(self, writer: Writer) -> End:
        looking = Looking() if self.mode == "view" else None
        while (message := await self.next_message()) is not None:
            if not isinstance(message, bytes) or not message:
                return End("not-vnc")
            if self.watch is not None and message[0] in _ACTS:
                self.watch.touch()
            try:
                data = looking.feed(message) if looking else message
            except NotAllowed:
                return End("not-vnc")
            self.bytes_in += len(data)
            writer.write(data)
            await writer.drain()
        return self._page_gone()

    def _wants_restart(self) -> bool:
        asked = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        return self.mode == "own" and "restart" in asked

    # Who may stay.

    def _watch(self) -> watch.Watch:
        return watch.Watch(
            session_id=self.row.pk,
            user_id=self.user.pk,
            mark=self.mark,
            standing=self._standing,
            on_end=self._end_with,
            on_event=lambda name: self.watch.look_now() if self.watch else None,
            groups=[f"instance.{self.row.instance_id}"],
        )

    async def _end_with(self, end: End) -> None:
        if not self.over.done():
            self.over.set_result(end)

    def _standing(self) -> End | None:
        """Reads the database: why this page may not stay as it is."""
        if self.admitted.visit_id is None:
            return watch.standing(self.row.pk, self.signed_in)
        user = self.signed_in()
        if user is None or user.pk != self.user.pk:
            return End("signed-out")
        mode = visits.standing(self.admitted.visit_id)
        if mode is None:
            return End("share-ended")
        # A stream of RFB cannot change its rules in the middle: the page comes back with the new ones.
        return None if mode == self.mode else End("mode-changed")

    # What is written down: of the owner's page only, a visit has a row of its own.

    def _begin(self) -> None:
        if self.mode == "own":
            began(self.row)

    def _finish(self, end: End) -> None:
        if self.mode != "own":
            return
        rows = RemoteSession.objects.filter(pk=self.row.pk)
        rows.update(bytes_out=F("bytes_out") + self.bytes_out, bytes_in=F("bytes_in") + self.bytes_in)
        finish(self.row, end.reason)

    def _note_restart(self) -> None:
        instance = self.row.instance
        trail.record(
            "remote.desktop_restarted",
            instance,
            by=self.user,
            session=str(self.row.pk),
        )
