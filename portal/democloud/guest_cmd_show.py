"""Programs of a guest that fill a terminal: counting, colours, pagers, and hostile output."""

import asyncio
import itertools

from portal.democloud.guest_edit import cells
from portal.democloud.guest_io import PIECE
from portal.democloud.guest_oddities import HOSTILE, calmed, colours, unicode_sample
from portal.democloud.guest_program import Process, program, split_options
from portal.democloud.guest_reports import top_report

CHUNK = 4096  # lines written at once
ALTERNATE, BACK = "\x1b[?1049h\x1b[H\x1b[2J", "\x1b[?1049l"
REFRESH = 2.0


@program("seq")
async def seq(process: Process, args: list[str]) -> int:
    if not args or not all(one.lstrip("-").isdigit() for one in args) or len(args) > 2:
        await process.err("usage: seq [FIRST] LAST\n")
        return 1
    first, last = (1, int(args[0])) if len(args) == 1 else (int(args[0]), int(args[1]))
    for start in range(first, last + 1, CHUNK):
        await process.out("".join(f"{n}\n" for n in range(start, min(start + CHUNK, last + 1))))
    return 0


@program("yes")
async def yes(process: Process, args: list[str]) -> int:
    text = (" ".join(args) or "y").encode("utf-8", "surrogateescape") + b"\n"
    block = text * max(1, PIECE // len(text))
    while True:
        await process.out(block)


@program("bigfile")
async def bigfile(process: Process, args: list[str]) -> int:
    """`bigfile 1G`: so many bytes of text, made up on the way."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    size = (args or ["1G"])[0]
    if not size.rstrip("KMG").isdigit():
        return await process.fail("usage: bigfile SIZE[KMG]")
    left = int(size.rstrip("KMG")) * units.get(size[-1], 1)
    block = (b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + b"-" * 17 + b"\n") * (
        PIECE // 80
    )
    while left > 0:
        await process.out(block[:left])
        left -= len(block)
    return 0


@program("colors", "colours")
async def show_colours(process: Process, args: list[str]) -> int:
    await process.out("".join(colours()))
    return 0


@program("unicode")
async def show_unicode(process: Process, args: list[str]) -> int:
    await process.out(unicode_sample())
    return 0


@program("title")
async def title(process: Process, args: list[str]) -> int:
    await process.out(f"\x1b]0;{' '.join(args)}\x07")
    return 0


@program("hostile")
async def hostile(process: Process, args: list[str]) -> int:
    """All that a terminal must bear, or what is named; `hostile list` names it, `hostile flood` never ends."""
    if args == ["list"]:
        await process.out("\n".join([*HOSTILE, "flood"]) + "\n")
        return 0
    if args == ["flood"]:
        every = "".join(HOSTILE.values()).encode("utf-8", "surrogateescape")
        while True:
            await process.out(every)
    for name in args or list(HOSTILE):
        if name not in HOSTILE:
            return await process.fail(f"there is no {name}: see hostile list")
        await process.out(HOSTILE[name])
        if not args:
            await process.out(calmed() + f"\n{name}\n")
    return 0


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
