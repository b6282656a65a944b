"""One SSH connection to one machine: made with a certificate of two minutes or the person's own secret."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import asyncssh

from instances.remote import backpressure, limits
from instances.remote.failures import Stage, as_problem
from instances.remote.ways import Way
from portal.core import seal
from portal.core.errors import PortalError

backpressure.install()
# OpenSSH allows ten sessions on one connection unless told otherwise: shells, commands, SFTP.
MOST_SESSIONS = 9
Reader = asyncssh.SSHReader[bytes]
Writer = asyncssh.SSHWriter[bytes]


@dataclass(frozen=True, slots=True)
class Secret:
    """What a person opens a machine with that takes no certificate of ours. In memory only, for one session.

    `login`: as whom, where it is another account than the one that was expected.
    """

    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    login: str = ""

    def sealed(self) -> str:
        """For the way between two of our processes."""
        return seal.seal(json.dumps(asdict(self)))

    @classmethod
    def unsealed(cls, text: str) -> "Secret":
        return cls(**json.loads(seal.unseal(text)))


@dataclass(frozen=True, slots=True)
class Ran:
    """`status` -1: a signal ended it. Texts are the machine's: hostile, and cut at what was asked for."""

    status: int
    out: bytes
    err: bytes


class Link:
    def __init__(self, way: Way, connections: Sequence[asyncssh.SSHClientConnection]) -> None:
        self.way = way
        self._connections = list(connections)
        self._sftp: asyncssh.SFTPClient | None = None
        self._sftp_lock = asyncio.Lock()

    @property
    def conn(self) -> asyncssh.SSHClientConnection:
        return self._connections[-1]

    @property
    def closed(self) -> bool:
        return bool(self.conn.is_closed())

    async def run(self, command: str, *, input: bytes = b"", seconds: float = 10, most: int = 65_536) -> Ran:
        """Run a command without a terminal; its output beyond `most` bytes is not kept, and ends it."""
        try:
            async with asyncio.timeout(seconds):
                process = await self.conn.create_process(command, encoding=None)
                try:
                    return await _ran(process, input, most)
                finally:
                    process.close()
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise self.problem(error) from error

    async def tcp(self, port: int, host: str = "127.0.0.1") -> tuple[Reader, Writer]:
        """A channel to a port as the machine itself reaches it."""
        try:
            async with asyncio.timeout(limits.CONNECT_SECONDS):
                return await self.conn.open_connection(host, port, encoding=None)
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise self.problem(error) from error

    async def unix(self, path: str) -> tuple[Reader, Writer]:
        try:
            async with asyncio.timeout(limits.CONNECT_SECONDS):
                return await self.conn.open_unix_connection(path, encoding=None)
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise self.problem(error) from error

    async def sftp(self) -> asyncssh.SFTPClient:
        """One for all who share this link."""
        async with self._sftp_lock:
            if self._sftp is None:
                try:
                    async with asyncio.timeout(limits.CONNECT_SECONDS):
                        self._sftp = await self.conn.start_sftp_client(path_encoding=None)
                except (asyncssh.Error, OSError, TimeoutError) as error:
                    raise self.problem(error) from error
            return self._sftp

    def forget_sftp(self) -> None:
        """Its channel ended while the connection lives: the next who asks gets another."""
        self._sftp = None

    def problem(self, error: BaseException, stage: Stage = "ask") -> PortalError:
        return as_problem(error, stage, self.way.machine, self.way.name)

    async def close(self) -> None:
        """Say goodbye; a machine that does not answer is left after a second."""
        for connection in reversed(self._connections):
            connection.close()
            with suppress(asyncssh.Error, OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await connection.wait_closed()
            connection.abort()


class _TooMuch(Exception):
    pass


async def _ran(process: asyncssh.SSHClientProcess[bytes], input: bytes, most: int) -> Ran:
    with suppress(BrokenPipeError):  # a quick command has ended before it could be told anything
        process.stdin.write(input)
        process.stdin.write_eof()
    out, err, whole = bytearray(), bytearray(), True
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_keep(process.stdout, out, most))
            group.create_task(_keep(process.stderr, err, most))
    except* _TooMuch:
        whole = False
    if whole:
        await process.wait_closed()
    status = process.exit_status if whole else None
    return Ran(-1 if status is None else status, bytes(out), bytes(err))


async def _keep(stream: Reader, kept: bytearray, most: int) -> None:
    while data := await stream.read(65_536):
        kept += data[: most - len(kept)]
        if len(kept) >= most:
            raise _TooMuch
