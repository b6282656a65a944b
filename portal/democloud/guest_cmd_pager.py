"""Programs of a guest that fill the screen and give it back: top and less."""

import asyncio
import itertools

from portal.democloud.guest_edit import cells
from portal.democloud.guest_program import Process, program, split_options
from portal.democloud.guest_reports import top_report

ALTERNATE, BACK = "\x1b[?1049h\x1b[H\x1b[2J", "\x1b[?1049l"


REFRESH = 2.0


@program("top", "htop", "watch")
async def top(process: Process, args: list[str]) -> int:
    """Redraws on the alternate screen every two seconds until q or Ctrl-C; without a screen prints -n times."""
    count = args[args.index("-n") + 1] if "-n" in args[:-1] else ""
    times = int(count) if count.isdigit() else 0
    if "-b" in args or not process.on_screen:
        for _ in range(times or 1):
            await process.out(top_report(process.host, process.user))
        return 0
    tty = process.tty
    assert tty is not None
    tty.keys()
    await process.out(ALTERNATE)
    try:
        for turn in itertools.count(1):
            lines = top_report(process.host, process.user).splitlines()[: tty.rows - 1]
            await process.out(
                "\x1b[H" + "\n".join(line[: tty.columns] + "\x1b[K" for line in lines) + "\x1b[J"
            )
            if turn == times or await _pressed(process, "q"):
                return 0
    finally:
        tty.lines()
        await process.out(BACK)
    return 0


async def _pressed(process: Process, wanted: str) -> bool:
    """Whether the key comes before the next drawing; a new size draws at once."""
    tty = process.tty
    assert tty is not None
    tty.resized.clear()
    keys = asyncio.ensure_future(tty.read())
    resized = asyncio.ensure_future(tty.resized.wait())
    try:
        await asyncio.wait((keys, resized), timeout=REFRESH, return_when=asyncio.FIRST_COMPLETED)
        return keys.done() and (not keys.result() or wanted.encode() in keys.result())
    finally:
        keys.cancel()
        resized.cancel()


@program("less", "more", "man", "vi", "vim", "nano")
async def less(process: Process, args: list[str]) -> int:
    """A pager on the alternate screen: arrows, blank, b, g, G, q. The editors of a real machine only show here."""
    _, names = split_options(args)
    text = await process.everything(*names)
    if not process.on_screen:
        await process.out(text)
        return 0
    return await _page(process, text.splitlines(), names[0] if names else "(standard input)")


async def _page(process: Process, lines: list[str], name: str) -> int:
    tty = process.tty
    assert tty is not None
    tty.keys()
    await process.out(ALTERNATE)
    at = 0
    try:
        while True:
            room = max(1, tty.rows - 1)
            last = max(0, len(lines) - room)
            at = max(0, min(at, last))
            shown = [_clipped(line, tty.columns) + "\x1b[K" for line in lines[at : at + room]]
            shown += ["~\x1b[K"] * (room - len(shown))
            foot = "(END)" if at >= last else name
            await process.out(
                "\x1b[H" + "\n".join(shown) + f"\n\x1b[7m{_clipped(foot, tty.columns)}\x1b[0m\x1b[K"
            )
            key = await _key_or_size(process)
            if key in {"q", "Q", ""}:
                return 0
            at += {"\x1b[B": 1, "j": 1, "\r": 1, "\x1b[A": -1, "k": -1, " ": room, "f": room, "b": -room}.get(
                key, 0
            )
            at = {"g": 0, "G": last, "\x1b[H": 0, "\x1b[F": last}.get(key, at)
            at += {"\x1b[6~": room, "\x1b[5~": -room}.get(key, 0)
    finally:
        tty.lines()
        await process.out(BACK)


async def _key_or_size(process: Process) -> str:
    """A key; another letter when the window has changed."""
    tty = process.tty
    assert tty is not None
    tty.resized.clear()
    keys = asyncio.ensure_future(tty.read())
    resized = asyncio.ensure_future(tty.resized.wait())
    try:
        await asyncio.wait((keys, resized), return_when=asyncio.FIRST_COMPLETED)
        return keys.result().decode("utf-8", "replace") if keys.done() else "size"
    finally:
        keys.cancel()
        resized.cancel()


def _clipped(line: str, columns: int) -> str:
    line = "".join(letter if letter.isprintable() else "?" for letter in line)
    while cells(line) > columns:
        line = line[: columns - (cells(line) - len(line))] if len(line) > columns else line[:-1]
    return line
