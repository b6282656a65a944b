"""One program that a guest's shell runs: what it is given, and how it is found."""

import errno
import os
import posixpath
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from portal.democloud.guest_files import Files
from portal.democloud.guest_host import Host
from portal.democloud.guest_io import PIECE, FileSource, Nothing, Source, Zeros
from portal.democloud.guest_node import Who
from portal.democloud.guest_shell import Shell, Streams
from portal.democloud.guest_tty import Tty

NOT_FOUND, NO_PERMISSION, SIGPIPE = 127, 126, 141
FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
MOST_INPUT = 8 << 20  # what a program such as sort keeps in memory


@dataclass
class Process:
    """A running program. Built-in ones may change `shell`; others have one of their own."""

    name: str
    shell: Shell
    streams: Streams
    env: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> Host:
        return self.shell.host

    @property
    def files(self) -> Files:
        return self.shell.host.files

    @property
    def who(self) -> Who:
        return self.shell.who

    @property
    def user(self) -> str:
        return self.shell.who.name

    @property
    def tty(self) -> Tty | None:
        return self.shell.tty

    @property
    def on_screen(self) -> bool:
        return self.tty is not None and self.streams.stdout is self.tty

    def path(self, name: str) -> str:
        return self.shell.path(name)

    async def out(self, text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        await self.streams.stdout.write(data)

    async def err(self, text: str) -> None:
        await self.streams.stderr.write(text.encode("utf-8", "surrogateescape"))

    async def fail(self, text: str, status: int = 1) -> int:
        await self.err(f"{self.name}: {text}\n")
        return status

    async def pieces(self, name: str = "-") -> AsyncIterator[bytes]:
        """A file, or what is read, piece by piece."""
        source = self.streams.stdin if name == "-" else opened(self.shell, name)
        while piece := await source.read(PIECE):
            yield piece

    async def everything(self, *names: str) -> str:
        """Of the files, or of what is read without any."""
        data = bytearray()
        for name in names or ("-",):
            async for piece in self.pieces(name):
                data += piece[: MOST_INPUT - len(data)]
        return data.decode("utf-8", "surrogateescape")


def opened(shell: Shell, name: str) -> Source:
    """OSError, with the name as it was given, when it cannot be read."""
    path = shell.path(name)
    if path in {"/dev/tty", "/dev/stdin"}:
        return shell.tty or shell.streams.stdin
    if path in {"/dev/null", "/dev/zero"}:
        return Zeros() if path == "/dev/zero" else Nothing()
    try:
        node = shell.host.files.open(path, shell.who)
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, name) from None
    if node.is_dir:
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    return FileSource(node)


Program = Callable[[Process, list[str]], Awaitable[int]]
PROGRAMS: dict[str, Program] = {}
BUILTINS: dict[str, Program] = {}


def program(*names: str) -> Callable[[Program], Program]:
    def add(run: Program) -> Program:
        PROGRAMS.update(dict.fromkeys(names, run))
        return run

    return add


def builtin(*names: str) -> Callable[[Program], Program]:
    def add(run: Program) -> Program:
        BUILTINS.update(dict.fromkeys(names, run))
        return run

    return add


def available(host: Host, name: str) -> bool:
    """Whether this guest has it: no GPU, no nvidia-smi."""
    if name == "nvidia-smi":
        return bool(host.spec.gpus)
    if name == "tmux":
        return host.spec.has_tmux
    return name in PROGRAMS


def where(shell: Shell, name: str) -> str:
    """The file that would run; empty when there is none."""
    folder, base = posixpath.split(name)
    if (folder in FOLDERS or not folder) and available(shell.host, base):
        return posixpath.join(folder or "/usr/bin", base)
    for path in [name] if folder else [f"{one}/{name}" for one in FOLDERS]:
        node = shell.node(path)
        if node is not None and not node.is_dir and node.mode & 0o111:
            return path
    return ""


async def start(shell: Shell, words: list[str], streams: Streams, env: dict[str, str]) -> int:
    name = words[0]
    if name in shell.functions:
        return await _call(shell, name, words[1:], streams)
    if name in BUILTINS:
        return await _run(Process(name, shell, streams, env), BUILTINS[name], words[1:])
    path = where(shell, name)
    own = shell.child(streams)
    own.env |= env
    if not path:
        node = shell.node(name) if "/" in name else None
        said = "command not found" if "/" not in name else "No such file or directory"
        said = said if node is None else "Is a directory" if node.is_dir else "Permission denied"
        await own.err(f"{shell.name}: {name}: {said}\n")
        return NOT_FOUND if node is None else NO_PERMISSION
    base = posixpath.basename(path)
    if posixpath.dirname(path) in FOLDERS and available(shell.host, base):
        return await _run(Process(base, own, streams, own.env), PROGRAMS[base], words[1:])
    return await script(own, path, words[1:])


async def script(shell: Shell, path: str, arguments: list[str]) -> int:
    """A file that is run: shell's language only."""
    try:
        node = shell.host.files.open(shell.path(path), shell.who)
    except OSError as problem:
        await shell.err(f"{shell.name}: {path}: {problem.strerror}\n")
        return NOT_FOUND if isinstance(problem, FileNotFoundError) else NO_PERMISSION
    if node.content is None or stat.S_ISDIR(node.mode):
        await shell.err(f"{shell.name}: {path}: Is a directory\n")
        return NO_PERMISSION
    shell.arguments, shell.name = arguments, path
    text = node.content.read(0, MOST_INPUT).decode("utf-8", "surrogateescape")
    status = await shell.run(text)
    await shell.finish()
    return status


async def _call(shell: Shell, name: str, arguments: list[str], streams: Streams) -> int:
    before = shell.arguments, shell.streams, shell.depth
    shell.arguments, shell.streams, shell.depth = arguments, streams, shell.depth + 1
    try:
        if shell.depth > 60:
            await shell.err(f"{name}: maximum function nesting level exceeded\n")
            return 1
        status = await shell.execute(shell, shell.functions[name])
        if shell.leaving == "return":
            shell.leaving, status = "", shell.status
        return status
    finally:
        shell.arguments, shell.streams, shell.depth = before


async def _run(process: Process, run: Program, arguments: list[str]) -> int:
    try:
        return await run(process, arguments)
    except BrokenPipeError:
        return SIGPIPE
    except OSError as problem:
        about = f"{problem.filename}: " if problem.filename else ""
        with suppress(OSError):
            await process.err(f"{process.name}: {about}{problem.strerror}\n")
        return 1


def split_options(arguments: list[str], known: str = "") -> tuple[set[str], list[str]]:
    """Letters of `-abc` and names of `--long`, and what is left. What `known` lacks raises ValueError."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    before, rest = arguments[:at], arguments[at + 1 :]
    found: set[str] = set()
    for one in filter(_option, before):
        found |= {one[2:]} if one.startswith("--") else set(one[1:])
    strange = {one for one in found if len(one) == 1} - set(known)
    if known and strange:
        raise ValueError(min(strange))
    return found, [one for one in before if not _option(one)] + rest


def _option(text: str) -> bool:
    return len(text) > 1 and text.startswith("-")
