"""Applications of a machine as bytes on a socket, and an SSH server on loopback that leads to them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

import asyncssh

from instances.remote.link import Link
from instances.remote.ways import Hop, Way

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Application:
    """A server on a port of loopback. `heard` is what each connection sent; `connections` how many there were."""

    port: int = 0
    connections: int = 0
    heard: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def application(
    talk: Talk, *, host: str = "127.0.0.1", ssl: SSLContext | None = None
) -> AsyncIterator[Application]:
    app = Application()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        app.connections += 1
        try:
            await talk(reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, host, 0, ssl=ssl)
    app.port = server.sockets[0].getsockname()[1]
    try:
        yield app
    finally:
        server.close()


async def head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def answers(*raw: bytes, heard: list[bytes] | None = None) -> Talk:
    """Reads a head, writes the first of `raw`; reads another, writes the second; then closes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for one in raw:
            got = await head(reader)
            if heard is not None:
                heard.append(got)
            writer.write(one)
            await writer.drain()

    return talk


def ok(body: bytes, *more: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *more]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class _Server(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return False

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True


@asynccontextmanager
async def ssh_link() -> AsyncIterator[Link]:
    """A real SSH connection to a server that forwards to its own loopback, as a machine's does."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen("127.0.0.1", 0, server_factory=_Server, server_host_keys=[key])
    port = server.sockets[0].getsockname()[1]
    connection = await asyncssh.connect(
        "127.0.0.1",
        port,
        known_hosts=None,
        config=None,
        username="exouser",
        client_keys=None,
        agent_path=None,
    )
    hop = Hop(
        instance_id="i", address="127.0.0.1", port=port, login="exouser", host_keys=(), certificate=True
    )
    link = Link(Way("i", "blast-node", (hop,)), [connection])
    try:
        yield link
    finally:
        connection.abort()
        server.close()
        await server.wait_closed()
