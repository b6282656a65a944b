"""A whole demo of its own for browser tests, screenshots and benches: every process, on free ports, in a folder of its own."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from portal.demo.state import free_port

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

    def control(
        self, method: str, path: str, body: dict[str, Any] | None = None, cloud: str = "cloud"
    ) -> Any:
        """One request to the control URL of the demo cloud (or `campus`), such as `GET calls` or `POST faults`."""
        announced = json.loads((self.folder / f"{cloud}.json").read_text(encoding="utf-8"))
        answer = httpx.request(
            method,
            f"{announced['control_url']}/{path}",
            json=body,
            headers={"X-Control-Key": announced["control_key"]},
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def api(self, person: str) -> httpx.Client:
        """The REST API as this person."""
        token = self.person(person)["api_token"]
        return httpx.Client(
            base_url=f"{self.url}/api/v1/", headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def environment(self) -> dict[str, str]:
        """What another process needs to open the demo's database and Redis."""
        secret = json.loads((self.folder / "secrets.json").read_text(encoding="utf-8"))
        ports = json.loads((self.folder / "ports.json").read_text(encoding="utf-8"))
        return {
            "DEVELOPMENT": "1",
            "LOG_LEVEL": "WARNING",
            "STATE_DIR": str(self.folder),
            "SITE_URL": self.url,
            "SECRET_KEY": secret["secret_key"],
            "SEAL_KEYS": secret["seal_key"],
            "DATABASE_URL": f"sqlite:///{self.folder}/portal.sqlite3",
            "REDIS_URL": f"redis://:{secret['redis']}@127.0.0.1:{ports['redis']}/0",
            "DEMO_AUTH_URL": f"http://127.0.0.1:{ports['cloud']}/identity/v3",
            "OIDC_ISSUER": f"http://127.0.0.1:{ports['oidc']}",
        }


@contextlib.contextmanager
def demo(
    *,
    speed: float = 20,
    seed: str = "demo",
    config: Path | None = None,
    variables: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    host: str = "127.0.0.1",
) -> Iterator[Demo]:
    """`make demo`'s own command. Raises with what it printed when it does not come up."""
    folder = Path(tempfile.mkdtemp(prefix="helio-demo-"))
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "portal.demo",
        "--port",
        str(port),
        "--state",
        str(folder),
        "--host",
        host,
    ]
    command += ["--no-class", "--speed", str(speed), "--seed", seed, *options]
    if config is not None:
        command += ["--config", str(config)]
    env = {**os.environ, "DEVELOPMENT": "1", **(variables or {})}
    for name in (
        "DATABASE_URL",
        "REDIS_URL",
        "DJANGO_SETTINGS_MODULE",
    ):  # those of the test run are not the demo's
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
        yield Demo(f"http://{host}:{port}", folder, process)
    finally:
        process.terminate()  # not SIGINT, which shells have their background jobs ignore
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        process.kill()  # where it did not end in time; its children end with it
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
