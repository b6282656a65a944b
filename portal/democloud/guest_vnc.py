"""RFB 3.8 (RFC 6143) for a guest's screen: no security, only the rows that changed, sizes and clipboard both ways."""

import asyncio
import struct
from dataclasses import dataclass, field

from portal.democloud import guest_vnc_bad
from portal.democloud.guest_pixels import NATIVE, RAW, ZRLE, Encoder, PixelFormat
from portal.democloud.guest_rfb import (
    DESKTOP_SIZE,
    EXTENDED_SIZE,
    VERSION,
    Gone,
    Reader,
    Writer,
    cut_text,
    handshake,
    size_rectangle,
)
from portal.democloud.guest_screen import Screen
from portal.democloud.guest_trouble import Trouble

__all__ = ["NATIVE", "VERSION", "PixelFormat", "serve"]
REDRAW_SECONDS = 1.0
MAX_CUT_TEXT = 1 << 20
BY_SERVER, BY_THIS_CLIENT, BY_ANOTHER = 0, 1, 2
INVALID_SIZE = 3


@dataclass(eq=False)
class Viewer:
    """One client of the screen: what it was shown and told, and whether it asks for more."""

    screen: Screen
    reader: Reader
    writer: Writer
    encoder: Encoder = field(default_factory=Encoder)
    shown: bytes = b""
    size: tuple[int, int] = (0, 0)
    knows: frozenset[int] = frozenset()
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    touched: asyncio.Event = field(default_factory=asyncio.Event)
    news: list[bytes] = field(
        default_factory=list
    )  # rectangles about sizes, and clipboard messages: sent first
    texts: list[str] = field(default_factory=list)
    mine: bool = False  # the new size was this one's wish

    def resized(self) -> None:
        self.touched.set()

    def copied(self, text: str) -> None:
        self.texts.append(text)
        self.touched.set()


async def serve(screen: Screen, reader: Reader, writer: Writer, trouble: Trouble | None = None) -> None:
    """Serve one client until it goes or breaks the protocol."""
    viewer = Viewer(screen, reader, writer)
    kind = trouble.vnc if trouble else ""
    try:
        if kind == "silent":
            await reader.readexactly(1 << 20)
        viewer.size = (screen.width, screen.height)
        announced = guest_vnc_bad.GIGANTIC if kind == "gigantic" else viewer.size
        await handshake(reader, writer, announced, screen.host.spec.name)
        if kind in guest_vnc_bad.AFTER:
            await guest_vnc_bad.AFTER[kind](reader, writer)
            return
        await _watched(viewer, once=kind == "hangup")
    except* (Gone, ConnectionError, BrokenPipeError, ValueError, struct.error):
        pass  # gone, or not speaking RFB: nothing to tell it
    finally:
        writer.close()


async def _watched(viewer: Viewer, *, once: bool) -> None:
    screen = viewer.screen
    screen.told.append(viewer.copied)
    screen.resized.append(viewer.resized)
    try:
        async with asyncio.TaskGroup() as group:
            drawing = group.create_task(_draw(viewer, once=once))
            try:
                await _listen(viewer)
            finally:
                drawing.cancel()
    finally:
        screen.told.remove(viewer.copied)
        screen.resized.remove(viewer.resized)


async def _listen(viewer: Viewer) -> None:
    read, screen = viewer.reader.readexactly, viewer.screen
    while True:
        kind = (await read(1))[0]
        if kind == 0:
            viewer.encoder.pixels, viewer.shown = PixelFormat.parse((await read(19))[3:]), b""
        elif kind == 2:
            (count,) = struct.unpack(">xH", await read(3))
            _encodings(viewer, struct.unpack(f">{count}i", await read(4 * count)))
        elif kind == 3:
            incremental = (await read(9))[0]
            viewer.shown = viewer.shown if incremental else b""
            viewer.asked.set()
        elif kind == 4:
            down, keysym = struct.unpack(">B2xI", await read(7))
            screen.key(keysym, down=bool(down))
            viewer.touched.set()
        elif kind == 5:
            buttons, x, y = struct.unpack(">BHH", await read(5))
            screen.point(x, y, buttons)
            viewer.touched.set()
        elif kind == 6:
            (length,) = struct.unpack(">3xi", await read(7))
            if abs(length) > MAX_CUT_TEXT:
                raise ValueError("cut text too long")
            text = await read(abs(length))
            if length >= 0:  # a negative length is the extended clipboard's, which this server never offered
                screen.paste(text.decode("latin-1"))
            viewer.touched.set()
        elif kind == 251:
            await _set_size(viewer)
        else:
            raise ValueError(f"unknown message {kind}")


