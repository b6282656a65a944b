"""A machine that serves files, on loopback: asyncssh's SFTP server in the test's own process, or OpenSSH's.

Between it and the portal is a relay that can break the connection, or let nothing through.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from instances.remote.files.disk import Disk, disk_of
from tests.instances.remote.sshd import Sshd

KEY = asyncssh.generate_private_key("ssh-ed25519")


class _Open(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return False


@dataclass(eq=False)
class Machine:
    behind: int
    login: str
    port: int = 0
    # Cleared: nothing passes, and nobody is told.
    passing: asyncio.Event = field(default_factory=asyncio.Event)
    from_machine: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def drop(self) -> None:
        """All connections break, as when the network goes."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def link(self) -> "Link":
        conn = await asyncssh.connect(
            "127.0.0.1", self.port, known_hosts=None, username=self.login, client_keys=[KEY], config=None
        )
        return Link(conn)

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", self.behind)
        self._writers |= {writer, outer}
        # The loop of a test that is over cancels it, which asyncio's streams would complain of.
        with suppress(asyncio.CancelledError):
            await asyncio.gather(self._pump(reader, outer), self._pump(inner, writer, count=True))

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, count: bool = False
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self.passing.wait()
                self.from_machine += len(data) if count else 0
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


class Link:
    """The part of `instances.remote.link.Link` that files use."""

    def __init__(self, conn: asyncssh.SSHClientConnection) -> None:
        self.conn = conn
        self.client: asyncssh.SFTPClient | None = None

    async def sftp(self) -> asyncssh.SFTPClient:
        if self.client is None:
            self.client = await self.conn.start_sftp_client(path_encoding=None)
        return self.client

    def forget_sftp(self) -> None:
        self.client = None

    async def close(self) -> None:
        self.conn.abort()
        with suppress(asyncssh.Error, OSError):
            await self.conn.wait_closed()


def sftp_in(
    home: Path, base: type[asyncssh.SFTPServer], opened: list[Any]
) -> Callable[[Any], asyncssh.SFTPServer]:
    """asyncssh's server, whose `.` is `home`, and which is not shut in there."""

    class Here(base):  # type: ignore[valid-type,misc]
        def map_path(self, path: bytes) -> bytes:
            return path if path.startswith(b"/") else os.path.join(os.fsencode(home), path)

        def reverse_map_path(self, path: bytes) -> bytes:
            return path

        def realpath(self, path: bytes) -> bytes:
            return os.path.realpath(self.map_path(path))

        def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
            made: Any = super().open(path, pflags, attrs)
            opened.append(made)
            return made

    return Here


@asynccontextmanager
async def relayed(behind: int, login: str) -> AsyncIterator[Machine]:
    made = Machine(behind, login)
    made.passing.set()
    relay = await asyncio.start_server(made.relay, "127.0.0.1", 0)
    made.port = relay.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.passing.set()
        made.drop()
        relay.close()
        await relay.wait_closed()
        await asyncio.sleep(0)


@asynccontextmanager
async def machine(
    home: Path, base: type[asyncssh.SFTPServer] | None = asyncssh.SFTPServer
) -> AsyncIterator[Machine]:
    """In this process. Without `base` it lets people in and serves no files."""
    opened: list[Any] = []
    files = {"sftp_factory": sftp_in(home, base, opened)} if base is not None else {}
    server = await asyncssh.listen("127.0.0.1", 0, server_factory=_Open, server_host_keys=[KEY], **files)
    try:
        async with relayed(server.get_port(), "ubuntu") as made:
            yield made
    finally:
        server.close()
        await server.wait_closed()
        for left in opened:  # by a connection that broke
            left.close()


@asynccontextmanager
async def openssh(sshd: Sshd) -> AsyncIterator[Machine]:
    (sshd.etc.parent / "authorized_keys").write_bytes(KEY.export_public_key())
    async with relayed(sshd.port, sshd.login) as made:
        yield made


async def disk_on(link: Link) -> Disk:
    return await disk_of(link, name="blast-node", login="ubuntu")
