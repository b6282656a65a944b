"""Programs of a guest that list, copy, move and change files."""

import posixpath
import stat
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase

from portal.democloud import guest_users
from portal.democloud.guest_io import PIECE, FileSink
from portal.democloud.guest_node import Node
from portal.democloud.guest_program import Process, program, split_options


@program("mkdir")
async def mkdir(process: Process, args: list[str]) -> int:
    mode = 0o755
    if "-m" in args[:-1]:
        at = args.index("-m")
        mode, args = int(args[at + 1], 8) if args[at + 1].isdigit() else mode, args[:at] + args[at + 2 :]
    options, names = split_options(args)
    for name in names:
        if {"p", "parents"} & options:
            process.files.folders(posixpath.normpath(process.path(name)), process.who, mode=mode)
            if not process.files.is_dir(process.path(name), process.who):
                return await process.fail(f"cannot create directory '{name}': File exists")
        else:
            process.files.mkdir(process.path(name), process.who, mode)
    return 0


@program("rmdir")
async def rmdir(process: Process, args: list[str]) -> int:
    for name in split_options(args)[1]:
        process.files.rmdir(process.path(name), process.who)
    return 0


@program("rm")
async def rm(process: Process, args: list[str]) -> int:
    options, names = split_options(args)
    deep, force = bool({"r", "R", "recursive"} & options), bool({"f", "force"} & options)
    status = 0
    for name in names:
        node = process.shell.node(name, follow=False)
        if node is None:
            status = (
                status if force else await process.fail(f"cannot remove '{name}': No such file or directory")
            )
        elif node.is_dir and not deep:
            status = await process.fail(f"cannot remove '{name}': Is a directory")
        else:
            for path, one in _down(process, process.path(name), node):
                (process.files.rmdir if one.is_dir else process.files.remove)(path, process.who)
    return status


def _down(process: Process, path: str, node: Node) -> Iterator[tuple[str, Node]]:
    """All that lies below, then the thing itself."""
    if node.is_dir:
        for name, one in process.files.listing(path, process.who).items():
            yield from _down(process, f"{path}/{name}", one)
    yield path, node


@program("touch")
async def touch(process: Process, args: list[str]) -> int:
    for name in split_options(args)[1]:
        process.files.open(process.path(name), process.who, read=False, write=True, create=True)
        process.files.utime(process.path(name), time.time())
    return 0


@program("cp", "mv", "install")
async def copy(process: Process, args: list[str]) -> int:
    mode, owner = 0, ""
    for option in ("-m", "-o", "-g"):
        if process.name == "install" and option in args[:-1]:
            at = args.index(option)
            mode = int(args[at + 1], 8) if option == "-m" else mode
            owner = args[at + 1] if option == "-o" else owner
            args = args[:at] + args[at + 2 :]
    options, names = split_options(args)
    if process.name == "install" and "d" in options:
        for name in names:
            process.files.folders(process.path(name), process.who, mode=mode or 0o755)
        return 0
    if len(names) < 2:
        return await process.fail("missing file operand")
    *sources, target = names
    into = process.files.is_dir(process.path(target), process.who)
    for name in sources:
        to = posixpath.join(target, posixpath.basename(name.rstrip("/"))) if into else target
        node = process.files.find(process.path(name), process.who)
        if process.name == "mv":
            process.files.rename(process.path(name), process.path(to), process.who)
        elif node.is_dir and not {"r", "R", "a"} & options:
            return await process.fail(f"-r not specified; omitting directory '{name}'")
        else:
            await _copy(process, process.path(name), node, process.path(to))
        if process.name == "install":
            process.files.chmod(process.path(to), mode or 0o755, process.who)
            account = guest_users.account(process.files, owner) if owner else None
            if account is not None:
                process.files.chown(process.path(to), account.uid, account.uid, process.who)
    return 0


async def _copy(process: Process, path: str, node: Node, to: str) -> None:
    if node.is_dir:
        if not process.files.is_dir(to, process.who):
            process.files.mkdir(to, process.who, node.mode)
        for name, one in process.files.listing(path, process.who).items():
            await _copy(process, f"{path}/{name}", one, f"{to}/{name}")
        return
    process.files.open(path, process.who)
    made = process.files.open(
        to, process.who, read=False, write=True, create=True, truncate=True, mode=node.mode & 0o777
    )
    sink = FileSink(process.files, to, made, append=False)
    for at in range(0, node.size, PIECE):
        await sink.write(node.content.read(at, PIECE) if node.content else b"")


@program("ln")
async def ln(process: Process, args: list[str]) -> int:
    options, names = split_options(args)
    if len(names) != 2 or "s" not in options:
        return await process.fail("only symbolic links: ln -s TARGET NAME")
    if "f" in options and process.shell.node(names[1], follow=False) is not None:
        process.files.remove(process.path(names[1]), process.who)
    process.files.symlink(names[0], process.path(names[1]), process.who)
    return 0


@program("chmod", "chown", "chgrp")
async def change(process: Process, args: list[str]) -> int:
    options, names = split_options(args) if process.name != "chmod" else _chmod_options(args)
    if len(names) < 2:
        return await process.fail("missing operand")
    wanted, *paths = names
    for name in paths:
        node = process.files.find(process.path(name), process.who)
        every = (
            _down(process, process.path(name), node)
            if {"R", "recursive"} & options
            else [(process.path(name), node)]
        )
        for path, one in list(every):
            if process.name == "chmod":
                process.files.chmod(path, _mode(wanted, one.mode), process.who)
            else:
                uid, gid = _owner(process, wanted)
                process.files.chown(path, uid, gid, process.who)
    return 0


