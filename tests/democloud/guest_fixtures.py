"""Guests on loopback addresses of their own, and a portal that takes their pushes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from portal.democloud.guest import Guests, GuestSpec

BASE = "127.77.0.0/16"
PORT = 2277
EXOSPHERE = {"exoServerVersion": "6"}
FAST = 200.0  # a boot of 33 s takes 0.17 s


def spec(server_id: str = "server-1", **changes: Any) -> GuestSpec:
    values: dict[str, Any] = {
        "server_id": server_id,
        "name": "my machine",
        "hostname": "my-machine",
        "project_id": "project-1",
        "user_data": None,
        "metadata": dict(EXOSPHERE),
        "key": None,
        "vcpus": 4,
        "ram_mb": 15360,
        "disk_gb": 20,
        "gpus": (),
        "image_name": "Featured-Ubuntu24",
        "boot_seconds": 33.0,
    }
    return GuestSpec(**values | changes)


def cloud_config(files: dict[str, str], **more: Any) -> bytes:
    entries = [{"path": path, "content": content} for path, content in files.items()]
    return b"#cloud-config\n" + json.dumps({"write_files": entries, **more}).encode()


def agent_file(url: str, **changes: Any) -> dict[str, str]:
    config = {"url": url, "instance": "uuid-1", "key": "secret-key", "interval": 0.2}
    return {"/etc/heliosphere/agent.json": json.dumps(config | changes)}


SSHD = """\
TrustedUserCAKeys /etc/ssh/heliosphere_ca.pub
AuthorizedPrincipalsFile /etc/ssh/heliosphere_principals/%u
"""


def certified(ca: asyncssh.SSHKey, user: str = "exouser", *principals: str) -> dict[str, str]:
    return {
        "/etc/ssh/sshd_config.d/10-heliosphere.conf": SSHD,
        "/etc/ssh/heliosphere_ca.pub": ca.export_public_key().decode(),
        f"/etc/ssh/heliosphere_principals/{user}": "\n".join(principals),
    }


def new_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


@contextlib.asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Guests]:
    guests = Guests(BASE, PORT, FAST, **options)
    try:
        yield guests
    finally:
        await guests.close()


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def booted(guests: Guests, one: GuestSpec, address: str | None = None) -> None:
    await guests.boot(one, address)
    await until(lambda: guests.power(one.server_id) == "up")
    await guests.set_address(one.server_id, address)  # returns once it listens there


async def connect(
    guests: Guests, address: str, user: str, *keys: Any, **more: Any
) -> asyncssh.SSHClientConnection:
    options: dict[str, Any] = {"known_hosts": None, "config": None, "agent_path": None} | more
    return await asyncssh.connect(address, guests.ssh_port, username=user, client_keys=list(keys), **options)


@dataclass
class Push:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def samples(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.body)["samples"]
        return found


@dataclass
class FakePortal:
    """Takes pushes over HTTP/1.1 with keep-alive; `answers` is what it says next, then 202."""

    pushes: list[Push] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    connections: int = 0
    server: asyncio.Server | None = None
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/metrics/push"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.split(": ", 1) for line in head[1:] if line)
                headers = {name.lower(): value for name, value in headers.items()}
                body = await reader.readexactly(int(headers["content-length"]))
                self.pushes.append(Push(head[0].split()[1], headers, body))
                writer.write(self.answers.pop(0) if self.answers else said(202, {}))
                await writer.drain()
        writer.close()

    async def close(self) -> None:
        assert self.server is not None
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def said(status: int, content: dict[str, Any], **headers: str) -> bytes:
    body = json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextlib.asynccontextmanager
async def portal() -> AsyncIterator[FakePortal]:
    fake = FakePortal()
    fake.server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    try:
        yield fake
    finally:
        await fake.close()
