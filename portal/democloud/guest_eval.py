"""Runs what a guest's shell has read: pipelines, choices, loops, redirections."""

import asyncio
from contextlib import suppress
from fnmatch import fnmatchcase

from portal.democloud import guest_expand, guest_program, guest_users
from portal.democloud.guest_host import Host
from portal.democloud.guest_io import FileSink, Nothing, Pipe, Sink, Source, Text
from portal.democloud.guest_node import Who
from portal.democloud.guest_parser import (
    Case,
    Chain,
    Choice,
    For,
    Function,
    Group,
    Loop,
    Node,
    Pipeline,
    Redirect,
    Sequence,
    Simple,
)
from portal.democloud.guest_shell import Shell, Streams
from portal.democloud.guest_tty import Tty

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BROKEN_PIPE = 141


def login(host: Host, who: Who, streams: Streams, tty: Tty | None = None) -> Shell:
    """A shell as somebody gets it who has just signed in."""
    account = guest_users.account(host.files, who.name)
    env = {
        "HOME": who.home,
        "USER": who.name,
        "LOGNAME": who.name,
        "SHELL": account.shell if account else "/bin/bash",
        "PATH": PATH,
        "LANG": "C.UTF-8",
    }
    if tty is not None:
        env["TERM"] = tty.term or "dumb"
    cwd = who.home if host.files.is_dir(who.home, who) else "/"
    return Shell(host, who, streams, execute, tty, cwd, env)


async def execute(shell: Shell, node: Node) -> int:
    if isinstance(node, Simple):
        shell.status = await _simple(shell, node)
    elif isinstance(node, Pipeline):
        status = await _pipeline(shell, node)
        shell.status = int(not status) if node.negated else status
    elif isinstance(node, Chain):
        await _chain(shell, node)
    elif isinstance(node, Sequence):
        await _sequence(shell, node)
    elif isinstance(node, Choice):
        await _choice(shell, node)
    elif isinstance(node, Loop):
        await _loop(shell, node)
    elif isinstance(node, For):
        await _for(shell, node)
    elif isinstance(node, Case):
        await _case(shell, node)
    elif isinstance(node, Group):
        shell.status = await _group(shell, node)
    elif isinstance(node, Function):
        shell.functions[node.name] = node.body
        shell.status = 0
    return shell.status


def _over(shell: Shell) -> bool:
    return shell.done or bool(shell.leaving)


async def _sequence(shell: Shell, node: Sequence) -> None:
    for item, background in node.items:
        if background:
            await _in_background(shell, item)
        else:
            await execute(shell, item)
            if shell.status and "e" in shell.flags and isinstance(item, (Simple, Pipeline, Group)):
                shell.done = True
        if _over(shell):
            return


async def _in_background(shell: Shell, node: Node) -> None:
    inner = shell.child(Streams(Nothing(), shell.streams.stdout, shell.streams.stderr))
    task = asyncio.get_running_loop().create_task(_alone(inner, node))
    shell.background.add(task)
    task.add_done_callback(shell.background.discard)
    if shell.interactive:
        await shell.err(f"[{len(shell.background)}] {shell.host.next_pid()}\n")
    shell.status = 0
    await asyncio.sleep(0)


async def _alone(shell: Shell, node: Node) -> int:
    try:
        with suppress(OSError):
            return await execute(shell, node)
        return BROKEN_PIPE
    finally:
        await shell.finish()


async def _chain(shell: Shell, node: Chain) -> None:
    await _without_e(shell, node.first)
    for number, (sign, item) in enumerate(node.rest, 1):
        if _over(shell):
            return
        if (sign == "&&") == (shell.status == 0):
            last = number == len(node.rest)
            await (execute(shell, item) if last else _without_e(shell, item))
            if last and shell.status and sign == "&&" and "e" in shell.flags and not isinstance(item, Chain):
                shell.done = True


async def _without_e(shell: Shell, node: Node) -> int:
    """What is asked is no mistake: `set -e` does not heed its status."""
    had = "e" in shell.flags
    shell.flags.discard("e")
    try:
        return await execute(shell, node)
    finally:
        if had:
            shell.flags.add("e")


async def _choice(shell: Shell, node: Choice) -> None:
    for condition, body in node.branches:
        if await _without_e(shell, condition) == 0 and not _over(shell):
            await execute(shell, body)
            return
        if _over(shell):
            return
    shell.status = 0
    if node.otherwise is not None:
        await execute(shell, node.otherwise)


def _leaves_loop(shell: Shell) -> bool:
    """Whether the loop that runs now ends here."""
    if shell.leaving == "continue":
        shell.leaving = ""
        return shell.done
    if shell.leaving == "break":
        shell.leaving = ""
        return True
    return _over(shell)


async def _loop(shell: Shell, node: Loop) -> None:
    status = 0
    while (await _without_e(shell, node.condition) == 0) != node.until and not _over(shell):
        status = await execute(shell, node.body)
        await asyncio.sleep(0)
        if _leaves_loop(shell):
            break
    shell.status = status