def _encodings(viewer: Viewer, wanted: tuple[int, ...]) -> None:
    new_size = EXTENDED_SIZE in wanted and EXTENDED_SIZE not in viewer.knows
    viewer.knows = frozenset(wanted)
    viewer.encoder.kind = next((one for one in wanted if one in (RAW, ZRLE)), RAW)
    if new_size:  # from then on the client knows that it may ask for another size
        viewer.news.append(size_rectangle(viewer.size, viewer.knows, BY_SERVER))
        viewer.touched.set()


async def _set_size(viewer: Viewer) -> None:
    width, height, screens = struct.unpack(">xHHBx", await viewer.reader.readexactly(7))
    await viewer.reader.readexactly(16 * screens)
    viewer.mine = True
    if not viewer.screen.resize(width, height):
        viewer.mine = False
        viewer.news.append(size_rectangle(viewer.size, viewer.knows, BY_THIS_CLIENT, INVALID_SIZE))
    elif viewer.size == (width, height):
        viewer.mine = False
        viewer.news.append(size_rectangle(viewer.size, viewer.knows, BY_THIS_CLIENT))
    viewer.touched.set()


async def _draw(viewer: Viewer, *, once: bool = False) -> None:
    while True:
        while viewer.texts:
            viewer.writer.write(cut_text(viewer.texts.pop(0)))
        await viewer.writer.drain()
        if viewer.asked.is_set() and (update := _update(viewer)):
            viewer.asked.clear()
            viewer.writer.write(update)
            await viewer.writer.drain()
            if once:
                raise ConnectionAbortedError
            continue
        waiting = viewer.touched if viewer.asked.is_set() else None
        await _pause(viewer, waiting)


async def _pause(viewer: Viewer, waiting: asyncio.Event | None) -> None:
    """Until something changes, or, with nothing asked for, until somebody asks or copies."""
    events = [viewer.touched.wait()] if waiting else [viewer.touched.wait(), viewer.asked.wait()]
    tasks = [asyncio.ensure_future(one) for one in events]
    try:
        await asyncio.wait(
            tasks, timeout=REDRAW_SECONDS if waiting else None, return_when=asyncio.FIRST_COMPLETED
        )
        viewer.touched.clear()
    finally:
        for task in tasks:
            task.cancel()


def _update(viewer: Viewer) -> bytes:
    """A FramebufferUpdate of what is new: sizes, then the rows from the first to the last changed one."""
    screen = viewer.screen
    rectangles = [*viewer.news]
    viewer.news.clear()
    if viewer.size != (screen.width, screen.height) and {EXTENDED_SIZE, DESKTOP_SIZE} & viewer.knows:
        viewer.size, viewer.shown = (screen.width, screen.height), b""
        reason = BY_THIS_CLIENT if viewer.mine else BY_ANOTHER
        rectangles.append(size_rectangle(viewer.size, viewer.knows, reason))
        viewer.mine = False
    if rectangles:
        return _message(rectangles)
    frame = _fitted(bytes(screen.draw()), screen.width, *viewer.size)
    changed = _changed(frame, viewer.shown, *viewer.size)
    if changed is None:
        return b""
    viewer.shown = frame
    return _message([viewer.encoder.rectangle(frame, viewer.size[0], *changed)])


def _message(rectangles: list[bytes]) -> bytes:
    return struct.pack(">BxH", 0, len(rectangles)) + b"".join(rectangles)


def _fitted(frame: bytes, width: int, wanted: int, height: int) -> bytes:
    """For a client that cannot follow a new size: cut off, or filled up."""
    if width == wanted and len(frame) == wanted * height:
        return frame
    rows = (frame[at : at + min(width, wanted)].ljust(wanted, b"\0") for at in range(0, len(frame), width))
    return b"".join(rows)[: wanted * height].ljust(wanted * height, b"\0")


def _changed(frame: bytes, shown: bytes, width: int, height: int) -> tuple[int, int] | None:
    if not shown:
        return 0, height - 1
    if frame == shown:
        return None
    rows = [
        at
        for at in range(height)
        if frame[at * width : (at + 1) * width] != shown[at * width : (at + 1) * width]
    ]
    return rows[0], rows[-1]
