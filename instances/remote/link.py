"""One SSH connection to one machine: made with a certificate of two minutes or the person's own secret."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import asyncssh
from asgiref.sync import sync_to_async
from django.conf import settings

from instances.remote import authority, limits
from instances.remote.failures import Stage, WrongHostKey, as_problem
from instances.remote.ways import Hop, Way
from portal.core.errors import PortalError

# OpenSSH allows ten sessions on one connection unless told otherwise: shells, commands, SFTP.
MOST_SESSIONS = 9
# With AES in the processor the first are the fastest; the others are for machines that lack them.
_CIPHERS = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes128-ctr"
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


class _Client(asyncssh.SSHClient):
    """Keeps the key that a machine showed and nobody knows."""

    offered = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.offered = " ".join(key.export_public_key("openssh").decode().split()[:2])
        return False


async def connect(way: Way, *, person: str, secret: Secret | None = None) -> Link:
    """Hop by hop, each with its own host keys checked. PortalError `remote:…` says what stood in the way.

    `person` is what sshd writes to the machine's log. Machines that take no certificate need a `secret`:
    without one `remote:needs-secret`.
    """
    connections: list[asyncssh.SSHClientConnection] = []
    try:
        for hop in way.hops:
            name = way.name if hop is way.machine else "its jump host"
            tunnel = connections[-1] if connections else None
            own = secret if hop is way.machine else None
            connections.append(await _hop(hop, name, person=person, secret=own, tunnel=tunnel))
    except BaseException:
        for connection in reversed(connections):
            connection.abort()
        raise
    return Link(way, connections)


async def _hop(
    hop: Hop, name: str, *, person: str, secret: Secret | None, tunnel: asyncssh.SSHClientConnection | None
) -> asyncssh.SSHClientConnection:
    keys = await _client_keys(hop, person, secret, direct=tunnel is None)
    if not keys and not (secret and secret.password):
        raise PortalError("remote:needs-secret", outcome="auth", name=name, login=hop.login)
    client = _Client()
    stage: Stage = "reach"
    try:
        async with asyncio.timeout(limits.CONNECT_SECONDS):
            reached = await _socket(hop) if tunnel is None else None
        stage = "login"
        options = _options(hop, client, keys, secret)
        async with asyncio.timeout(limits.CONNECT_SECONDS + limits.LOGIN_SECONDS):
            if tunnel is None:
                return await asyncssh.connect(sock=reached, options=options)
            return await tunnel.connect_ssh(hop.address, hop.port, options=options)
    except asyncssh.HostKeyNotVerifiable:
        raise as_problem(WrongHostKey(client.offered), stage, hop, name) from None
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise as_problem(error, stage, hop, name) from error


async def _socket(hop: Hop) -> socket.socket:
    """A connected socket: that the machine cannot be reached is told apart from its not speaking SSH."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in hop.address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(made, (hop.address, hop.port))
    except BaseException:
        made.close()
        raise
    return made


def _options(
    hop: Hop, client: _Client, keys: Sequence[asyncssh.SSHKeyPair], secret: Secret | None
) -> asyncssh.SSHClientConnectionOptions:
    known = [asyncssh.import_public_key(key) for key in hop.host_keys]
    methods = (["publickey"] if keys else []) + (["password", "keyboard-interactive"] if secret else [])
    return asyncssh.SSHClientConnectionOptions(
        client_factory=lambda: client,
        config=None,
        known_hosts=(known, [], []),
        username=hop.login,
        client_keys=keys,
        password=(secret.password or None) if secret else None,
        agent_path=None,
        gss_host=None,
        x509_trusted_certs=None,
        preferred_auth=methods,
        # Ours comes first, and says so in words.
        login_timeout=2 * (limits.CONNECT_SECONDS + limits.LOGIN_SECONDS),
        keepalive_interval=limits.KEEPALIVE_SECONDS,
        keepalive_count_max=limits.KEEPALIVE_MISSED,
        encryption_algs=_CIPHERS,
        compression_algs=["none"],
    )


async def _client_keys(
    hop: Hop, person: str, secret: Secret | None, *, direct: bool
) -> list[asyncssh.SSHKeyPair]:
    if secret is not None and secret.private_key:
        return [_own_key(secret)]
    if secret is not None or not hop.certificate:
        return []
    return await sync_to_async(_certified, thread_sensitive=False)(hop, person, direct)


def _own_key(secret: Secret) -> asyncssh.SSHKeyPair:
    try:
        key = asyncssh.import_private_key(secret.private_key, secret.passphrase or None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise PortalError("remote:bad-key", outcome="auth", detail=str(error)[:200]) from None
    return asyncssh.load_keypairs([key])[0]


def _certified(hop: Hop, person: str, direct: bool) -> list[asyncssh.SSHKeyPair]:
    """A fresh key with a certificate of each authority that the machine knows, the newest first."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    # Behind a jump host the machine sees that host's address, which the portal's own does not tell.
    sources = settings.REMOTE_SOURCE_ADDRESSES if direct else ()
    certificates = [
        authority.sign(
            one,
            key,
            principals=[authority.principal(hop.instance_id, hop.login)],
            key_id=f"heliosphere:{person}",
            seconds=limits.CERTIFICATE_SECONDS,
            number=authority.serial(),
            source_addresses=sources,
        )
        for one in authority.known_to(hop.authorities)
    ]
    return list(asyncssh.load_keypairs([(key, certificate) for certificate in certificates]))
