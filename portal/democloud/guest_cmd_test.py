"""The questions that scripts ask in a guest: `test` and `[`."""

import stat

from portal.democloud.guest_node import READ, WRITE
from portal.democloud.guest_program import Process, builtin


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