def _chmod_options(args: list[str]) -> tuple[set[str], list[str]]:
    deep = {"R"} if "-R" in args else set()
    return deep, [one for one in args if one not in {"-R", "-v", "-f", "--"}]


def _mode(wanted: str, mode: int) -> int:
    if wanted.isdigit():
        return int(wanted, 8)
    for clause in wanted.split(","):
        who = clause.rstrip("rwxXst").rstrip("+-=") or "a"
        sign = next((letter for letter in clause if letter in "+-="), "+")
        bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in clause.partition(sign)[2])
        mask = sum({"u": 0o100, "g": 0o10, "o": 0o1, "a": 0o111}.get(letter, 0) for letter in who)
        change = bits * (0o111 if mask == 0o111 else mask)
        mode = (
            mode | change if sign == "+" else mode & ~change if sign == "-" else mode & ~(7 * mask) | change
        )
    return mode


def _owner(process: Process, wanted: str) -> tuple[int | None, int | None]:
    user, _, group = wanted.partition(":") if process.name == "chown" else ("", "", wanted)

    def number(name: str) -> int | None:
        found = guest_users.account(process.files, name)
        return found.uid if found else int(name) if name.isdigit() else None

    return number(user) if user else None, number(group) if group else None


@program("stat")
async def show_stat(process: Process, args: list[str]) -> int:
    form = next((args[n + 1] for n, one in enumerate(args[:-1]) if one in {"-c", "--format"}), "")
    for name in [one for one in args if one not in {"-c", "--format", form, "-L"}]:
        node = process.files.find(process.path(name), process.who)
        owner = guest_users.name_of(process.files, node.uid)
        values = {"a": f"{node.mode & 0o7777:o}", "s": str(node.size), "U": owner, "G": owner, "n": name}
        values |= {
            "u": str(node.uid),
            "g": str(node.gid),
            "Y": str(int(node.mtime)),
            "F": "directory" if node.is_dir else "regular file",
        }
        text = form or "  File: %n\n  Size: %s\nAccess: (%a)  Uid: %u/%U  Gid: %g/%G"
        for letter, value in values.items():
            text = text.replace(f"%{letter}", value)
        await process.out(text + "\n")
    return 0


@program("find")
async def find(process: Process, args: list[str]) -> int:
    at = next((number for number, one in enumerate(args) if one.startswith("-")), len(args))
    tests = dict(zip(args[at::2], args[at + 1 :: 2], strict=False))
    for top in args[:at] or ["."]:
        for path, node in _below(process, top, process.files.find(process.path(top), process.who)):
            kind = tests.get("-type", "")
            if kind and {"f": stat.S_ISREG, "d": stat.S_ISDIR, "l": stat.S_ISLNK}[kind](node.mode) is False:
                continue
            if fnmatchcase(posixpath.basename(path), tests.get("-name", "*")):
                await process.out(path + "\n")
    return 0


def _below(process: Process, path: str, node: Node) -> Iterator[tuple[str, Node]]:
    yield path, node
    if node.is_dir and node.allows(process.who, 5):
        for name, one in sorted(node.inside().items()):
            yield from _below(process, posixpath.join(path, name), one)


@program("readlink", "realpath")
async def readlink(process: Process, args: list[str]) -> int:
    options, names = split_options(args)
    for name in names:
        if process.name == "realpath" or {"f", "e"} & options:
            await process.out(process.files.real(process.path(name), process.who) + "\n")
            continue
        node = process.shell.node(name, follow=False)
        if node is None or not node.is_link:
            return 1
        await process.out(node.target + "\n")
    return 0


@program("basename", "dirname")
async def split(process: Process, args: list[str]) -> int:
    if not args:
        return await process.fail("missing operand")
    path = args[0].rstrip("/") or "/"
    name = posixpath.basename(path).removesuffix(args[1] if len(args) > 1 else "")
    await process.out((name if process.name == "basename" else posixpath.dirname(path) or ".") + "\n")
    return 0


@program("mktemp")
async def mktemp(process: Process, args: list[str]) -> int:
    options, _ = split_options(args)
    path = f"/tmp/tmp.{process.host.next_pid():010}"  # noqa: S108 - a guest's
    if "d" in options:
        process.files.mkdir(path, process.who, 0o700)
    else:
        process.files.open(path, process.who, write=True, create=True, mode=0o600)
    await process.out(path + "\n")
    return 0


@program("truncate", "fallocate")
async def sized(process: Process, args: list[str]) -> int:
    """`fallocate -l 2G file` takes the room at once, `truncate -s 2G file` makes a hole."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
    size = args[1] if len(args) == 3 and args[0] in {"-l", "-s"} else ""
    digits = size[:-1] if size[-1:] in units else size
    if not digits.isdigit():
        return await process.fail("usage: fallocate -l SIZE[KMGT] FILE | truncate -s SIZE[KMGT] FILE")
    count = int(digits) * units.get(size[-1], 1)
    path = process.path(args[2])
    node = process.files.open(path, process.who, read=False, write=True, create=True)
    if process.name == "fallocate":
        process.files.reserve(path, node, count)
    else:
        process.files.truncate(path, node, count)
    return 0
