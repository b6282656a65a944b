"""The channel of a shell: a terminal on the machine, kept by tmux there where it is."""

import asyncio
import re
import shlex
from contextlib import suppress
from typing import Any, Protocol

import asyncssh

from instances.remote import limits
from instances.remote.endings import End
from instances.remote.link import Link
from portal.core.errors import PortalError

# Says, before anything else, who keeps the shell. It is looked for in the first output only.
_MARK = re.compile(rb"\x1b\]6973;(tmux|portal)\x07")
_LOOK_FOR = 8 * 1024
PROMPT_SECONDS = 15.0
# tmux as a keeper only: no bar, no key of its own that does anything, the history is the page's.
_TMUX = (
    "tmux -u -L heliosphere -f /dev/null new-session -A -D -s {name} \\; set -g status off \\; set -g prefix None "
    "\\; set -g escape-time 10 \\; set -g history-limit 5000 \\; set -g set-clipboard off \\; set -g mouse off "
    "\\; set -g set-titles on \\; set -g set-titles-string '#T' "
    "\\; set -ga terminal-overrides ',xterm*:smcup@:rmcup@:Tc'"
)
# sshd takes no variables from us: the script sets what tells programs that there are 16 million colours.
_SCRIPT = (
    "export COLORTERM=truecolor; if {wanted}command -v tmux >/dev/null 2>&1; "
    "then printf '\\033]6973;tmux\\007'; exec {tmux}; "
    "else printf '\\033]6973;portal\\007'; exec \"${{SHELL:-/bin/sh}}\" -l; fi"
)


class Room(Protocol):
    writable: asyncio.Event

    def output(self, data: bytes) -> None: ...
    def began(self, kept: str) -> None: ...


def _tmux_name(session_id: str) -> str:
    return "helio-" + session_id.replace("-", "")


def command(session_id: str, keep: str) -> str:
    """What the machine's login shell is asked to run. `keep` portal: never tmux. Session ids are UUIDs."""
    name = _tmux_name(session_id)
    wanted = "false && " if keep == "portal" else ""
    # Whatever shell the person has: sh reads the script.
    return f"exec /bin/sh -c {shlex.quote(_SCRIPT.format(wanted=wanted, tmux=_TMUX.format(name=name)))}"


class Shell(asyncssh.SSHClientSession[bytes]):
    def __init__(self, room: Room) -> None:
        self.room = room
        self.end = End("link-lost")
        self._chan: asyncssh.SSHClientChannel[bytes] | None = None
        self._gone = asyncio.Event()
        self._begun = asyncio.Event()
        self._first = bytearray()
        self._size = (80, 24)

    # What asyncssh calls.

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._chan = chan

    def data_received(self, data: bytes, datatype: Any) -> None:
        if self._begun.is_set():
            self.room.output(data)
        else:
            self._look_for_mark(data)

    def _look_for_mark(self, data: bytes) -> None:
        self._first += data
        found = _MARK.search(self._first)
        if found is None and len(self._first) < _LOOK_FOR:
            return
        self._begin(found[1].decode() if found else "portal", found)

    def _begin(self, kept: str, found: "re.Match[bytes] | None") -> None:
        before = bytes(self._first[: found.start()]) if found else bytes(self._first)
        after = bytes(self._first[found.end() :]) if found else b""
        self._first.clear()
        self._begun.set()
        self.room.began(kept)
        if before + after:
            self.room.output(before + after)

    def exit_status_received(self, status: int) -> None:
        self.end = End("exited")

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self.end = End("exited")

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()

    def pause_writing(self) -> None:
        self.room.writable.clear()

    def resume_writing(self) -> None:
        self.room.writable.set()

    # What the room calls.

    def write(self, data: bytes) -> None:
        if data and self._chan is not None and not self._gone.is_set():
            self._chan.write(data)

    def resize(self, cols: int, rows: int) -> None:
        self._size = (cols, rows)
        if self._chan is not None and not self._gone.is_set():
            self._chan.change_terminal_size(cols, rows)

    def nudge(self) -> None:
        cols, rows = self._size
        self.resize(max(2, cols - 1), rows)
        self.resize(cols, rows)

    def pause(self, on: bool) -> None:
        if self._chan is None or self._gone.is_set():
            return
        if on:
            self._chan.pause_reading()
        else:
            self._chan.resume_reading()

    async def begun(self) -> None:
        """Until the machine has said anything; TimeoutError where it keeps silent."""
        gone = asyncio.create_task(self._gone.wait())
        began = asyncio.create_task(self._begun.wait())
        try:
            await asyncio.wait({gone, began}, timeout=PROMPT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            began.cancel()
        if not self._begun.is_set():
            if not self._gone.is_set():
                raise TimeoutError
            self._begin("portal", None)

    async def wait(self) -> None:
        await self._gone.wait()

    def close(self) -> None:
        if self._chan is not None:
            self._chan.close()


async def let_go(link: Link, session_id: str) -> None:
    """Nobody comes back to this one: what tmux kept of it ends, too. A machine that does not answer keeps it."""
    with suppress(PortalError):
        await link.run(f"tmux -L heliosphere kill-session -t ={_tmux_name(session_id)}", seconds=3, most=4096)


async def open_shell(link: Link, *, session_id: str, cols: int, rows: int, keep: str, room: Room) -> Shell:
    """A shell that has begun. PortalError `remote:no-prompt` where the machine lets in and then says nothing."""
    try:
        async with asyncio.timeout(limits.LOGIN_SECONDS):
            shell = Shell(room)
            await link.conn.create_session(
                lambda: shell,
                command(session_id, keep),
                encoding=None,
                term_type="xterm-256color",
                term_size=(cols, rows),
                window=512 * 1024,
            )
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise link.problem(error) from error
    shell.resize(cols, rows)
    try:
        await shell.begun()
    except TimeoutError:
        shell.close()
        raise PortalError("remote:no-prompt", name=link.way.name, seconds=round(PROMPT_SECONDS)) from None
    return shell
