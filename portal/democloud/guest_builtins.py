"""What a guest's shell does itself: folders, variables, tests, and leaving."""

import re
import stat

from portal.democloud import guest_program
from portal.democloud.guest_node import READ, WRITE
from portal.democloud.guest_program import Process, builtin
from portal.democloud.guest_syntax import is_name

_HEX = "[0-9a-fA-F]"
_NUMBER = re.compile(rf"([0-7]{{1,4}})|x({_HEX}{{1,2}})|u({_HEX}{{1,4}})|U({_HEX}{{1,8}})")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f"}


@builtin("cd")
async def cd(process: Process, args: list[str]) -> int:
    shell = process.shell
    given = args[0] if args else shell.home
    wanted = shell.env.get("OLDPWD", shell.cwd) if given == "-" else given
    try:
        node = shell.host.files.find(shell.path(wanted), shell.who)
    except OSError as problem:
        return await process.fail(f"{given}: {problem.strerror}")
    if not node.is_dir:
        return await process.fail(f"{given}: Not a directory")
    if not node.allows(shell.who, 1):
        return await process.fail(f"{given}: Permission denied")
    shell.env["OLDPWD"] = shell.cwd
    shell.cwd = shell.host.files.real(shell.path(wanted), shell.who)
    return 0


@builtin("exit", "logout")
async def leave(process: Process, args: list[str]) -> int:
    process.shell.done = True
    return int(args[0]) & 0xFF if args and args[0].isdigit() else process.shell.status


@builtin("break", "continue", "return")
async def leave_part(process: Process, args: list[str]) -> int:
    process.shell.leaving = process.name
    wanted = args[0] if args and process.name == "return" else ""
    return int(wanted) & 0xFF if wanted.isdigit() else process.shell.status if process.name == "return" else 0


@builtin("export", "readonly", "local", "declare")
async def export(process: Process, args: list[str]) -> int:
    for one in args:
        name, sign, value = one.partition("=")
        if sign and is_name(name):
            process.shell.env[name] = value
    return 0


@builtin("unset")
async def unset(process: Process, args: list[str]) -> int:
    for name in args:
        process.shell.env.pop(name, None)
    return 0


@builtin("set")
async def set_flags(process: Process, args: list[str]) -> int:
    shell = process.shell
    for number, one in enumerate(args):
        if one == "--" or one[:1] not in {"-", "+"}:
            shell.arguments = args[number + (one == "--") :]
            break
        letters = set(one[1:]) - {"o"}
        shell.flags = shell.flags | letters if one[0] == "-" else shell.flags - letters
    return 0


@builtin("shift")
async def shift(process: Process, args: list[str]) -> int:
    count = int(args[0]) if args and args[0].isdigit() else 1
    if count > len(process.shell.arguments):
        return 1
    process.shell.arguments = process.shell.arguments[count:]
    return 0


@builtin("eval")
async def evaluate(process: Process, args: list[str]) -> int:
    return await process.shell.run(" ".join(args))


@builtin("exec")
async def execute(process: Process, args: list[str]) -> int:
    if not args:
        process.shell.streams = process.streams
        return 0
    status = await guest_program.start(process.shell, args, process.streams, process.env)
    process.shell.done = True
    return status


@builtin(".", "source")
async def source(process: Process, args: list[str]) -> int:
    if not args:
        return await process.fail("filename argument required", 2)
    return await process.shell.run(await process.everything(args[0]))


@builtin("trap", "umask", "ulimit", "alias", "unalias", "shopt", "hash", "bind", "complete", "disown", ":")
async def nothing(process: Process, args: list[str]) -> int:
    if process.name == "umask" and not args:
        await process.out("0022\n")
    return 0


@builtin("wait")
async def wait(process: Process, args: list[str]) -> int:
    for task in list(process.shell.background):
        await task
    return 0


@builtin("jobs")
async def jobs(process: Process, args: list[str]) -> int:
    count = len(process.shell.background)
    await process.out("".join(f"[{number}]+  Running\n" for number in range(1, count + 1)))
    return 0


@builtin("history")
async def history(process: Process, args: list[str]) -> int:
    lines = (f"{number:5}  {line}\n" for number, line in enumerate(process.shell.history, 1))
    await process.out("".join(lines))
    return 0


