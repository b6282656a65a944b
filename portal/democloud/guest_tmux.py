"""What keeps a shell running in a guest while nobody looks: the sessions of its tmux, and those who look at them."""

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass, field

from portal.democloud.guest_host import Host
from portal.democloud.guest_interact import interact
from portal.democloud.guest_shell import Shell, Streams
from portal.democloud.guest_tmux_view import redrawn
from portal.democloud.guest_tty import Tty

KEPT_BYTES = 64 * 1024  # of what a session printed last
UNSEEN_PAUSE = 0.05  # what floods a session that nobody looks at must not keep the cloud busy
MOST_SESSIONS = 50
CLEAR = b"\x1b[H\x1b[2J"
ALTERNATE, BACK = b"\x1b[?1049h", b"\x1b[?1049l"
PREFIX_DETACH = b"\x02d"


@dataclass(eq=False)
class Client:
    """Somebody at a terminal who looks at a session."""

    tty: Tty
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    word: str = ""


@dataclass(eq=False)
class Session:
    name: str
    shell: Shell
    kept: bytearray = field(default_factory=bytearray)
    clients: list[Client] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    alternate: bool = False

    def post(self, data: bytes) -> None:
        self.kept += data
        if len(self.kept) > 2 * KEPT_BYTES:
            del self.kept[:-KEPT_BYTES]
        on, off = data.rfind(ALTERNATE), data.rfind(BACK)
        self.alternate = on > off if max(on, off) >= 0 else self.alternate
        for client in self.clients:
            with contextlib.suppress(OSError):  # that one has gone
                client.tty.post(data)

    async def drain(self) -> None:
        """As fast as the slowest takes it, until that one has gone."""
        if not self.clients:
            await asyncio.sleep(UNSEEN_PAUSE)
        for client in list(self.clients):
            await _first(client.tty.drain(), client.gone.wait())

    def resize(self, tty: Tty) -> None:
        assert self.shell.tty is not None
        if (tty.columns, tty.rows) != (self.shell.tty.columns, self.shell.tty.rows):
            self.shell.tty.resize(tty.columns, tty.rows)

    def detach(self, word: str, *, but: Client | None = None) -> None:
        for client in self.clients:
            if client is not but:
                client.word = word
                client.gone.set()

    def end(self) -> None:
        if self.task is not None:
            self.task.cancel()


async def _first(*works: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def sessions_of(host: Host, uid: int, server: str) -> dict[str, Session]:
    return host.tmux.get((uid, server), {})


def begin(shell: Shell, server: str, name: str, tty: Tty, command: str) -> Session | None:
    """A shell of its own on a terminal of its own; None when there are too many."""
    key = (shell.who.uid, server)
    known = shell.host.tmux.setdefault(key, {})
    if len(known) >= MOST_SESSIONS:
        return None
    own = shell.child()
    session = Session(name, own)
    pane = Tty(session.post, session.drain, term="screen-256color", columns=tty.columns, rows=tty.rows)
    own.tty, own.streams, own.depth = pane, Streams(pane, pane, pane), 0
    own.env |= {"TERM": pane.term, "TMUX": f"/tmp/tmux-{shell.who.uid}/{server},2041,0"}  # noqa: S108
    own.history = []
    known[name] = session
    session.task = asyncio.get_running_loop().create_task(_live(key, session, command))
    return session


async def _live(key: tuple[int, str], session: Session, command: str) -> None:
    try:
        with contextlib.suppress(OSError):
            await (session.shell.run(command) if command else interact(session.shell))
    finally:
        servers = session.shell.host.tmux
        known = servers.get(key, {})
        known.pop(session.name, None)
        if not known:
            servers.pop(key, None)
        session.detach("[exited]")


def end_all(host: Host) -> None:
    """The machine stops."""
    for sessions in list(host.tmux.values()):
        for session in list(sessions.values()):
            session.end()


async def look(session: Session, tty: Tty, *, alternate: bool, prefix: bool) -> str:
    """Until one leaves, is sent away, or the session ends; the words that tmux leaves on the screen."""
    client = Client(tty)
    session.clients.append(client)
    tty.keys(signals=False)
    session.resize(tty)
    keys = asyncio.get_running_loop().create_task(_pass_keys(session, client, prefix=prefix))
    try:
        await tty.send((ALTERNATE if alternate else b"") + CLEAR + _recent(session))
        await _first(client.gone.wait(), keys)
        if not client.gone.is_set():
            client.word = f"[detached (from session {session.name})]"
    finally:
        keys.cancel()
        session.clients.remove(client)
        tty.lines()
    if alternate:
        await tty.send(BACK)
    return client.word


def _recent(session: Session) -> bytes:
    """The last screenful; a program that fills the screen draws itself anew."""
    assert session.shell.tty is not None
    pane = session.shell.tty
    if session.alternate:
        pane.resized.set()
        return b"" if session.kept.rfind(ALTERNATE) < 0 else CLEAR
    return redrawn(bytes(session.kept), rows=pane.rows).encode("utf-8", "surrogateescape")


async def _pass_keys(session: Session, client: Client, *, prefix: bool) -> None:
    """Keys and sizes, until the person hangs up or asks to leave."""
    assert session.shell.tty is not None
    resizing = asyncio.get_running_loop().create_task(_pass_sizes(session, client))
    try:
        while data := await client.tty.read():
            if prefix and PREFIX_DETACH in data:
                return
            session.shell.tty.feed(data)
    finally:
        resizing.cancel()


async def _pass_sizes(session: Session, client: Client) -> None:
    while True:
        client.tty.resized.clear()
        await client.tty.resized.wait()
        session.resize(client.tty)
