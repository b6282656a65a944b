"""Making a connection: hop by hop, host keys checked at each, in words where it fails."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import ExitStack

import asyncssh

from instances.remote import limits
from instances.remote.client_keys import client_keys
from instances.remote.failures import Stage, WrongHostKey, as_problem
from instances.remote.link import Link, Secret
from instances.remote.ways import Hop, Way
from portal.core.errors import PortalError

# With AES in the processor the first are the fastest; the others are for machines that lack them.
_CIPHERS = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes128-ctr"


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
    with ExitStack() as undo:
        for hop in way.hops:
            name = way.name if hop is way.machine else "its jump host"
            tunnel = connections[-1] if connections else None
            own = secret if hop is way.machine else None
            made = await reach(hop, name, person=person, secret=own, tunnel=tunnel)
            undo.callback(made.abort)
            connections.append(made)
        undo.pop_all()
    return Link(way, connections)


async def reach(
    hop: Hop,
    name: str,
    *,
    person: str,
    secret: Secret | None = None,
    tunnel: asyncssh.SSHClientConnection | None = None,
) -> asyncssh.SSHClientConnection:
    """One server, through the connection to the one before it where there is one: many may share that."""
    keys = await client_keys(hop, person, secret, direct=tunnel is None)
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
    with ExitStack() as undo:
        made = undo.enter_context(socket.socket(family, socket.SOCK_STREAM))
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(made, (hop.address, hop.port))
        undo.pop_all()
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
