"""Programs of a guest that look for patterns in text and change it: grep and sed."""

import re
from collections.abc import Iterable

from portal.democloud.guest_program import Process, program, split_options


@program("grep", "egrep", "fgrep")
async def grep(process: Process, args: list[str]) -> int:
    given: list[str] = []
    while "-e" in args[:-1]:
        at = args.index("-e")
        given.append(args[at + 1])
        args = args[:at] + args[at + 2 :]
    options, names = split_options(args)
    wanted = given or names[:1] or [""]
    names = names if given else names[1:]
    fixed = "F" in options or process.name == "fgrep"
    text = "|".join(re.escape(one) if fixed else _posix(one) for one in wanted)
    text = f"(?:{text})$" if "x" in options else rf"\b(?:{text})\b" if "w" in options else text
    try:
        regex = re.compile(("^" if "x" in options else "") + text, re.IGNORECASE if "i" in options else 0)
    except re.error:
        return await process.fail("Invalid regular expression", 2)
    found = 0
    for name in names or ["-"]:
        try:
            lines = (await process.everything(name)).splitlines()
        except OSError as problem:
            if "s" not in options:
                await process.fail(f"{name}: {problem.strerror}")
            continue
        fitting = [line for line in lines if (regex.search(line) is None) == ("v" in options)]
        found += len(fitting)
        if not {"q", "c"} & options:
            before = f"{name}:" if len(names) > 1 and "h" not in options else ""
            await process.out("".join(f"{before}{line}\n" for line in fitting))
    if "c" in options:
        await process.out(f"{found}\n")
    return 0 if found else 1


def _posix(pattern: str) -> str:
    for name, letters in {"space": r"\s", "alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9"}.items():
        pattern = pattern.replace(f"[:{name}:]", letters)
    return pattern.replace(r"\|", "|").replace(r"\(", "(").replace(r"\)", ")")


@program("sed")
async def sed(process: Process, args: list[str]) -> int:
    """`s/a/b/[gp]`, `/x/d`, `Nd`, `$d`, `N,Mp`; with -n, -i and -E."""
    options, rest = split_options([one for one in args if one != "-e"])
    if not rest:
        return await process.fail("no script", 1)
    scripts, names = [one.strip() for one in rest[0].split(";")], rest[1:]
    for name in names or ["-"]:
        lines = (await process.everything(name)).splitlines()
        try:
            text = "".join(_edited(lines, scripts, quiet="n" in options))
        except (re.error, ValueError):
            return await process.fail(f"-e expression #1: unknown command: {rest[0]}")
        if "i" in options:
            process.files.put(process.path(name), text)
        else:
            await process.out(text)
    return 0


def _edited(lines: list[str], scripts: list[str], *, quiet: bool) -> Iterable[str]:
    for number, line in enumerate(lines, 1):
        printed = not quiet
        for script in scripts:
            line, dropped, also = _command(script, line, number, number == len(lines))
            printed = printed and not dropped
            if also:
                yield line + "\n"
        if printed:
            yield line + "\n"


_ADDRESS = re.compile(r"(?:(\d+|\$)(?:,(\d+|\$))?|/((?:\\/|[^/])*)/)?\s*(.*)", re.DOTALL)


def _command(script: str, line: str, number: int, last: bool) -> tuple[str, bool, bool]:
    match = _ADDRESS.fullmatch(script)
    assert match is not None
    first, to, pattern, command = match.groups()
    if pattern is not None and not re.search(_posix(pattern), line):
        return line, False, False
    if first:
        low = number if first == "$" and last else 1 << 60 if first == "$" else int(first)
        high = low if to is None else 1 << 60 if to == "$" else int(to)
        if not low <= number <= high:
            return line, False, False
    if command in {"d", "p"}:
        return line, command == "d", command == "p"
    if not command.startswith("s") or len(command) < 4:
        raise ValueError(script)
    _, old, new, flags = command.split(command[1])
    new = re.sub(r"(?<!\\)&", r"\\g<0>", new)
    changed, count = re.subn(_posix(old), new, line, count=0 if "g" in flags else 1)
    return changed, False, "p" in flags and bool(count)
