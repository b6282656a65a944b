"""Writes down what a shell prints, without ever making it wait: one thread of the process writes for all of them."""

import atexit
import codecs
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from instances.remote import casts
from instances.remote.casts import CastFile

logger = logging.getLogger(__name__)

# Seconds that output gathers before it is written; output within so little of the last is one event of the recording.
GATHER = 0.5
TOGETHER = 0.016
# Bytes of one event, and about so much text of one frame of the file.
LONGEST_EVENT = 256 * 1024
LONGEST_FRAME = 1024 * 1024
# Bytes that may wait for the disk. More, and the disk is too slow to record on.
MOST_WAITING = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Result:
    """`reason` is an id of `instances.remote.recordings.STOPPED`."""

    reason: str
    size_bytes: int
    seconds: float


@dataclass(slots=True)
class _Event:
    at: float
    kind: str
    content: bytearray

    def takes(self, at: float, data: bytes) -> bool:
        return at - self.at < TOGETHER and len(self.content) + len(data) <= LONGEST_EVENT


class Recorder:
    """`feed` and `resize` are called by the shell's loop and only put aside; all else happens in the clerk's thread.

    `ended` is called once, in that thread, when the file is closed: by `close`, by a cap, or by the disk.
    """

    def __init__(
        self,
        file: CastFile,
        *,
        header: bytes,
        most_bytes: int,
        most_seconds: float,
        ended: Callable[[Result], None],
        already: casts.Measure = casts.NOTHING,
        offset: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file, self._ended, self._clock = file, ended, clock
        self._most_bytes, self._most_seconds = most_bytes, most_seconds
        self._begun = clock() - offset
        self._lock = threading.Lock()
        self._events: list[_Event] = []
        self._waiting = 0
        self._reason = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._size, self._seconds = already.size_bytes, already.seconds
        self._header = header if file.fresh else b""
        self.over = threading.Event()
        _clerk.due(self)

    def feed(self, data: bytes) -> None:
        """Output of the shell."""
        if data and not self._reason:
            self._put("o", data)

    def resize(self, cols: int, rows: int) -> None:
        if not self._reason:
            self._put("r", f"{cols}x{rows}".encode())

    def close(self, reason: str = "stopped") -> None:
        """What was fed is still written, soon after; `over` is set then."""
        with self._lock:
            self._reason = self._reason or reason
        _clerk.due(self, now=True)

    def _put(self, kind: str, data: bytes) -> None:
        at = self._clock() - self._begun
        with self._lock:
            last = self._events[-1] if self._events else None
            if last is not None and kind == last.kind == "o" and last.takes(at, data):
                last.content += data
            else:
                self._events.append(_Event(at, kind, bytearray(data)))
            self._waiting += len(data)
            if at > self._most_seconds:
                self._reason = "long"
            elif self._waiting > MOST_WAITING:
                self._reason, self._events = "slow", []
        _clerk.due(self)

    # In the clerk's thread.

    def write(self) -> bool:
        """Write what waits. False when that was the last."""
        with self._lock:
            events, self._events, self._waiting = self._events, [], 0
            reason = self._reason
        try:
            self._write(events)
        except OSError as error:
            logger.warning("a recording could not be written: %s", error)
            self._reason = reason = "disk"
        reason = reason or self._reason
        if reason:
            self._finish(reason)
        return not reason

    def _write(self, events: list[_Event]) -> None:
        frame, self._header = bytearray(self._header), b""
        self._size += len(frame)
        for one in events:
            text = self._text(one)
            line = casts.event(one.at, one.kind, text) if text else b""
            if self._size + len(line) > self._most_bytes:
                self._reason = self._reason or "full"
                break
            self._size, self._seconds = self._size + len(line), one.at
            frame += line
            if len(frame) > LONGEST_FRAME:
                self._file.append(bytes(frame))
                frame.clear()
        if frame:
            self._file.append(bytes(frame))

    def _text(self, one: _Event) -> str:
        content = bytes(one.content)
        return self._decode.decode(content) if one.kind == "o" else content.decode()

    def _finish(self, reason: str) -> None:
        try:
            if reason != "disk":
                self._file.append(casts.event(self._seconds, "m", f"recording ended: {reason}"))
            self._file.close()
        except OSError as error:
            logger.warning("a recording was not closed well: %s", error)
        try:
            self._ended(Result(reason, self._size, self._seconds))
        except RuntimeError as error:
            # The loop of the shell is closed: its process is ending.
            logger.warning("nobody heard that a recording ended: %s", error)
        finally:
            self.over.set()


class _Clerk:
    """The thread that writes, started when there is something to write, and gone when there is nothing."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._due: set[Recorder] = set()
        self._hurry = False
        self._thread: threading.Thread | None = None

    def due(self, recorder: Recorder, *, now: bool = False) -> None:
        with self._wake:
            if recorder.over.is_set():
                return
            self._due.add(recorder)
            self._hurry = self._hurry or now
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
                self._thread.start()
            if now:
                self._wake.notify()

    def drain(self, seconds: float = 3.0) -> None:
        """At the end of the process: what waits is still written."""
        with self._wake:
            thread, self._hurry = self._thread, True
            self._wake.notify()
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        try:
            while self._write_what_is_due():
                pass
        finally:
            # Also after an error that nobody expected: the next that is due gets a new thread.
            with self._wake:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _write_what_is_due(self) -> bool:
        with self._wake:
            if not self._hurry:
                self._wake.wait(GATHER)
            due, self._due, self._hurry = self._due, set(), False
            if not due:
                self._thread = None
                return False
        for recorder in due:
            if not recorder.over.is_set():
                recorder.write()
        return True


_clerk = _Clerk()
atexit.register(_clerk.drain)
