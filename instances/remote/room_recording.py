"""Recording what a room prints: begun and stopped as the database has it, whatever event said so."""

import asyncio
from functools import partial
from uuid import UUID

from channels.db import database_sync_to_async

from instances.remote import recordings
from instances.remote.models import Recording
from instances.remote.room import Room


class RoomRecording:
    def __init__(self, session_id: UUID, room: Room) -> None:
        self.session_id = session_id
        self.room = room
        # Of two events at once the second looks when the first is done.
        self._lock = asyncio.Lock()

    async def look(self) -> None:
        """Begin or stop recording, as the database has it."""
        room = self.room
        async with self._lock:
            wanted = await database_sync_to_async(recordings.wanted)(self.session_id)
            if wanted is None and room.recorder is not None:
                room.recorder.close("stopped")
                self._recording_over("")
            elif wanted is not None and room.recorder is None and room.over is None:
                await self._begin_recording(wanted)

    async def _begin_recording(self, wanted: Recording) -> None:
        loop = asyncio.get_running_loop()

        def stopped(reason: str, words: str) -> None:
            loop.call_soon_threadsafe(self._recording_over, words)

        size = self.room.size
        make = partial(recordings.recorder_for, wanted, cols=size.cols, rows=size.rows, on_stop=stopped)
        made = await database_sync_to_async(make)()
        if made is None or self.room.over is not None:
            # The disk did not take it, and the pages were told; or the shell ended meanwhile.
            if made is not None:
                made.close("ended")
            return
        self.room.recorder = made
        self.room.recorded_by = str(wanted.started_by) if wanted.started_by else ""
        self.room.audience.tell(t="recording", on=True, by=self.room.recorded_by)

    def _recording_over(self, words: str) -> None:
        self.room.recorder = None
        self.room.audience.tell(t="recording", on=False, by="")
        if words:
            self.room.audience.tell(t="notice", words=words)
