"""The shell that a guest gives over SSH: prompt, line editing, Ctrl-C, and the commands beside this file."""

import asyncio
import re
import shlex
from contextlib import suppress
from dataclasses import dataclass, field

import asyncssh

from portal.democloud.guest_commands import COMMANDS
from portal.democloud.guest_host import Host

_VARIABLE = re.compile(r"\$\{?(\w+|\?)\}?")
_EOF = None
MAX_LINE = 4096


@dataclass
class Shell:
    """One session. Commands write with `out` and `err`, and read typed lines from `lines`."""

    host: Host
    user: str
    process: asyncssh.SSHServerProcess[str]
    cwd: str = ""
    status: int = 0
    columns: int = 80
    rows: int = 24
    done: bool = False
    history: list[str] = field(default_factory=list)
    lines: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(maxsize=256))
    running: asyncio.Task[int] | None = None
    background: set[asyncio.Task[int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cwd = self.home
        width, height, *_ = self.process.get_terminal_size()
        self.columns, self.rows = width or 80, height or 24

    @property
    def home(self) -> str:
        return "/root" if self.user == "root" else f"/home/{self.user}"

    async def out(self, text: str) -> None:
        self.process.stdout.write(text)
        await self.process.stdout.drain()

    async def err(self, text: str) -> None:
        self.process.stderr.write(text)
        await self.process.stderr.drain()

    def variable(self, name: str) -> str:
        values = {
            "USER": self.user,
            "LOGNAME": self.user,
            "HOME": self.home,
            "PWD": self.cwd,
            "HOSTNAME": self.host.spec.hostname,
            "SHELL": "/bin/bash",
            "TERM": self.process.get_terminal_type() or "dumb",
            "COLUMNS": str(self.columns),
            "LINES": str(self.rows),
            "?": str(self.status),
        }
        return values.get(name, "")


async def serve(host: Host, process: asyncssh.SSHServerProcess[str]) -> None:
    """Run one SSH session: the given command, or an interactive shell, until exit or hang-up."""
    user = str(process.get_extra_info("username"))
    shell = Shell(host, user, process)
    session = asyncio.current_task()
    assert session is not None
    watching = [asyncio.create_task(_read(shell)), asyncio.create_task(_hang_up(process, session))]
    try:
        if process.command is not None:
            await run_line(shell, process.command[:MAX_LINE])
        else:
            await _interact(shell)
    except (BrokenPipeError, ConnectionError, asyncssh.Error):
        shell.status = 255  # the client has gone
    finally:
        for task in (*watching, *shell.background):
            task.cancel()
        with suppress(OSError):
            process.exit(shell.status & 0xFF)


async def _hang_up(process: asyncssh.SSHServerProcess[str], session: asyncio.Task[None]) -> None:
    """A client that has gone ends what it ran. (The end of its input alone does not.)"""
    await process.wait_closed()
    session.cancel()


async def _read(shell: Shell) -> None:
    """Pump what the client sends: lines to the queue, Ctrl-C to the running command, sizes to the shell."""
    while True:
        try:
            line = await shell.process.stdin.readline()
        except (asyncssh.BreakReceived, asyncssh.SignalReceived):
            _interrupt(shell)
            continue
        except asyncssh.TerminalSizeChanged as size:
            shell.columns, shell.rows = size.width, size.height
            continue
        if not line:
            await shell.lines.put(_EOF)
            return
        await shell.lines.put(line.rstrip("\r\n"))


def _interrupt(shell: Shell) -> None:
    if shell.running is not None:
        shell.running.cancel()
    else:
        with suppress(asyncio.QueueFull):
            shell.lines.put_nowait("\x03")


async def _interact(shell: Shell) -> None:
    await shell.out(shell.host.banner())
    while not shell.done:
        await shell.out(prompt(shell))
        line = await shell.lines.get()
        if line is _EOF:
            await shell.out("logout\n")
            return
        if line == "\x03":
            await shell.out("^C\n")
            shell.status = 130
            continue
        if line.strip():
            shell.history.append(line)
            await run_line(shell, line[:MAX_LINE])


def prompt(shell: Shell) -> str:
    where = "~" + shell.cwd.removeprefix(shell.home) if shell.cwd.startswith(shell.home) else shell.cwd
    sign = "#" if shell.user == "root" else "$"
    return f"\x1b[1;32m{shell.user}@{shell.host.spec.hostname}\x1b[0m:\x1b[1;34m{where}\x1b[0m{sign} "


async def run_line(shell: Shell, line: str) -> None:
    """`a; b && c || d`, with a trailing `&` for the background and `>` or `>>` into a file."""
    try:
        words = _words(line)
    except ValueError:
        shell.status = 2
        await shell.err("bash: syntax error: unexpected end of file\n")
        return
    command: list[str] = []
    skip = False
    for word in [*words, ";"]:
        if word not in {";", "&&", "||", "&"}:
            command.append(word)
            continue
        if command and not skip:
            await _run(shell, command, background=word == "&")
        skip = (word == "&&" and shell.status != 0) or (word == "||" and shell.status == 0)
        command = []
        if shell.done:
            return


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|>")
    lexer.whitespace_split = True
    return list(lexer)


async def _run(shell: Shell, words: list[str], *, background: bool) -> None:
    words = [_VARIABLE.sub(lambda m: shell.variable(m[1]), word) for word in words]
    while words and words[0] in {"sudo", "nice", "time"}:
        words = [word for word in words[1:] if word != "-n"]
    if not words:
        return
    task = asyncio.create_task(_execute(shell, words))
    if background:
        shell.background.add(task)
        task.add_done_callback(shell.background.discard)
        await shell.out(f"[{len(shell.background)}] {shell.host.next_pid()}\n")
        return
    shell.running = task
    try:
        shell.status = await task
    except asyncio.CancelledError:
        if not task.cancelled():  # the session itself is ending
            task.cancel()
            raise
        shell.status = 130
        await shell.out("^C\n")
    finally:
        shell.running = None


async def _execute(shell: Shell, words: list[str]) -> int:
    if "|" in words:
        await shell.err("bash: this demo guest has no pipes\n")
        return 2
    target, append, words = _redirection(words)
    found = COMMANDS.get(words[0]) if words else None
    if found is None:
        await shell.err(f"{words[0] if words else ''}: command not found\n")
        return 127
    if target is None:
        return await found(shell, words[1:])
    return await _into_file(shell, words, target, append=append)


def _redirection(words: list[str]) -> tuple[str | None, bool, list[str]]:
    for sign in (">", ">>"):
        if sign in words[:-1]:
            at = words.index(sign)
            return words[at + 1], sign == ">>", words[:at] + words[at + 2 :]
    return None, False, words


async def _into_file(shell: Shell, words: list[str], target: str, *, append: bool) -> int:
    """`echo text > file`: the one command whose output goes into files here."""
    path = shell.host.files.resolve(shell.cwd, target)
    if words[0] != "echo":
        await shell.err("bash: only echo can write to a file in this demo guest\n")
        return 1
    problem = shell.host.files.write(path, " ".join(words[1:]) + "\n", append=append)
    if problem:
        await shell.err(f"bash: {target}: {problem}\n")
        return 1
    return 0
