"""The demo cloud as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openstack

ROOT = Path(__file__).parents[2]


def clean_environment() -> dict[str, str]:
    """Without OS_... of the shell that runs the tests."""
    return {name: text for name, text in os.environ.items() if not name.startswith("OS_")}


def documents(text: str) -> list[Any]:
    """The JSON documents in a text, in order; what is between them is skipped."""
    found, decoder = [], json.JSONDecoder()
    for line in re.finditer(r"^[\[{]", text, re.MULTILINE):
        try:
            found.append(decoder.raw_decode(text, line.start())[0])
        except json.JSONDecodeError:
            continue
    return found


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    announced: dict[str, Any]
    state: Path

    @property
    def url(self) -> str:
        return str(self.announced["auth_url"]).removesuffix("/identity/v3")

    def control(self, method: str, path: str, content: Any = None) -> httpx.Response:
        headers = {"X-Control-Key": self.announced["control_key"]}
        return httpx.request(method, self.announced["control_url"] + path, json=content, headers=headers)

    def connect(self, user: str = "alice", project: str = "BIO220047", region: str = "IU") -> Any:
        return openstack.connect(
            auth_url=self.announced["auth_url"],
            username=user,
            password="demo",
            project_name=project,
            user_domain_name="Default",
            project_domain_name="Default",
            region_name=region,
            load_yaml_config=False,
            load_envvars=False,
        )

    def openstack(self, *commands: str, region: str = "IU") -> tuple[list[Any], str]:
        """The plain client, as an ordinary user would run it: the JSON that it printed, and its complaints.

        All commands go through one process, as the client itself takes seconds to start."""
        settings = {
            "OS_AUTH_URL": self.announced["auth_url"],
            "OS_USERNAME": "alice",
            "OS_PASSWORD": "demo",
            "OS_PROJECT_NAME": "BIO220047",
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_IDENTITY_API_VERSION": "3",
            "OS_REGION_NAME": region,
            "PYTHONWARNINGS": "ignore",
        }
        done = subprocess.run(
            [str(Path(sys.executable).with_name("openstack"))],
            input="\n".join(commands) + "\n",
            env=clean_environment() | settings,
            cwd=self.state,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return documents(done.stdout), done.stderr

    def end(self, signal_number: int = signal.SIGTERM) -> int:
        self.process.send_signal(signal_number)
        return self.process.wait(timeout=15)


def start(state: Path, *options: str) -> Running:
    announce = state / "announce.json"
    announce.unlink(missing_ok=True)
    command = [sys.executable, "-m", "portal.democloud", "--port", "0", "--state", str(state)]
    command += ["--announce", str(announce), *options]
    process = subprocess.Popen(command, env=clean_environment(), cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not announce.exists():
        assert process.poll() is None, "the cloud ended instead of listening"
        assert time.monotonic() < deadline, "the cloud did not come up"
        time.sleep(0.05)
    running = Running(process, json.loads(announce.read_text()), state)
    while True:
        try:
            httpx.get(f"{running.url}/identity/v3")
        except httpx.ConnectError:
            assert time.monotonic() < deadline, "the cloud does not answer"
            time.sleep(0.05)
        else:
            return running
