"""Programs of a guest that read text and write text."""

import base64
import binascii
import hashlib
import re

from portal.democloud.guest_eval import sink
from portal.democloud.guest_io import PIECE
from portal.democloud.guest_program import Process, opened, program, split_options


@program("cat")
async def cat(process: Process, args: list[str]) -> int:
    status = 0
    for name in [one for one in args if one == "-" or not one.startswith("-")] or ["-"]:
        try:
            async for piece in process.pieces(name):
                await process.out(piece)
        except BrokenPipeError:
            raise
        except OSError as problem:
            status = await process.fail(f"{name}: {problem.strerror}")
    return status


@program("tee")
async def tee(process: Process, args: list[str]) -> int:
    options, names = split_options(args)
    targets = [sink(process.shell, name, append="a" in options) for name in names]
    async for piece in process.pieces():
        await process.out(piece)
        for target in targets:
            await target.write(piece)
    return 0


def _count(args: list[str], default: int) -> tuple[int, str, list[str]]:
    """`-n 5`, `-n5`, `-5`, `-c 5`: how many, of what, and the rest."""
    rest, count, unit = [], default, "n"
    words = iter(args)
    for one in words:
        match = re.fullmatch(r"-([nc]?)([+-]?\d*)", one)
        if match is None or one == "-":
            rest += [one] if not re.fullmatch(r"-[fFqv]", one) else []
            continue
        unit = match[1] or "n"
        text = match[2] or next(words, "")
        count = int(text) if text.lstrip("+-").isdigit() else default
    return count, unit, rest


@program("head")
async def head(process: Process, args: list[str]) -> int:
    count, unit, names = _count(args, 10)
    for name in names or ["-"]:
        left = count
        async for piece in process.pieces(name):
            parts = [piece] if unit == "c" else piece.splitlines(keepends=True)
            for part in parts:
                await process.out(part[:left] if unit == "c" else part)
                left -= len(part) if unit == "c" else part.endswith(b"\n")
                if left <= 0:
                    break
            if left <= 0:
                break
    return 0


@program("tail")
async def tail(process: Process, args: list[str]) -> int:
    count, unit, names = _count(args, 10)
    for name in names or ["-"]:
        kept = b""
        async for piece in process.pieces(name):
            kept += piece
            kept = kept[-count:] if unit == "c" else b"".join(kept.splitlines(keepends=True)[-count - 1 :])
        await process.out(kept if unit == "c" else b"".join(kept.splitlines(keepends=True)[-count:]))
    return 0


@program("wc")
async def wc(process: Process, args: list[str]) -> int:
    options, names = split_options(args)
    for name in names or ["-"]:
        counts = {"l": 0, "w": 0, "c": 0}
        async for piece in process.pieces(name):
            counts["l"] += piece.count(b"\n")
            counts["w"] += len(piece.split())
            counts["c"] += len(piece)
        shown = [str(value) for letter, value in counts.items() if not options or letter in options]
        await process.out(" ".join([*shown, *([name] if name != "-" else [])]) + "\n")
    return 0


@program("sort", "uniq")
async def order(process: Process, args: list[str]) -> int:
    options, names = split_options(args)
    lines = (await process.everything(*names)).splitlines()
    if process.name == "uniq":
        lines = [line for n, line in enumerate(lines) if n == 0 or lines[n - 1] != line]
    else:
        lines = list(dict.fromkeys(lines)) if "u" in options else lines
        if "n" in options:
            lines.sort(key=lambda line: float(m[0]) if (m := re.match(r"\s*-?\d+(\.\d+)?", line)) else 0.0)
        else:
            lines.sort()
        lines = lines[::-1] if "r" in options else lines
    await process.out("".join(line + "\n" for line in lines))
    return 0


@program("cut")
async def cut(process: Process, args: list[str]) -> int:
    separator, wanted = "\t", "1"
    words = iter(args)
    for one in words:
        if one.startswith("-d"):
            separator = one[2:] or next(words, "\t")
        elif one.startswith(("-f", "-c")):
            wanted = one[2:] or next(words, "1")
    first, dash, last = wanted.partition("-")
    low = int(first or 1) - 1
    high = int(last) if last else (None if dash else low + 1)
    for line in (await process.everything()).splitlines():
        fields = line.split(separator)
        await process.out((separator.join(fields[low:high]) if separator in line else line) + "\n")
    return 0


@program("tr")
async def tr(process: Process, args: list[str]) -> int:
    options, sets = split_options(args)
    first, second = [_letters(one) for one in (*sets, "", "")[:2]]
    text = await process.everything()
    if "d" in options:
        await process.out("".join(letter for letter in text if letter not in first))
        return 0
    second = second + second[-1:] * (len(first) - len(second))
    await process.out(text.translate(str.maketrans(first, second[: len(first)])) if second else text)
    return 0


def _letters(text: str) -> str:
    text = text.replace("\\n", "\n").replace("\\t", "\t")
    text = text.replace("[:lower:]", "a-z").replace("[:upper:]", "A-Z")
    return re.sub(r"(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), text)


@program("base64")
async def code(process: Process, args: list[str]) -> int:
    options, names = split_options(args)
    data = (await process.everything(*[one for one in names if not one.isdigit()])).encode(
        "utf-8", "surrogateescape"
    )
    if {"d", "decode"} & options:
        try:
            await process.out(base64.b64decode(data))
        except binascii.Error:
            return await process.fail("invalid input")
        return 0
    await process.out(base64.b64encode(data) + b"\n")
    return 0


@program("sha256sum", "md5sum")
async def digest(process: Process, args: list[str]) -> int:
    for name in split_options(args)[1] or ["-"]:
        found = hashlib.sha256() if process.name == "sha256sum" else hashlib.md5(usedforsecurity=False)
        async for piece in process.pieces(name):
            found.update(piece)
        await process.out(f"{found.hexdigest()}  {name}\n")
    return 0


@program("dd")
async def dd(process: Process, args: list[str]) -> int:
    given = dict(one.partition("=")[::2] for one in args)
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    size = given.get("bs", "512")
    block = int(size.rstrip("KMG") or 512) * unit.get(size[-1:], 1)
    left = int(given["count"]) * block if given.get("count", "").isdigit() else 1 << 62
    target = sink(process.shell, given["of"], append=False) if "of" in given else process.streams.stdout
    source = opened(process.shell, given["if"]) if "if" in given else process.streams.stdin
    total = 0
    # Not a byte more than it takes: whoever reads on gets the rest.
    while left and (piece := await source.read(min(PIECE, left))):
        await target.write(piece)
        total, left = total + len(piece), left - len(piece)
    await process.err(f"{total} bytes copied\n")
    return 0
