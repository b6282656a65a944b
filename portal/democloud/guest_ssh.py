"""The SSH server of a guest: keys and certificates, shells, its screen, and the way on to its neighbours."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import asyncssh

from portal.democloud import guest_shell, guest_vnc
from portal.democloud.guest_host import Host
from portal.democloud.guest_screen import Screen

VNC_PORTS = {5900, 5901}
VNC_SOCKET_PART = "vnc"
LOGIN_SECONDS = 20
Pump = Callable[[asyncssh.SSHReader[bytes], asyncssh.SSHWriter[bytes]], Awaitable[None]]


class Machine(Protocol):
    """What the SSH server asks of the machine it runs on."""

    host: Host
    screen: Screen
    connections: "set[asyncssh.SSHServerConnection]"

    @property
    def has_screen(self) -> bool: ...
    def authorized_keys(self, user: str) -> str: ...
    def neighbour(self, address: str) -> "Machine | None": ...
    def ssh_options(self) -> asyncssh.SSHServerConnectionOptions: ...


class GuestServer(asyncssh.SSHServer):
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn
        self.machine.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.connection is not None:
            self.machine.connections.discard(self.connection)

    def begin_auth(self, username: str) -> bool:
        keys = self.machine.authorized_keys(username)
        assert self.connection is not None
        with contextlib.suppress(ValueError):  # no usable key: no way in
            self.connection.set_authorized_keys(asyncssh.import_authorized_keys(keys))
        return True

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> Any:
        if dest_host in {"localhost", "127.0.0.1", "::1"}:
            return self._screen if dest_port in VNC_PORTS and self.machine.has_screen else False
        neighbour = self.machine.neighbour(dest_host)
        if neighbour is None or dest_port != 22:
            return False
        return jump_to(neighbour)

    def unix_connection_requested(self, dest_path: str) -> Any:
        return self._screen if VNC_SOCKET_PART in dest_path and self.machine.has_screen else False

    async def _screen(self, reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
        await guest_vnc.serve(self.machine.screen, reader, writer)


def jump_to(neighbour: Machine) -> Pump:
    """Carry a forwarded channel to the SSH server of a neighbour that has no public address."""

    async def carry(reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        inner_reader, inner_writer = await asyncio.open_connection(sock=near)
        server = asyncio.ensure_future(asyncssh.run_server(far, options=neighbour.ssh_options()))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, inner_writer))
                group.create_task(_pump(inner_reader, writer))
        except* (ConnectionError, asyncssh.Error):
            pass  # either end has gone
        finally:
            inner_writer.close()
            writer.close()
            server.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError, asyncssh.Error):
                (await server).abort()

    return carry


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
    sink.write_eof()


def options(machine: Machine, host_keys: list[asyncssh.SSHKey]) -> asyncssh.SSHServerConnectionOptions:
    async def session(process: asyncssh.SSHServerProcess[str]) -> None:
        await guest_shell.serve(machine.host, process)

    return asyncssh.SSHServerConnectionOptions(
        server_factory=lambda: GuestServer(machine),
        server_host_keys=host_keys,
        process_factory=session,
        login_timeout=LOGIN_SECONDS,
        allow_scp=False,
        password_auth=False,
        kbdint_auth=False,
        server_version="OpenSSH_9.6p1",
    )
