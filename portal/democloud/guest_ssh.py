"""The SSH server of a guest: who may sign in, and what they may do then; see `guest_sshd` for its settings."""

import asyncio
import contextlib
import hmac
import re
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import asyncssh
from asyncssh.channel import SSHChannel

from portal.democloud import guest_session, guest_sftp, guest_sshd, guest_users, guest_vnc, guest_wire
from portal.democloud.guest_host import Host
from portal.democloud.guest_screen import Screen
from portal.democloud.guest_trouble import Trouble
from portal.democloud.guest_users import Account

VNC_PORTS = {5900, 5901}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
DESKTOP_SOCKET = "/run/heliosphere-desktop/vnc"
LOGIN_SECONDS = 20
PROHIBITED = asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
Pump = Callable[[asyncssh.SSHReader[bytes], asyncssh.SSHWriter[bytes]], Awaitable[None]]
_EXPIRY = re.compile(r'expiry-time="(\d{8}(?:\d{4}(?:\d{2})?)?)Z?"')
_RESTRICT = re.compile(r"^restrict(?=[, ])")
_NOTHING = "no-pty,no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-user-rc"


class Machine(guest_wire.Machine, Protocol):
    """What the SSH server asks of the machine it runs on."""

    host: Host
    desktop: Screen
    trouble: Trouble

    @property
    def has_screen(self) -> bool: ...
    @property
    def fixed_address(self) -> str: ...
    def service(self, port: int) -> Pump | None: ...
    def neighbour(self, address: str) -> "Machine | None": ...
    def wire_of(self, connection: asyncssh.SSHServerConnection | None) -> guest_wire.Wire | None: ...


class GuestProcess(asyncssh.SSHServerProcess[bytes]):
    """A session without a terminal where sshd gives none."""

    allow_tty = True

    def pty_requested(self, *asked: object) -> bool:
        return self.allow_tty


