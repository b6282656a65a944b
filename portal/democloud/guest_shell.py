"""One shell in a guest: its folder, variables and functions, and how it runs what it was told."""

import asyncio
import copy
import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from portal.democloud import guest_users
from portal.democloud.guest_host import Host
from portal.democloud.guest_io import Kept, Nothing, Sink, Source
from portal.democloud.guest_node import Node as FileNode
from portal.democloud.guest_node import Who
from portal.democloud.guest_parser import Node, parse
from portal.democloud.guest_syntax import SyntaxProblem
from portal.democloud.guest_tty import Tty

INTERRUPTED = 130
DEEPEST_CALLS = 60
MOST_OUTPUT = 128 * 1024


@dataclass
class Streams:
    stdin: Source
    stdout: Sink
    stderr: Sink


@dataclass
class Shell:
    host: Host
    who: Who
    streams: Streams
    execute: "Callable[[Shell, Node], Awaitable[int]]"
    tty: Tty | None = None
    cwd: str = "/"
    env: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Node] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    history: list[str] = field(default_factory=list)
    status: int = 0
    done: bool = False
    interactive: bool = False
    name: str = "bash"
    depth: int = 0
    pid: int = 2041
    leaving: str = ""  # break, continue, return: until somebody heeds it
    background: "set[asyncio.Task[int]]" = field(default_factory=set)

    @property
    def user(self) -> str:
        return self.who.name

    @property
    def home(self) -> str:
        return self.env.get("HOME", self.who.home)

    def home_of(self, name: str) -> str:
        found = guest_users.account(self.host.files, name)
        return found.home if found else ""

    def path(self, name: str) -> str:
        return posixpath.join(self.cwd, name)

    def exists(self, name: str) -> bool:
        return self.node(name) is not None

    def node(self, name: str, *, follow: bool = True) -> FileNode | None:
        try:
            return self.host.files.walk(self.path(name), self.who, follow=follow)[2]
        except OSError:
            return None

    def variable(self, name: str) -> str | None:
        """None when it is not set."""
        if name.isdigit():
            number = int(name)
            every = [self.name, *self.arguments]
            return every[number] if number < len(every) else None
        if name in _SPECIAL:
            return _SPECIAL[name](self)
        return self.env.get(name)

    def child(self, streams: Streams | None = None, who: Who | None = None) -> "Shell":
        """A process of its own: what it changes of itself stays its own."""
        one = copy.copy(self)
        one.env, one.functions, one.flags = dict(self.env), dict(self.functions), set(self.flags)
        one.streams, one.who = streams or self.streams, who or self.who
        one.background, one.done, one.leaving, one.interactive = set(), False, "", False
        one.depth = self.depth + 1
        return one

    async def run(self, source: str) -> int:
        """A script, or a line; what is wrong with it goes to its errors."""
        if self.depth > DEEPEST_CALLS:
            await self.err(f"{self.name}: maximum nesting exceeded\n")
            self.status = 2
            return 2
        try:
            self.status = await self.execute(self, parse(source))
        except SyntaxProblem as problem:
            await self.err(f"{self.name}: {problem}\n")
            self.status = 2
            self.done = not self.interactive
        return self.status

    async def output_of(self, source: str) -> str:
        kept = Kept(MOST_OUTPUT)
        inner = self.child(Streams(self.streams.stdin, kept, self.streams.stderr))
        self.status = await inner.run(source)
        await inner.finish()
        return kept.data.decode("utf-8", "surrogateescape").replace("\0", "")

    async def finish(self) -> None:
        """What still runs in the background ends with the session that began it."""
        for task in list(self.background):
            task.cancel()

    async def out(self, text: str) -> None:
        await self.streams.stdout.write(text.encode("utf-8", "surrogateescape"))

    async def err(self, text: str) -> None:
        await self.streams.stderr.write(text.encode("utf-8", "surrogateescape"))


_SPECIAL: dict[str, Callable[[Shell], str]] = {
    "?": lambda shell: str(shell.status),
    "$": lambda shell: str(shell.pid),
    "#": lambda shell: str(len(shell.arguments)),
    "@": lambda shell: " ".join(shell.arguments),
    "*": lambda shell: " ".join(shell.arguments),
    "!": lambda shell: "2048",
    "-": lambda shell: "".join(sorted(shell.flags)),
    "PWD": lambda shell: shell.cwd,
    "HOSTNAME": lambda shell: shell.host.spec.hostname,
    "COLUMNS": lambda shell: str(shell.tty.columns if shell.tty else 80),
    "LINES": lambda shell: str(shell.tty.rows if shell.tty else 24),
    "UID": lambda shell: str(shell.who.uid),
    "RANDOM": lambda shell: str(shell.host.next_pid() * 7919 % 32768),
    "SECONDS": lambda shell: str(int(shell.host.uptime)),
}
NOWHERE = Streams(Nothing(), Nothing(), Nothing())
