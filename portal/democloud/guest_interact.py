"""A guest's shell with a person at it: prompt, history, completion, and lines that are run until they leave."""

import asyncio
import codecs
import posixpath
from contextlib import suppress

from portal.democloud import guest_program
from portal.democloud.guest_edit import LineEditor, remember, split_keys
from portal.democloud.guest_shell import INTERRUPTED, Shell
from portal.democloud.guest_tty import Tty

ESCAPED = set(" \t\n'\"\\$&;|<>()*?[]#~`!")


def prompt(shell: Shell) -> str:
    host, home = shell.host.spec.hostname, shell.home
    inside = shell.cwd == home or shell.cwd.startswith(home + "/")
    where = "~" + shell.cwd.removeprefix(home) if inside else shell.cwd
    where = "".join(letter if letter.isprintable() else "?" for letter in where)
    sign = "#" if shell.who.uid == 0 else "$"
    title = f"\x1b]0;{shell.user}@{host}: {where}\x07"
    return f"{title}\x1b[1;32m{shell.user}@{host}\x1b[0m:\x1b[1;34m{where}\x1b[0m{sign} "


def complete(shell: Shell, before: str) -> tuple[str, list[str]]:
    """The word before the cursor, and what it may become: commands first, then files."""
    at = max(before.rfind(letter) for letter in " ;|&>") + 1
    part = before[at:]
    first = not before[:at].strip(" ") or before[:at].rstrip().endswith((";", "|", "&", "sudo"))
    if first and "/" not in part:
        names = {*guest_program.BUILTINS, *shell.functions}
        names |= {name for name in guest_program.PROGRAMS if guest_program.available(shell.host, name)}
        return part, sorted(name for name in names if name.startswith(part) and part)
    return part, _files(shell, part)


def _files(shell: Shell, part: str) -> list[str]:
    folder, _, name = part.rpartition("/")
    base = folder + "/" if folder or part.startswith("/") else ""
    where = posixpath.join(shell.cwd, base.replace("~", shell.home, 1) if base.startswith("~") else base)
    try:
        entries = shell.host.files.listing(where, shell.who)
    except OSError:
        return []
    wanted = name.replace("\\", "")
    return [
        base + _escaped(one) + "/" * node.is_dir
        for one, node in sorted(entries.items())
        if one.startswith(wanted) and (one[0] != "." or wanted.startswith(".")) and one.isprintable()
    ]


def _escaped(name: str) -> str:
    return "".join("\\" + letter if letter in ESCAPED else letter for letter in name)


async def interact(shell: Shell) -> int:
    """Until they leave, or are gone."""
    assert shell.tty is not None
    shell.interactive = True
    shell.leaving = ""
    while not shell.done:
        line = await _line(shell, shell.tty)
        if line is None:
            await shell.err("exit\n" if shell.depth else "logout\n")
            break
        if line.strip():
            remember(shell.history, line)
            await _run(shell, shell.tty, line)
    await shell.finish()
    return shell.status


async def _line(shell: Shell, tty: Tty) -> str | None:
    """What was typed; None at Ctrl-D on an empty line and when the person has gone."""
    editor = LineEditor(prompt(shell), tty.columns, shell.history, lambda before: complete(shell, before))
    tty.keys(signals=False)
    await tty.send(editor.prompt.encode())
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    while True:
        data = await tty.read()
        if not data:
            return None
        editor.columns = tty.columns
        keys, rest = split_keys(rest + decoder.decode(data))
        drawn = ""
        for number, key in enumerate(keys):
            drawn += editor.key(key)
            if editor.done is not None or editor.ended or editor.interrupted:
                await tty.send(drawn.encode("utf-8", "surrogateescape"))
                tty.push_back("".join([*keys[number + 1 :], rest]).encode())
                return await _decided(shell, editor)
        if drawn:
            await tty.send(drawn.encode("utf-8", "surrogateescape"))


async def _decided(shell: Shell, editor: LineEditor) -> str | None:
    if editor.interrupted:
        shell.status = INTERRUPTED
        return ""
    return None if editor.ended else editor.done


async def _run(shell: Shell, tty: Tty, line: str) -> None:
    tty.lines()
    task = asyncio.get_running_loop().create_task(shell.run(line))
    before, tty.interrupted = tty.interrupted, lambda: _interrupt(task)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.cancelled():  # the session itself is ending
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            raise
        shell.status, shell.leaving = INTERRUPTED, ""
    finally:
        tty.interrupted = before
        tty.echo = True


def _interrupt(task: "asyncio.Task[int]") -> None:
    task.cancel()
