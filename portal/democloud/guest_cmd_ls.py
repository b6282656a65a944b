"""`ls` of a guest: columns and colours on a screen, plain lines elsewhere."""

import posixpath
import stat
import time

from portal.democloud import guest_users
from portal.democloud.guest_edit import cells, shown
from portal.democloud.guest_node import Node
from portal.democloud.guest_program import Process, program, split_options

COLOURS = {"dir": "01;34", "link": "01;36", "program": "01;32", "archive": "01;31", "picture": "01;35"}


ENDINGS = {".gz": "archive", ".tar": "archive", ".zip": "archive", ".png": "picture", ".jpg": "picture"}


@program("ls")
async def ls(process: Process, args: list[str]) -> int:
    options, names = split_options(args)
    status = 0
    folders: list[tuple[str, dict[str, Node]]] = []
    single: dict[str, Node] = {}
    for name in names or ["."]:
        node = process.shell.node(name, follow="l" not in options)
        if node is None:
            await process.err(f"ls: cannot access '{name}': No such file or directory\n")
            status = 2
        elif not node.is_dir or "d" in options:
            single[name] = node
        else:
            try:
                folders.append((name, process.files.listing(process.path(name), process.who)))
            except OSError as problem:
                await process.err(f"ls: cannot open directory '{name}': {problem.strerror}\n")
                status = 2
    await _print(process, single, options)
    for name, entries in folders:
        if len(names) > 1:
            await process.out(f"{name}:\n")
        hidden = {"a", "all", "A", "almost-all"} & options
        await _print(process, {n: e for n, e in entries.items() if hidden or n[0] != "."}, options)
    return status


async def _print(process: Process, entries: dict[str, Node], options: set[str]) -> None:
    if not entries:
        return
    by_time = sorted(entries, key=lambda name: -entries[name].mtime) if "t" in options else sorted(entries)
    names = by_time[::-1] if "r" in options else by_time
    colour = "color=always" in options or (process.on_screen and "color=never" not in options)
    if "l" in options:
        owners: dict[int, str] = {}
        for start in range(0, len(names), 200):
            part = names[start : start + 200]
            await process.out("".join(_long(process, n, entries[n], owners, colour, options) for n in part))
        return
    if not process.on_screen or "1" in options:
        shown_as = shown if process.on_screen else str
        await process.out("".join(_name(shown_as(n), entries[n], colour=colour) + "\n" for n in names))
        return
    await process.out(_columns(process, names, entries, colour=colour))


def _columns(process: Process, names: list[str], entries: dict[str, Node], *, colour: bool) -> str:
    assert process.tty is not None
    wide = max(cells(shown(name)) for name in names) + 2
    each = max(1, process.tty.columns // wide)
    rows = -(-len(names) // each)
    lines = []
    for row in range(rows):
        line = [(name, _name(shown(name), entries[name], colour=colour)) for name in names[row::rows]]
        padded = [text + " " * (wide - cells(shown(name))) for name, text in line[:-1]]
        lines.append("".join(padded) + line[-1][1])
    return "\n".join(lines) + "\n"


def _kind(name: str, node: Node) -> str:
    if node.is_dir:
        return "dir"
    if node.is_link:
        return "link"
    return "program" if node.mode & 0o111 else ENDINGS.get(posixpath.splitext(name)[1], "")


def _name(name: str, node: Node, *, colour: bool) -> str:
    kind = _kind(name, node) if colour else ""
    return f"\x1b[{COLOURS[kind]}m{name}\x1b[0m" if kind else name


def _long(
    process: Process, name: str, node: Node, owners: dict[int, str], colour: bool, options: set[str]
) -> str:
    if node.uid not in owners:
        owners[node.uid] = guest_users.name_of(process.files, node.uid)
    owner = owners[node.uid]
    when = time.strftime("%b %e %H:%M", time.gmtime(node.mtime))
    size = human(node.size) if {"h", "human-readable"} & options else str(node.size)
    link = f" -> {node.target}" if node.is_link else ""
    text = _name(shown(name), node, colour=colour)
    return f"{stat.filemode(node.mode)} 1 {owner:<8} {owner:<8} {size:>10} {when} {text}{link}\n"


def human(size: float) -> str:
    for unit in ("", "K", "M", "G"):
        if size < 1024:
            return f"{size:.1f}{unit}" if unit and size < 10 else f"{size:.0f}{unit}"
        size /= 1024
    return f"{size:.1f}T"
