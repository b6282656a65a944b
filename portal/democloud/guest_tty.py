"""A terminal as the kernel of a guest keeps it: lines with echo for programs that read them, keys for those that want keys."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

CTRL_C, CTRL_D, CTRL_U, CTRL_W, CTRL_BACKSLASH = b"\x03", b"\x04", b"\x15", b"\x17", b"\x1c"
ERASE = {b"\x7f", b"\x08"}
MOST_UNREAD = 1 << 20  # what is typed ahead beyond it is lost, as in a real terminal
INPUT_PIECE, OUTPUT_PIECE = 4096, 32 * 1024


class Tty:
    """`post` puts bytes on the person's screen, `drain` waits while that is slow to take them."""

    def __init__(
        self,
        post: Callable[[bytes], None],
        drain: Callable[[], Awaitable[None]],
        *,
        term: str,
        columns: int,
        rows: int,
    ) -> None:
        self.post, self.drain = post, drain
        self.term = term
        self.columns, self.rows = columns or 80, rows or 24
        self.echo = True
        self.interrupted: Callable[[], None] = lambda: None
        self.resized = asyncio.Event()
        self._raw = False
        self._signals = True
        self._line = bytearray()
        self._ready = bytearray()
        self._ends: list[int] = []  # how much of `_ready` comes before each Ctrl-D
        self._arrived = asyncio.Event()
        self._hung_up = False

    # What programs do

    async def send(self, data: bytes) -> None:
        self.post(data)
        await self.drain()

    async def write(self, data: bytes, /) -> None:
        """In pieces: an output without pause must not keep the keys from coming in."""
        for at in range(0, len(data), OUTPUT_PIECE):
            await self.send(data[at : at + OUTPUT_PIECE].replace(b"\n", b"\r\n"))
            await asyncio.sleep(0)

    async def read(self, count: int = INPUT_PIECE, /) -> bytes:
        """A line, or keys as they come; empty at Ctrl-D and when the person has gone."""
        while not self._ready and not self._ends and not self._hung_up:
            self._arrived.clear()
            await self._arrived.wait()
        if self._ends and self._ends[0] == 0:
            self._ends.pop(0)
            return b""
        line_end = self._ready.find(b"\n") + 1
        most = line_end if line_end and not self._raw else len(self._ready)
        most = min(count, most, *(self._ends or [most]))
        part = bytes(self._ready[:most])
        del self._ready[:most]
        self._ends = [end - most for end in self._ends]
        return part

    def keys(self, *, signals: bool = True) -> None:
        """From here on each key as it is typed, without echo; Ctrl-C is a key too without `signals`."""
        self._ready += self._line
        self._line.clear()
        self._raw, self._signals = True, signals
        self._ends.clear()

    def lines(self) -> None:
        """From here on whole lines, with echo. What was typed ahead is one with the rest."""
        ahead = bytes(self._ready)
        self._ready.clear()
        self._raw, self._signals, self.echo = False, True, False
        self.feed(ahead)
        self.echo = True

    def push_back(self, data: bytes) -> None:
        self._ready[:0] = data

    def resize(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns or 80, rows or 24
        self.resized.set()

    # What the person does

    def hang_up(self) -> None:
        self._hung_up = True
        self._arrived.set()

    def feed(self, data: bytes) -> None:
        if len(self._ready) + len(self._line) > MOST_UNREAD:
            data = data if CTRL_C in data else b""
        if self._raw and not (self._signals and CTRL_C in data):
            self._ready += data
        elif self._raw:
            self._interrupt()
        else:
            for number in data:
                self._cooked(bytes([number]))
        self._arrived.set()

    def _interrupt(self) -> None:
        self._line.clear()
        self._ready.clear()
        self._ends.clear()
        self.interrupted()

    def _cooked(self, key: bytes) -> None:
        if key in (CTRL_C, CTRL_BACKSLASH):
            self._interrupt()
            self._show(b"^C\r\n" if key == CTRL_C else b"^\\Quit\r\n")
        elif key == CTRL_D:
            self._ready += self._line
            if not self._line:
                self._ends.append(len(self._ready))
            self._line.clear()
        elif key in ERASE:
            self._erase(1)
        elif key == CTRL_U:
            self._erase(len(self._line))
        elif key in {b"\r", b"\n"}:
            self._ready += self._line + b"\n"
            self._line.clear()
            self._show(b"\r\n")
        else:
            self._line += key
            self._show(key if key >= b" " or key == b"\t" else b"^" + bytes([key[0] ^ 64]))

    def _erase(self, count: int) -> None:
        text = self._line.decode("utf-8", "replace")
        gone = text[len(text) - count :] if count < len(text) else text
        if gone:
            self._line[:] = text[: len(text) - len(gone)].encode()
            self._show(b"\b \b" * len(gone))

    def _show(self, data: bytes) -> None:
        if self.echo and not self._hung_up:
            with contextlib.suppress(OSError):  # the person has gone
                self.post(data)