async def _for(shell: Shell, node: For) -> None:
    values = shell.arguments if node.words is None else await guest_expand.fields(shell, node.words)
    shell.status = 0
    for value in list(values):
        shell.env[node.name] = value
        await execute(shell, node.body)
        await asyncio.sleep(0)
        if _leaves_loop(shell):
            break


async def _case(shell: Shell, node: Case) -> None:
    value = await guest_expand.text(shell, node.word)
    shell.status = 0
    for patterns, body in node.branches:
        for pattern in patterns:
            if fnmatchcase(value, await guest_expand.pattern(shell, pattern)):
                await execute(shell, body)
                return


async def _pipeline(shell: Shell, node: Pipeline) -> int:
    if len(node.commands) == 1:
        return await _without_e(shell, node.commands[0])
    source: Source = shell.streams.stdin
    tasks: list[asyncio.Task[int]] = []
    before: Pipe | None = None
    for number, command in enumerate(node.commands):
        last = number == len(node.commands) - 1
        after = None if last else Pipe()
        streams = Streams(source, after or shell.streams.stdout, shell.streams.stderr)
        work = _piped(shell.child(streams), command, before, after)
        tasks.append(asyncio.get_running_loop().create_task(work))
        source, before = after or source, after
    try:
        return (await asyncio.gather(*tasks))[-1]
    finally:
        for task in tasks:
            task.cancel()


async def _piped(shell: Shell, node: Node, before: Pipe | None, after: Pipe | None) -> int:
    try:
        return await _alone(shell, node)
    finally:
        if before is not None:
            await before.abandon()
        if after is not None:
            await after.end()


async def _group(shell: Shell, node: Group) -> int:
    try:
        streams = await redirected(shell, node.redirects)
    except OSError as problem:
        return await _cannot(shell, problem)
    if node.subshell:
        inner = shell.child(streams)
        status = await execute(inner, node.body)
        await inner.finish()
        return status
    before, shell.streams = shell.streams, streams
    try:
        return await execute(shell, node.body)
    finally:
        shell.streams = before


async def _simple(shell: Shell, node: Simple) -> int:
    try:
        words = await guest_expand.fields(shell, node.words)
        assigned = {name: await guest_expand.text(shell, word) for name, word in node.assignments}
        streams = await redirected(shell, node.redirects)
    except guest_expand.Unset as problem:
        shell.done = not shell.interactive
        await shell.err(f"{shell.name}: {problem}\n")
        return 1
    except OSError as problem:
        return await _cannot(shell, problem)
    if not words:
        for name, value in assigned.items():
            added = shell.env.get(name[:-1], "") + value if name.endswith("+") else value
            shell.env[name.rstrip("+")] = added
        return shell.status if node.assignments and _asks(node) else 0
    if "x" in shell.flags:
        await shell.err("+ " + " ".join(words) + "\n")
    return await guest_program.start(shell, words, streams, assigned)


def _asks(node: Simple) -> bool:
    """An assignment of a command's output has that command's status."""
    return any(part.kind == "command" for _, word in node.assignments for part in word)


async def _cannot(shell: Shell, problem: OSError) -> int:
    await shell.err(f"{shell.name}: {problem.filename or ''}: {problem.strerror}\n")
    return 1


async def redirected(shell: Shell, redirects: list[Redirect]) -> Streams:
    """OSError, with the file's name, when a file cannot be opened."""
    streams = Streams(shell.streams.stdin, shell.streams.stdout, shell.streams.stderr)
    for one in redirects:
        target = await guest_expand.text(shell, one.target)
        if one.sign in {"<<", "<<-", "<<<"}:
            text = target + "\n" * (one.sign == "<<<")
            streams.stdin = Text(text.encode("utf-8", "surrogateescape"))
        elif one.sign == "<":
            streams.stdin = guest_program.opened(shell, target)
        elif one.sign in {">&", "<&"} and target in {"1", "2", "-"}:
            other: Sink = {"1": streams.stdout, "2": streams.stderr}.get(target, Nothing())
            _into(streams, one.descriptor, other)
        else:
            chosen = sink(shell, target, append=one.sign == ">>")
            _into(streams, one.descriptor, chosen)
            if one.sign in {"&>", ">&"}:
                streams.stderr = chosen
    return streams


def _into(streams: Streams, descriptor: int, chosen: Sink) -> None:
    if descriptor == 2:
        streams.stderr = chosen
    else:
        streams.stdout = chosen


def sink(shell: Shell, name: str, *, append: bool) -> Sink:
    path = shell.path(name)
    if path in {"/dev/null", "/dev/zero"}:
        return Nothing()
    if path in {"/dev/tty", "/dev/stdout"}:
        return shell.tty or shell.streams.stdout
    if path == "/dev/stderr":
        return shell.streams.stderr
    try:
        node = shell.host.files.open(
            path, shell.who, read=False, write=True, create=True, truncate=not append
        )
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, name) from None
    return FileSink(shell.host.files, path, node, append=append)