@builtin("pwd")
async def pwd(process: Process, args: list[str]) -> int:
    await process.out(process.shell.cwd + "\n")
    return 0


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


@builtin("read")
async def read(process: Process, args: list[str]) -> int:
    names = [one for one in args if is_name(one)] or ["REPLY"]
    if "-p" in args[:-1]:
        prompt = args[args.index("-p") + 1]
        names = [one for one in names if one != prompt] or ["REPLY"]
        await process.err(prompt)
    tty = process.tty if process.streams.stdin is process.tty else None
    if tty is not None and any("s" in one for one in args if one.startswith("-")):
        tty.echo = False
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = await process.streams.stdin.read(1)
        if not byte:
            break
        line += byte
    if tty is not None:
        tty.echo = True
    words = line.decode("utf-8", "surrogateescape").rstrip("\n").split(None, len(names) - 1)
    for number, name in enumerate(names):
        process.shell.env[name] = words[number].rstrip() if number < len(words) else ""
    return 0 if line.endswith(b"\n") else 1


@builtin("type", "command")
async def command(process: Process, args: list[str]) -> int:
    asks = process.name == "type" or args[:1] in (["-v"], ["-V"])
    names = [one for one in args if not one.startswith("-")]
    if not asks:
        return await guest_program.start(process.shell, names, process.streams, {}) if names else 0
    status = 0
    for name in names:
        shell = process.shell
        own = name in guest_program.BUILTINS or name in shell.functions
        path = name if own else guest_program.where(shell, name)
        if not path:
            status = 1
        elif process.name == "type":
            await process.out(f"{name} is {'a shell builtin' if own else path}\n")
        else:
            await process.out(path + "\n")
    return status


@builtin("test", "[")
async def test(process: Process, args: list[str]) -> int:
    if process.name == "[":
        if args[-1:] != ["]"]:
            return await process.fail("missing `]'", 2)
        args = args[:-1]
    try:
        return 0 if _true(process, args) else 1
    except ValueError as problem:
        return await process.fail(str(problem), 2)


def _true(process: Process, args: list[str]) -> bool:
    for sign, both in (("-o", any), ("-a", all)):
        if sign in args[1:-1]:
            at = args.index(sign, 1)
            return both((_true(process, args[:at]), _true(process, args[at + 1 :])))
    if args[:1] == ["!"] and len(args) > 1:
        return not _true(process, args[1:])
    if len(args) == 3:
        return _compare(*args)
    if len(args) == 2:
        return _asked(process, args[0], args[1])
    return bool(args and args[0])


def _compare(left: str, sign: str, right: str) -> bool:
    if sign in {"=", "==", "!="}:
        return (left == right) == (sign != "!=")
    names = {
        "-eq": "__eq__",
        "-ne": "__ne__",
        "-lt": "__lt__",
        "-le": "__le__",
        "-gt": "__gt__",
        "-ge": "__ge__",
    }
    if sign not in names:
        raise ValueError(f"{sign}: binary operator expected")
    for one in (left, right):
        if not one.strip().lstrip("-").isdigit():
            raise ValueError(f"{one}: integer expression expected")
    return bool(getattr(int(left), names[sign])(int(right)))


def _asked(process: Process, sign: str, name: str) -> bool:
    if sign in {"-n", "-z"}:
        return bool(name) == (sign == "-n")
    if sign == "-t":
        return process.tty is not None
    node = process.shell.node(name, follow=sign not in {"-L", "-h"})
    if node is None:
        return False
    kinds = {
        "-d": stat.S_ISDIR,
        "-f": stat.S_ISREG,
        "-L": stat.S_ISLNK,
        "-h": stat.S_ISLNK,
        "-S": stat.S_ISSOCK,
    }
    if sign in kinds:
        return kinds[sign](node.mode)
    if sign in {"-r", "-w", "-x"}:
        wanted = {"-r": READ, "-w": WRITE, "-x": 1}[sign]
        return node.allows(process.who, wanted) and (sign != "-x" or bool(node.mode & 0o111))
    if sign == "-O":
        return node.uid == process.who.uid
    if sign not in {"-e", "-s"}:
        raise ValueError(f"{sign}: unary operator expected")
    return sign == "-e" or node.size > 0
