"""Programs of a guest that fill a terminal: counting, colours, pagers, and hostile output."""

from portal.democloud.guest_io import PIECE
from portal.democloud.guest_oddities import HOSTILE, calmed, colours, unicode_sample
from portal.democloud.guest_program import Process, program

CHUNK = 4096  # lines written at once


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
