"""Real protocols for tests: an OpenID provider and a demo cloud, each a process of its own.

Whoever asks for the fixture `world` gets both, the cloud without machines, and a portal configured for them.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client
from pytest_django import Settings

from portal.cloud import breaker, identity, tokens
from portal.cloud.config import clouds
from portal.cloud.connection import PasswordLogin, forget_versions
from portal.cloud.types import AppCredential

HOST = "127.0.0.1:8000"
PATIENCE = 20.0


@dataclass(frozen=True)
class Process:
    """What a process announced, and its control address."""

    facts: dict[str, Any]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"X-Control-Key": self.facts["control_key"]}
        reply = httpx.request(
            method, self.facts["control_url"] + path, json=body, headers=headers, trust_env=False
        )
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None


@contextlib.contextmanager
def started(module: str, directory: Path, *options: str) -> Iterator[Process]:
    announce = directory / "announce.json"
    with (directory / "log").open("wb") as log:
        command = [sys.executable, "-m", module, "--port", "0", "--announce", str(announce), *options]
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "OIDC_CLIENT_SECRET": ""}
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not announce.exists():
            assert process.poll() is None, (directory / "log").read_text()
            assert time.monotonic() < deadline, f"{module} did not come up"
            time.sleep(0.05)
        time.sleep(0.05)
        yield Process(json.loads(announce.read_text()))
    finally:
        process.terminate()
        process.wait(timeout=10)


@dataclass(frozen=True)
class World:
    provider: Process
    cloud: Process

    def reset(self) -> None:
        self.cloud.control("POST", "/seed", {"seed": "empty"})
        self.cloud.control("DELETE", "/faults")
        self.cloud.control("DELETE", "/calls")

    def fault(self, action: str, **rule: Any) -> None:
        self.cloud.control("POST", "/faults", {"action": action, **rule})

    def mend(self) -> None:
        self.cloud.control("DELETE", "/faults")

    def calls(self) -> dict[str, int]:
        found: dict[str, int] = self.cloud.control("GET", "/calls")["calls"]
        return found

    def sub(self, name: str) -> str:
        found = next(person for person in self.provider.facts["people"] if person["name"] == name)
        return str(found["claims"]["sub"])

    def leave(self, browser: Client, next_url: str = "/") -> str:
        """Press the button: the address at the provider to which the portal leads."""
        response = browser.post(
            f"/accounts/oidc/cilogon/login/?process=login&next={next_url}", HTTP_HOST=HOST
        )
        assert response.status_code == 200, response.content
        return str(response.context["address"])

    def choose(self, address: str, name: str) -> str:
        """Choose a person at the provider: the address back to the portal."""
        response = httpx.post(address, data={"sub": self.sub(name)}, trust_env=False)
        assert response.status_code in (302, 303), response.text
        return response.headers["location"].partition(HOST)[2]

    def sign_in(self, browser: Client, name: str, next_url: str = "/") -> Any:
        """The whole way; what the portal answers at the end of it."""
        back = self.choose(self.leave(browser, next_url), name)
        return browser.get(back, HTTP_HOST=HOST)


def password_of(name: str) -> PasswordLogin:
    return PasswordLogin(cloud="demo", username=name, password="demo", user_domain="Default")


def at_cloud(name: str) -> list[AppCredential]:
    """The application credentials that the person has at the cloud itself."""
    return identity.app_credentials(password_of(name))


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory, no_way_out: None) -> Iterator[World]:
    with started("portal.democloud.oidc", tmp_path_factory.mktemp("oidc")) as provider:
        folder = tmp_path_factory.mktemp("keystone")
        options = ["--state", str(folder), "--seed", "empty", "--no-guests", "--speed", "200"]
        issuer = provider.facts["issuer"]
        with started("portal.democloud", folder, *options, "--oidc-issuer", issuer) as cloud:
            yield World(provider, cloud)


@pytest.fixture
def world(processes: World, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[World]:
    """A provider and a cloud without machines, and a portal that is configured for both."""
    processes.reset()
    facts = processes.provider.facts
    monkeypatch.setenv("DEMO_AUTH_URL", processes.cloud.facts["auth_url"])
    monkeypatch.setenv("OIDC_ISSUER", facts["issuer"])
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = facts["client_id"], facts["client_secret"]
    clouds.cache_clear()
    forget_versions()
    tokens.forget_all()
    breaker.forget_all()
    yield processes
    clouds.cache_clear()
