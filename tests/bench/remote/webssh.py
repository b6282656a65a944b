"""WebSSH (PyPI: Tornado and paramiko) as a terminal that is measured beside ours: another's web shell to the same sshd."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from urllib.error import URLError
from urllib.request import urlopen

import httpx
from websockets.asyncio.client import ClientConnection, connect

from portal.demo.state import free_port
from tests.bench.remote.place import Place

RELEASE = "webssh==1.6.3"


@dataclass(frozen=True)
class Running:
    url: str
    pid: int


@contextmanager
def running() -> Iterator[Running]:
    """Installed into an environment of its own, which ends with the run."""
    with TemporaryDirectory(prefix="helio-webssh-") as folder:
        python = Path(folder) / "venv/bin/python"
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", RELEASE], check=True)
        port = free_port()
        words = [
            f"--port={port}",
            "--address=127.0.0.1",
            "--xsrf=False",
            "--policy=autoadd",
            "--maxconn=1000",
        ]
        process = subprocess.Popen(
            [str(python), "-m", "webssh.main", *words, f"--hostfile={folder}/known", "--logging=error"],
            cwd=folder,
            env={"HOME": folder, "PATH": str(python.parent)},
            # It tells of every page that went away in the midst of a flood, thousands of lines each.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _until_up(f"http://127.0.0.1:{port}/", process)
            yield Running(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            process.wait(10)


def _until_up(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(url, timeout=1):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError("webssh did not start")


class WebSsh:
    """Its page's part: a form with a private key, then a socket that takes JSON and gives bytes."""

    def __init__(self, place: Place, running: Running) -> None:
        self.place = place
        self.running = running
        self.key = Path(place.ssh[place.ssh.index("-i") + 1]).read_bytes()
        self.socket: ClientConnection

    async def __aenter__(self) -> "WebSsh":
        words = self.place.ssh
        login, host = words[-1].split("@")
        form = {
            "hostname": host,
            "port": words[words.index("-p") + 1],
            "username": login,
            "term": "xterm-256color",
        }
        async with httpx.AsyncClient(timeout=60) as http:
            answer = await http.post(
                self.running.url + "/", data=form, files={"privatekey": ("key", self.key)}
            )
        given = answer.raise_for_status().json()
        if not given.get("id"):
            raise RuntimeError(f"webssh did not connect: {given.get('status')}")
        address = self.running.url.replace("http", "ws") + f"/ws?id={given['id']}"
        self.socket = await connect(address, max_queue=4, compression=None, max_size=None)
        await self.socket.send(json.dumps({"resize": [80, 24]}))
        await self.until(b"# ")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()

    async def read(self) -> bytes:
        found = await self.socket.recv()
        return found if isinstance(found, bytes) else found.encode()

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(60):
            seen = b""
            while text not in seen:
                seen = seen[-len(text) :] + await self.read()

    async def write(self, data: bytes) -> None:
        await self.socket.send(json.dumps({"data": data.decode()}))
