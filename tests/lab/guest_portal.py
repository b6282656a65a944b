"""The whole portal on the lab cloud: every process, with a state, a port and an SSH certificate authority of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.demo import state
from portal.demo.state import free_port

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "portal/conf/lab"
START_SECONDS = 180.0
NOT_OURS = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class LabPortal:
    """`authority`: the private key that signs SSH certificates. `port`: where the portal listens, on loopback."""

    url: str
    port: int
    folder: Path
    authority: Path


def new_key(path: Path) -> Path:
    """A fresh SSH key pair; `path` is its private half."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def public_half(key: Path) -> str:
    return key.with_suffix(".pub").read_text(encoding="utf-8").strip()


@contextlib.contextmanager
def lab_portal(folder: Path, *, config: Path = CONFIG, push_url: str | None = None) -> Iterator[LabPortal]:
    """`push_url`: what guests are told; None: this portal's own address, which a guest sees through a tunnel only."""
    port = free_port()
    authority = new_key(folder / "authority")
    env = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    env["DEVELOPMENT"] = "1"
    env["METRICS_PUSH_URL"] = f"http://127.0.0.1:{port}/metrics/push" if push_url is None else push_url
    command = [sys.executable, "-m", "portal.demo", "--config", str(config), "--seed", "empty"]
    command += ["--port", str(port), "--state", str(folder)]
    with (folder / "portal.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(process, folder)
        _take_authority(env, folder, authority)
        yield LabPortal(f"http://127.0.0.1:{port}", port, folder, authority)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _take_authority(env: dict[str, str], folder: Path, authority: Path) -> None:
    """The portal signs with our key, so that these checks can sign as it does."""
    secret = state.kept_secrets(folder)
    own = {
        "STATE_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/portal.sqlite3",
        "SECRET_KEY": secret["secret_key"],
        "SEAL_KEYS": secret["seal_key"],
    }
    command = [sys.executable, "manage.py", "ssh_ca", "create", "--private-key", str(authority)]
    subprocess.run(command, cwd=ROOT, env={**env, **own}, check=True, stdout=subprocess.DEVNULL)


def _wait(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while not (folder / "people.json").exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the portal did not start:\n{(folder / 'portal.log').read_text()}")
        time.sleep(0.3)
