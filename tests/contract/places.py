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
from typing import Any

import requests

from portal.cloud import identity
from portal.cloud.connection import PasswordLogin
from portal.core.errors import PortalError

CONF = Path(__file__).resolve().parents[2] / "portal" / "conf"
# Real clouds that may be named, with the password of their test accounts.
REAL = {"lab": os.environ.get("LAB_PASS", "labpass")}
# Longer than anything that the demo cloud does, and shorter than it remembers what was deleted.
_LONGEST_STEP = 60.0


class Unusable(Exception):
    """The named cloud cannot be used for the scenarios: they fail, none is skipped."""


@dataclass(frozen=True)
class Control:
    """The demo cloud's control URL: its clock stands still while a scenario watches every state go by."""

    url: str
    key: str

    def clock(self, **change: float) -> None:
        self._post("clock", change)

    def _post(self, path: str, content: dict[str, float]) -> None:
        headers = {"X-Control-Key": self.key}
        requests.post(f"{self.url}/{path}", json=content, headers=headers, timeout=10).raise_for_status()


@dataclass(frozen=True)
class Place:
    """One cloud and its accounts: alice and bob in one project, carol in another.

    `patience` is how long, in seconds, one change of state may take; `zone` is where servers are made and how
    what is recorded of them is filed. `scarce` is a size of which the project may have more than the hosts of
    `scarce_zone` have room for.
    """

    name: str
    password: str
    scarce: str
    project: str = "BIO220047"
    region: str = "IU"
    zone: str | None = None
    scarce_zone: str | None = None
    patience: float = 20
    look_every: float = 0.05
    control: Control | None = None

    @property
    def real(self) -> bool:
        return self.name != "demo"

    @property
    def guests(self) -> bool:
        """Whether something runs inside the servers: Nova's fake driver only pretends."""
        return self.real and self.zone != "fake"

    def login(self, person: str, project_id: str | None = None) -> PasswordLogin:
        return PasswordLogin(self.name, person, self.password, project_id=project_id)

    @contextmanager
    def in_slow_motion(self) -> Iterator[None]:
        """No time goes by on the demo cloud but in `tick`. A real cloud's clock does not stop for anybody."""
        if self.control is None:
            yield
            return
        self.control.clock(freeze=True)
        try:
            yield
        finally:
            self.control.clock(freeze=False)

    def tick(self, seconds: float) -> None:
        """Wait for the next thing to happen: at the most so long on a real cloud."""
        if self.control is None:
            time.sleep(seconds)
        else:
            self.control.clock(to_next=_LONGEST_STEP)

    def let_pass(self, seconds: float) -> None:
        if self.control is None:
            time.sleep(seconds)
        else:
            self.control.clock(advance=seconds)


def names() -> list[str]:
    """The real one first: what it shows is what the demo cloud is then held against."""
    wanted = os.environ.get("CONTRACT_CLOUD") or "demo"
    if wanted not in {"demo", *REAL}:
        raise Unusable(f"CONTRACT_CLOUD={wanted!r}: known are demo, {', '.join(REAL)}")
    return list(dict.fromkeys([wanted, "demo"]))


def real_place(name: str) -> Place:
    # By default servers of the fake driver: the API's behaviour is looked at, not the guests'.
    zone = os.environ.get("CONTRACT_ZONE") or "fake"
    more: dict[str, Any] = {"scarce": "g3.medium", "scarce_zone": "nova"}
    return Place(name, REAL[name], zone=zone, patience=400, look_every=0.5, **more)


def check(place: Place) -> None:
    """Everybody of the cast can sign in and finds the project: said at once, and once, where not."""
    for person in ("alice", "bob", "carol"):
        try:
            held = {project.name for project in identity.projects(place.login(person))}
        except PortalError as error:
            why = f"{person} cannot sign in at {place.name}: {error.id} {error.detail or ''}"
            raise Unusable(why) from error
        if not held or (person == "carol") == (place.project in held):
            raise Unusable(f"{person} of {place.name} holds {sorted(held)}: see tests/contract/places.py")


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
        control = Control(facts["control_url"], facts["control_key"])
        yield Place("demo", "demo", scarce="g5.xl", control=control)
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
    raise Unusable(f"the demo cloud did not start:\n{log.read_text()[-2000:]}")
