"""One SSH session in a guest: a command, or a shell with or without a terminal, until it ends or the client goes."""

import asyncio
from contextlib import suppress
from typing import Protocol

import asyncssh

from portal.democloud import guest_commands, guest_eval, guest_interact
from portal.democloud.guest_host import Host
from portal.democloud.guest_io import Pipe
from portal.democloud.guest_node import ROOT
from portal.democloud.guest_shell import INTERRUPTED, NOWHERE, Shell, Streams
from portal.democloud.guest_trouble import Trouble
from portal.democloud.guest_tty import Tty
from portal.democloud.guest_users import NO_LOGIN, Account

__all__ = ["guest_commands", "serve"]
MOST_COMMAND = 256 * 1024
WRITE_AHEAD = 64 * 1024  # what Ctrl-C cannot take back
GONE = (BrokenPipeError, ConnectionError, asyncssh.Error)
Process = asyncssh.SSHServerProcess[bytes]


class Machine(Protocol):
    host: Host
    trouble: Trouble


class Output:
    """What a program without a terminal writes to."""

    def __init__(self, writer: asyncssh.SSHWriter[bytes]) -> None:
        self._writer = writer

    async def write(self, data: bytes, /) -> None:
        self._writer.write(data)
        await self._writer.drain()
        await asyncio.sleep(0)


async def serve(machine: Machine, account: Account, process: Process, *, forced: str = "") -> None:
    process.channel.set_write_buffer_limits(WRITE_AHEAD)
    session = asyncio.current_task()
    assert session is not None
    watching = asyncio.create_task(_hang_up(process, session))
    status = 255
    machine.host.logins += 1
    try:
        if machine.trouble.ssh == "no-prompt":
            await process.wait_closed()
        elif process.subsystem is not None:
            process.stderr.write(b"subsystem request failed\n")
        else:
            status = await _work(machine, account, process, forced)
    except GONE:
        pass  # the client has gone: nobody to tell
    finally:
        machine.host.logins -= 1
        watching.cancel()
        with suppress(OSError):
            process.exit(status & 0xFF)


async def _hang_up(process: Process, session: asyncio.Task[None]) -> None:
    """A client that has gone ends what it ran. (The end of its input alone does not.)"""
    await process.wait_closed()
    session.cancel()


async def _work(machine: Machine, account: Account, process: Process, forced: str) -> int:
    command = forced or process.command
    if account.shell in NO_LOGIN and not forced:
        process.stdout.write(b"This account is currently not available.\r\n")
        return 1
    if process.term_type is not None:
        return await _on_terminal(machine, account, process, command)
    given = Pipe()
    streams = Streams(given, Output(process.stdout), Output(process.stderr))
    shell = guest_eval.login(machine.host, account.who, streams)
    work = _script(shell) if command is None else shell.run(command[:MOST_COMMAND])
    task = asyncio.create_task(work)
    reading = asyncio.create_task(_feed(process, given, task))
    try:
        return await _ended(shell, task)
    finally:
        reading.cancel()


async def _script(shell: Shell) -> int:
    """A shell without a terminal runs what it reads."""
    text = bytearray()
    while piece := await shell.streams.stdin.read():
        text += piece[: MOST_COMMAND - len(text)]
    return await shell.run(text.decode("utf-8", "surrogateescape"))


async def _feed(process: Process, given: Pipe, work: "asyncio.Task[int]") -> None:
    """What the client sends to a program without a terminal; a signal interrupts the program."""
    while True:
        try:
            data = await process.stdin.read(32 * 1024)
        except (asyncssh.BreakReceived, asyncssh.SignalReceived):
            work.cancel()
            continue
        except asyncssh.TerminalSizeChanged:
            continue
        if not data:
            await given.end()
            return
        await given.write(data)


async def _ended(shell: Shell, task: "asyncio.Task[int]") -> int:
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.cancelled():
            task.cancel()
            raise
        return INTERRUPTED
    finally:
        await shell.finish()


async def _on_terminal(machine: Machine, account: Account, process: Process, command: str | None) -> int:
    width, height, *_ = process.term_size
    writer = process.stdout
    tty = Tty(writer.write, writer.drain, term=process.term_type or "", columns=width, rows=height)
    reading = asyncio.create_task(_keys(process, tty))
    shell = guest_eval.login(machine.host, account.who, Streams(tty, tty, tty), tty)
    try:
        if command is not None:
            return await run_on(shell, tty, command[:MOST_COMMAND])
        await tty.write(machine.host.banner().encode())
        return await guest_interact.interact(shell)
    finally:
        reading.cancel()
        await shell.finish()


async def run_on(shell: Shell, tty: Tty, command: str) -> int:
    """One command on a terminal, which Ctrl-C interrupts."""
    task = asyncio.create_task(shell.run(command))
    tty.interrupted = lambda: _interrupt(task)
    return await _ended(shell, task)


def _interrupt(task: "asyncio.Task[int]") -> None:
    task.cancel()


async def _keys(process: Process, tty: Tty) -> None:
    """What the client sends: keys, sizes, signals."""
    while True:
        try:
            data = await process.stdin.read(4096)
        except asyncssh.TerminalSizeChanged as size:
            tty.resize(size.width, size.height)
            continue
        except (asyncssh.BreakReceived, asyncssh.SignalReceived):
            tty.interrupted()
            continue
        if not data:
            tty.hang_up()
            return
        tty.feed(data)


async def as_root(host: Host, command: str) -> None:
    """What the set-up of a machine runs at its first boot."""
    shell = guest_eval.login(host, ROOT, NOWHERE)
    await shell.run(command)
    await shell.finish()
