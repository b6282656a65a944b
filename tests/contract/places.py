"""The clouds that the scenarios run on: the demo cloud always, a real one when CONTRACT_CLOUD names it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.cloud.connection import PasswordLogin

CONF = Path(__file__).resolve().parents[2] / "portal" / "conf"
# Real clouds that may be named, with the password of their test accounts.
REAL = {"lab": os.environ.get("LAB_PASS", "labpass")}


@dataclass(frozen=True)
class Place:
    """One cloud and its accounts: alice and bob in one project, carol in another.

    `patience` is how long, in seconds, one change of state may take; `zone` is where servers are made.
    """

    name: str
    password: str
    project: str = "BIO220047"
    region: str = "IU"
    zone: str | None = None
    patience: float = 20
    look_every: float = 0.1

    @property
    def real(self) -> bool:
        return self.name != "demo"

    def login(self, person: str, project_id: str | None = None) -> PasswordLogin:
        return PasswordLogin(self.name, person, self.password, project_id=project_id)


def names() -> list[str]:
    wanted = os.environ.get("CONTRACT_CLOUD") or "demo"
    if wanted not in {"demo", *REAL}:
        raise RuntimeError(f"CONTRACT_CLOUD={wanted!r}: known are demo, {', '.join(REAL)}")
    return list(dict.fromkeys(["demo", wanted]))


def real_place(name: str) -> Place:
    # Servers of the fake driver: the API's behaviour is what is looked at, not the guests.
    zone = os.environ.get("CONTRACT_ZONE", "fake")
    return Place(name, REAL[name], zone=zone, patience=240, look_every=1.0)


@contextmanager
def demo_place(directory: Path) -> Iterator[Place]:
    announced = directory / "announce.json"
    command = [sys.executable, "-m", "portal.democloud", "--port", "0", "--state", str(directory)]
    options = ["--seed", "demo", "--speed", "50", "--no-guests", "--announce", str(announced)]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([*command, *options], stdout=log, stderr=log)
    try:
        facts = _announced(announced, process, directory / "log")
        os.environ["DEMO_AUTH_URL"] = facts["auth_url"]
        yield Place("demo", "demo")
    finally:
        os.environ.pop("DEMO_AUTH_URL", None)
        process.terminate()
        process.wait(timeout=20)


def _announced(path: Path, process: "subprocess.Popen[bytes]", log: Path) -> dict[str, str]:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        if path.exists():
            facts: dict[str, str] = json.loads(path.read_text())
            return facts
        time.sleep(0.05)
    raise RuntimeError(f"the demo cloud did not start:\n{log.read_text()[-2000:]}")
