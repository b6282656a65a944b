"""A whole demo of its own for browser tests, screenshots and benches: every process, on free ports, in a folder of its own."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0


@dataclass(frozen=True)
class Demo:
    url: str
    folder: Path
    process: "subprocess.Popen[bytes]"

    @property
    def people(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.folder / "people.json").read_text(encoding="utf-8"))
        return found

    def person(self, sign_in: str) -> dict[str, Any]:
        return next(person for person in self.people if person["sign_in"] == sign_in)

    @property
    def cloud(self) -> dict[str, Any]:
        """What the demo cloud announced: `auth_url`, `control_url`, `control_key`."""
        found: dict[str, Any] = json.loads((self.folder / "cloud.json").read_text(encoding="utf-8"))
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def demo(*, speed: float = 20) -> Iterator[Demo]:
    """`make demo`'s own command. Raises with what it printed when it does not come up."""
    folder = Path(tempfile.mkdtemp(prefix="helio-demo-"))
    port = free_port()
    command = [sys.executable, "-m", "portal.demo", "--port", str(port), "--state", str(folder), "--speed", str(speed)]
    env = {**os.environ, "DEVELOPMENT": "1"}
    for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"):  # those of the test run are not the demo's
        env.pop(name, None)
    output = folder / "demo.log"
    with output.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + START_SECONDS
        while not (folder / "people.json").exists():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the demo did not start:\n{output.read_text(errors='replace')}")
            time.sleep(0.2)
        yield Demo(f"http://127.0.0.1:{port}", folder, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
