"""What a guest's shell prints: echo and printf."""

import re

from portal.democloud.guest_program import Process, builtin

_HEX = "[0-9a-fA-F]"


_NUMBER = re.compile(rf"([0-7]{{1,4}})|x({_HEX}{{1,2}})|u({_HEX}{{1,4}})|U({_HEX}{{1,8}})")


ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f"}


@builtin("echo")
async def echo(process: Process, args: list[str]) -> int:
    end, escapes = "\n", False
    while args and args[0] in {"-n", "-e", "-ne", "-en", "-E"}:
        option, args = args[0], args[1:]
        end, escapes = "" if "n" in option else end, escapes or "e" in option
    text = " ".join(args)
    await process.out((unescaped(text) if escapes else text) + end)
    return 0


def unescaped(text: str) -> str:
    r"""\n, \t, \033, \x1b, \u263a as printf writes them."""
    parts, at = [], 0
    while (found := text.find("\\", at)) >= 0:
        parts.append(text[at:found])
        numeric = _NUMBER.match(text, found + 1)
        if numeric:
            parts.append(_letter(numeric))
            at = numeric.end()
        else:
            letter = text[found + 1 : found + 2]
            parts.append(ESCAPES.get(letter, "\\" + letter))
            at = found + 2
    return "".join(parts) + text[at:]


def _letter(numeric: re.Match[str]) -> str:
    octal, byte, *points = numeric.groups()
    if point := next((one for one in points if one), ""):
        return chr(min(int(point, 16), 0x10FFFF))
    number = int(octal, 8) & 255 if octal else int(byte, 16)
    return bytes([number]).decode("utf-8", "surrogateescape")


@builtin("printf")
async def printf(process: Process, args: list[str]) -> int:
    if not args:
        return await process.fail("usage: printf format [arguments]", 2)
    form, rest = unescaped(args[0]), args[1:]
    while True:
        text, used = _formatted(form, rest)
        await process.out(text)
        rest = rest[used:]
        if not rest or not used:
            return 0


def _formatted(form: str, values: list[str]) -> tuple[str, int]:
    parts, used, at = [], 0, 0
    while at < len(form):
        if form[at] != "%":
            parts.append(form[at])
            at += 1
            continue
        end = at + 1
        while end < len(form) and form[end] in "-+ 0123456789.":
            end += 1
        kind, spec = form[end : end + 1], form[at + 1 : end]
        at = end + 1
        if kind == "%":
            parts.append("%")
            continue
        value = values[used] if used < len(values) else ""
        used += 1
        parts.append(_one(kind, spec, value))
    return "".join(parts), used


def _one(kind: str, spec: str, value: str) -> str:
    width = min(int("".join(letter for letter in spec.split(".")[0] if letter.isdigit()) or 0), 4096)
    if kind == "b":
        value = unescaped(value)
    elif kind in {"d", "i", "x", "o", "u"}:
        number = int(value) if value.lstrip("-").isdigit() else 0
        value = format(number, kind if kind in "xo" else "d")
        if spec.startswith("0"):
            return value.zfill(width)
    return value.ljust(width) if spec.startswith("-") else value.rjust(width)
