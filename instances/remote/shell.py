"""A page's socket to a shell: the protocol that static/js/remote/socket.js speaks."""

import asyncio
import json
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async

from instances.remote import limits, passphrase, rooms, visits
from instances.remote.endings import ENDINGS, End
from instances.remote.link import Secret
from instances.remote.room import Room, Size, first_of
from instances.remote.rooms import Held
from instances.remote.socket import RemoteConsumer
from instances.remote.watch import Watch
from instances.remote.wire import LONGEST_TEXT, message_of, secret_of, size_of
from portal.core.errors import PortalError

START_SECONDS = 30.0
SECRET_SECONDS = 300.0
_MOST_ATTEMPTS = 5
# One message to a page: small enough that keystrokes' echoes of others come between.
_CHUNK = 64 * 1024
# The one that Exosphere keeps at the cloud: it never goes to the page.
STORED = Secret()


class ShellConsumer(RemoteConsumer):
    kind = "shell"

    # A page on a room.

    async def connect(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.pending = bytearray()
        self.words: list[str] = []
        self.unacked = 0
        self.sent = 0
        self.more = asyncio.Event()
        self.over: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self.asked = 0
        self.secrets: asyncio.Queue[Secret | None] = asyncio.Queue(maxsize=1)
        self.room: Room | None = None
        self.held: Held | None = None
        self.problem: PortalError | None = None
        await super().connect()

    @property
    def shown_name(self) -> str:
        return str(self.user)

    @property
    def user_id(self) -> int:
        return int(self.user.pk)

    def push(self, data: bytes) -> None:
        if self.mode != "own" and len(self.pending) > limits.RING_BYTES:
            self._skip()
            return
        self.pending += data
        self.more.set()
        self._flow()

    def _skip(self) -> None:
        """Somebody who looks on and does not keep up sees the end of it, rather than holding up the others."""
        room = self.room
        if room is not None:
            offset, data, _ = room.ring.since(room.ring.start)
            again = {"offset": offset, "reset": True, "replay": len(data)}
            self.tell(t="open", **{**self._last_open, **again})
            self.restart(offset, data, reset=True)

    def restart(self, offset: int, data: bytes, *, reset: bool) -> None:
        self.pending = bytearray(data)
        self.sent, self.unacked = offset, 0
        self.more.set()

    def tell(self, **message: Any) -> None:
        if message["t"] == "open":
            self._last_open = {name: value for name, value in message.items() if name != "t"}
        self.words.append(json.dumps(message))
        self.more.set()

    def finish(self, end: End) -> None:
        if not self.over.done():
            self.over.set_result(end)

    def _flow(self) -> None:
        if self.mode == "own" and self.room is not None:
            waiting = len(self.pending) + self.unacked
            if waiting >= limits.WINDOW_BYTES:
                self.room.flow(full=True)
            elif waiting <= limits.WINDOW_BYTES // 2:
                self.room.flow(full=False)

    # The socket's life.

    async def serve(self) -> End:
        start = await self._start()
        size = size_of(start) or Size(80, 24)
        held = self._held_room(start, size)
        if held is None:
            return End("link-lost") if self.admitted.visit_id is None else End("share-ended")
        self.held, self.room = held, held.room
        if self.admitted.visit_id is not None:
            await self._watch_visit()
        have = start.get("have")
        self.room.attach(self, have=have if isinstance(have, int) and have >= 0 else 0)
        if self.mode == "own":
            self.room.resize(self, size)
        if held.task is None:
            held.task = asyncio.create_task(held.live(self._ask, self._on_problem))
            held.task.add_done_callback(self._after)
        try:
            await first_of(self._send_on(), self.over)
            end = self.over.result()
            await self._last_words()
            if self.problem is not None:
                raise self.problem
            return end
        finally:
            self.room.detach(self)

    async def _start(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(START_SECONDS):
                first = await self.next_message()
        except TimeoutError:
            raise PortalError("remote:no-start", outcome="retry") from None
        found = message_of(first)
        if found.get("t") != "start":
            raise PortalError("remote:no-start", outcome="retry")
        with suppress(asyncio.QueueFull):
            if given := secret_of(found):
                self.secrets.put_nowait(given)
        return found

    def _held_room(self, start: dict[str, Any], size: Size) -> Held | None:
        """The room of this session in this process; a new one for its owner."""
        held = rooms.find(self.row.pk)
        if held is not None:
            if self.mode == "own":
                held.came_back(self.signed_in, self.mark)
            return held
        if self.mode != "own" or self.admitted.way is None:
            return None
        keep = "portal" if start.get("keep") == "portal" else "auto"
        if self.row.started_at is not None:
            self.tell(
                t="notice",
                words="What held your shell had ended: it goes on where tmux kept it, or begins anew.",
            )
        return rooms.make(
            self.row,
            self.admitted.way,
            person=str(self.user),
            size=size,
            keep=keep,
            signed_in=self.signed_in,
            mark=self.mark,
        )

    async def _watch_visit(self) -> None:
        """A guest stays while the owner's word holds."""
        self.watch = Watch(
            session_id=self.row.pk,
            user_id=self.user_id,
            mark=self.mark,
            standing=self._visit_standing,
            on_end=self._visit_over,
            on_event=lambda name: self.watch.look_now() if name == "remote:share" and self.watch else None,
        )
        await self.watch.start()

    def _visit_standing(self) -> End | None:
        if self.signed_in() is None:
            return End("signed-out")
        assert self.admitted.visit_id is not None
        mode = visits.standing(self.admitted.visit_id)
        if mode is None:
            return End("share-ended")
        if mode != self.mode:
            self.loop.call_soon_threadsafe(self._mode_changed, mode)
        return None

    async def _visit_over(self, end: End) -> None:
        self.finish(end)

    def _mode_changed(self, mode: str) -> None:
        self.mode = mode
        self.tell(t="mode", mode=mode)
        if self.room is not None:
            self.room.audience.tell_who()

    async def _on_problem(self, problem: PortalError) -> None:
        self.problem = problem

    # To the page.

    async def _send_on(self) -> None:
        while True:
            await self.more.wait()
            self.more.clear()
            await self._send_words()
            while self.pending:
                await self._send_chunk()
                if self.words:
                    await self._send_words()

    async def _send_words(self) -> None:
        while self.words:
            await self.send(text_data=self.words.pop(0))

    async def _send_chunk(self) -> None:
        pending = self.pending
        if len(pending) <= _CHUNK:
            data, self.pending = bytes(pending), bytearray()
        else:
            data = bytes(pending[:_CHUNK])
            del pending[:_CHUNK]
        self.sent += len(data)
        self.unacked += len(data)
        await self.send(bytes_data=data)

    async def _last_words(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self._send_words()
                while self.pending:
                    await self._send_chunk()

    async def tell_end(self, end: End) -> None:
        ending = ENDINGS[end.reason]
        await self.send_json(t="end", reason=end.reason, words=ending.words, again=ending.again)

    async def tell_problem(self, problem: PortalError) -> None:
        found = await database_sync_to_async(self._keep)(problem)
        await self.send_json(t="problem", **found)

    async def _ask(self, problem: PortalError) -> Secret | None:
        """The person's own key or password, from whichever of their pages is here. Who is at a seat has none: their
        machine takes the portal's certificate, or is broken."""
        if self.row.instance.place is not None:
            return None
        if not self.secrets.empty():
            return self.secrets.get_nowait()
        self.asked += 1
        if self.asked > _MOST_ATTEMPTS or self.left:
            return None
        words = problem.problem
        stored = passphrase.kept_at_the_cloud(self.row.instance)
        self.tell(
            t="ask",
            what="password" if stored else "key",
            words=f"{words.what} {words.todo}",
            login=self.row.login,
            id=problem.id,
            stored=stored,
        )
        try:
            async with asyncio.timeout(SECRET_SECONDS):
                given = await self.secrets.get()
        except TimeoutError:
            return None
        if given is STORED:
            return Secret(password=await passphrase.stored(self.row.instance, self.user))
        return given

    # From the page.

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if bytes_data is not None:
            if self.room is not None and self.held is not None:
                if self.mode != "view":
                    self.held.watch.touch()
                await self.room.type(self, bytes_data)
            return
        if self.room is None:
            await super().receive(text_data=(text_data or "")[:LONGEST_TEXT])
            return
        self._heard(message_of(text_data))

    def _heard(self, message: dict[str, Any]) -> None:
        kind = message.get("t")
        if kind == "ack":
            self._acked(message.get("n"))
        elif kind == "size" and self.room is not None:
            if size := size_of(message):
                self.room.resize(self, size)
        elif kind == "secret" and self.mode == "own":
            with suppress(asyncio.QueueFull):
                self.secrets.put_nowait(STORED if message.get("stored") is True else secret_of(message))
        elif kind == "ping":
            self.tell(t="pong")

    def _acked(self, n: Any) -> None:
        """`n`: how far in the stream the page has drawn. What it cannot have seen is not believed."""
        if isinstance(n, int) and self.sent - self.unacked <= n <= self.sent:
            self.unacked = self.sent - n
            self._flow()