class GuestServer(asyncssh.SSHServer):
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.connection: asyncssh.SSHServerConnection | None = None
        self.account: Account | None = None
        self.rules = guest_sshd.Rules(allowed=False)

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn

    def begin_auth(self, username: str) -> bool:
        host = self.machine.host
        self.account = guest_users.account(host.files, username)
        if self.account is not None:
            self.rules = guest_sshd.rules(host.sshd, self.account)
        assert self.connection is not None
        with contextlib.suppress(ValueError):  # no usable key: no way in
            keys = self._authorized_keys()
            self.connection.set_authorized_keys(asyncssh.import_authorized_keys(keys))
        return True

    def _authorized_keys(self) -> str:
        """What sshd would go by for this user: keys, and the CA with the principals that the user has."""
        if self.account is None or not self.rules.allowed or not self.rules.keys:
            return ""
        files = self.machine.host.files
        lines = []
        for name in self.rules.key_files:
            path = name.replace("%u", self.account.name).replace("%h", self.account.home)
            text = files.text(path if path.startswith("/") else f"{self.account.home}/{path}")
            lines += [_RESTRICT.sub(_NOTHING, line) for line in text.splitlines() if not _expired(line)]
        if self.rules.ca_file and self.machine.trouble.ssh != "no-cert":
            option = f'cert-authority,principals="{",".join(self._principals(self.account))}"'
            lines += [f"{option} {ca}" for ca in _lines(files.text(self.rules.ca_file))]
        return "\n".join(lines)

    def _principals(self, account: Account) -> list[str]:
        """Of the user's principals file; without one, the user's own name."""
        if not self.rules.principals_file:
            return [account.name]
        found = _lines(self.machine.host.files.text(self.rules.principals_file))
        # What asyncssh would take as a pattern is no principal of ours; nothing at all must not mean anybody.
        return [one for one in found if not set(one) & set('*?!," ')] or ["\0"]

    def password_auth_supported(self) -> bool:
        return self.rules.password and bool(self.machine.host.spec.passphrase)

    def validate_password(self, username: str, password: str) -> bool:
        right = hmac.compare_digest(password.encode(), self.machine.host.spec.passphrase.encode())
        return right and username == "exouser" and self.password_auth_supported()

    def auth_completed(self) -> None:
        if self.machine.trouble.ssh == "half-open" and (wire := self.machine.wire_of(self.connection)):
            asyncio.get_running_loop().call_soon(wire.freeze)

    def session_requested(self) -> asyncssh.SSHServerProcess[bytes] | bool:
        account, rules, machine = self.account, self.rules, self.machine
        if account is None or not rules.sessions:
            return False

        async def session(process: asyncssh.SSHServerProcess[bytes]) -> None:
            await guest_session.serve(machine, account, process, forced=rules.forced)

        def sftp(channel: SSHChannel[bytes]) -> asyncssh.SFTPServer:
            return guest_sftp.FileServer(channel, machine.host, account.who)

        offered = not rules.forced and machine.trouble.ssh != "no-sftp"
        process = GuestProcess(session, sftp if offered else None, 3, allow_scp=False)
        process.allow_tty = rules.tty
        return process

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> Any:
        if not self.rules.lets_open(dest_host, dest_port) or self.machine.trouble.ssh == "no-forwarding":
            raise asyncssh.ChannelOpenError(PROHIBITED, "open failed")
        if dest_host in LOOPBACK:
            if dest_port in VNC_PORTS and self.machine.has_screen and not self.machine.host.data.heliosphere:
                return self._screen
            return self.machine.service(dest_port) or False
        neighbour = self.machine.neighbour(dest_host)
        if neighbour is None or dest_port != 22:
            return False
        return jump_to(neighbour, (self.machine.fixed_address, orig_port))

    def unix_connection_requested(self, dest_path: str) -> Any:
        if not self.rules.sockets or self.machine.trouble.ssh == "no-forwarding":
            raise asyncssh.ChannelOpenError(PROHIBITED, "open failed")
        if dest_path != DESKTOP_SOCKET or not self.machine.has_screen or self.account is None:
            return False
        owner = self.machine.host.data.desktop_user
        may_enter = self.account.name in {"root", owner} or owner in self.account.groups
        return self._screen if may_enter else False

    async def _screen(self, reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
        await guest_vnc.serve(self.machine.desktop, reader, writer, self.machine.trouble)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _expired(line: str) -> bool:
    match = _EXPIRY.search(line)
    if match is None:
        return False
    until = match[1].ljust(14, "0")
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S") >= until


def jump_to(neighbour: Machine, peer: guest_wire.Peer) -> Pump:
    """Carry a forwarded channel to the SSH server of a neighbour, which sees this guest's own address."""

    async def carry(reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        loop = asyncio.get_running_loop()
        inner_reader, inner_writer = await asyncio.open_connection(sock=near)
        await loop.connect_accepted_socket(guest_wire.factory(neighbour, peer), far)
        await between(reader, writer, inner_reader, inner_writer)

    return carry


async def between(
    reader: asyncssh.SSHReader[bytes],
    writer: asyncssh.SSHWriter[bytes],
    inner_reader: asyncio.StreamReader,
    inner_writer: asyncio.StreamWriter,
) -> None:
    """Both ways until either end has gone."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, inner_writer))
            group.create_task(_pump(inner_reader, writer))
    except* (ConnectionError, asyncssh.Error):
        pass  # nobody is left to be told
    finally:
        inner_writer.close()
        writer.close()


class _Source(Protocol):
    async def read(self, n: int = ..., /) -> bytes: ...


class _Sink(Protocol):
    def write(self, data: bytes, /) -> None: ...
    async def drain(self) -> None: ...
    def write_eof(self) -> None: ...


async def _pump(source: _Source, sink: _Sink) -> None:
    while data := await source.read(32 * 1024):
        sink.write(data)
        await sink.drain()
    with contextlib.suppress(OSError):  # the other direction may have ended all of it already
        sink.write_eof()


def options(machine: Machine, host_keys: list[asyncssh.SSHKey]) -> asyncssh.SSHServerConnectionOptions:
    return asyncssh.SSHServerConnectionOptions(
        server_factory=lambda: GuestServer(machine),
        server_host_keys=host_keys,
        login_timeout=LOGIN_SECONDS,
        line_editor=False,
        encoding=None,
        agent_forwarding=False,
        password_auth=True,
        kbdint_auth=False,
        keepalive_interval=0,
        server_version="OpenSSH_9.6p1",
    )
