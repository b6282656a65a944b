"""`tar` of a guest: packs to its output and unpacks from its input, as scripts use it; no compression."""

import io
import posixpath
import stat
import tarfile
from collections.abc import Iterator
from fnmatch import fnmatchcase

from portal.democloud import guest_users
from portal.democloud.guest_io import PIECE, FileSink
from portal.democloud.guest_node import Node
from portal.democloud.guest_program import Process, program

MOST = 256 << 20  # of one archive that is unpacked: it is kept in memory meanwhile
_VALUED = {"-f", "--file", "-C", "--directory", "--exclude"}


@program("tar")
async def tar(process: Process, args: list[str]) -> int:
    letters, excluded, folder, names = _read(args)
    if folder:
        process.shell.cwd = posixpath.normpath(process.path(folder))
    if "c" in letters:
        return await _pack(process, names or ["."], excluded)
    if letters & {"x", "t"}:
        return await _unpack(process, listing="t" in letters)
    return await process.fail("You must specify one of the '-ctx' options", 2)


def _read(args: list[str]) -> tuple[set[str], list[str], str, list[str]]:
    letters: set[str] = set()
    excluded: list[str] = []
    names: list[str] = []
    folder, words, plain = "", iter(args), False
    for one in words:
        name, sign, value = one.partition("=")
        if plain or not one.startswith("-") or one == "-":
            names.append(one)
        elif one == "--":
            plain = True
        elif name in _VALUED:
            value = value if sign else next(words, "")
            folder = value if name in {"-C", "--directory"} else folder
            excluded += [value] if name == "--exclude" else []
        elif one.startswith("--"):
            letters |= {{"create": "c", "extract": "x", "list": "t"}.get(name[2:], "")} - {""}
        else:
            letters |= set(one[1:])
            if one.endswith("f"):
                next(words, "")
    return letters, excluded, folder, names


async def _pack(process: Process, names: list[str], excluded: list[str]) -> int:
    status = 0
    for name in names:
        node = process.shell.node(name, follow=False)
        if node is None:
            await process.err(f"tar: {name}: Cannot stat: No such file or directory\n")
            status = 2
            continue
        for path, one in _below(process, name, node, excluded):
            status = max(status, await _member(process, path, one))
    await process.out(b"\0" * (2 * tarfile.BLOCKSIZE))
    return status


def _below(process: Process, path: str, node: Node, excluded: list[str]) -> Iterator[tuple[str, Node]]:
    if any(fnmatchcase(path, pattern) or _ends(path, pattern) for pattern in excluded):
        return
    yield path, node
    if node.is_dir and node.allows(process.who, 5):
        for name, one in sorted(node.inside().items()):
            yield from _below(process, f"{path.rstrip('/')}/{name}", one, excluded)


def _ends(path: str, pattern: str) -> bool:
    """A pattern without a beginning fits at each slash."""
    return not pattern.startswith("./") and fnmatchcase(posixpath.basename(path), pattern)


async def _member(process: Process, path: str, node: Node) -> int:
    info = tarfile.TarInfo(path.lstrip("/") + "/" * node.is_dir)
    info.mode, info.mtime, info.uid, info.gid = node.mode & 0o7777, int(node.mtime), node.uid, node.gid
    info.uname = guest_users.name_of(process.files, node.uid)
    if node.is_dir:
        info.type = tarfile.DIRTYPE
    elif node.is_link:
        info.type, info.linkname = tarfile.SYMTYPE, node.target
    elif not node.allows(process.who, 4):
        await process.err(f"tar: {path}: Cannot open: Permission denied\n")
        return 2
    else:
        info.size = node.size
    await process.out(info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))
    for at in range(0, info.size, PIECE):
        wanted = min(PIECE, info.size - at)
        part = node.content.read(at, wanted) if node.content else b""
        await process.out(part.ljust(wanted, b"\0"))
    await process.out(b"\0" * (-info.size % tarfile.BLOCKSIZE))
    if node.is_dir and not node.allows(process.who, 5):
        await process.err(f"tar: {path}: Cannot open: Permission denied\n")
        return 2
    return 0


async def _unpack(process: Process, *, listing: bool) -> int:
    data = bytearray()
    async for piece in process.pieces():
        data += piece[: MOST - len(data)]
    try:
        with tarfile.open(fileobj=io.BytesIO(bytes(data)), mode="r:") as archive:
            for member in archive:
                if listing:
                    await process.out(member.name + "\n")
                else:
                    await _put(process, archive, member)
    except (tarfile.TarError, EOFError):
        await process.err("tar: Unexpected EOF in archive\n")
        return 2
    except OSError as problem:
        await process.err(f"tar: {problem.filename}: Cannot write: {problem.strerror}\n")
        return 2
    return 0


async def _put(process: Process, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    path = posixpath.normpath(process.path(member.name))
    if member.isdir():
        process.files.folders(path, process.who)
        return
    process.files.folders(posixpath.dirname(path), process.who)
    there = process.shell.node(path, follow=False)
    if there is not None and not stat.S_ISDIR(there.mode):
        process.files.remove(path, process.who)
    if member.issym():
        process.files.symlink(member.linkname, path, process.who)
        return
    content = archive.extractfile(member)
    if content is None:
        return
    node = process.files.open(path, process.who, read=False, write=True, create=True, mode=member.mode)
    sink = FileSink(process.files, path, node, append=False)
    while piece := content.read(PIECE):
        await sink.write(piece)
    process.files.utime(path, member.mtime, process.who)
