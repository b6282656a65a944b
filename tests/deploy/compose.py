"""Runs the commands of docker-compose.yml, as written, without Docker.

`python -m tests.deploy.compose` is started in network and mount namespaces of its own (`unshare`), where the services'
host names are loopback, `0.0.0.0` reaches nobody, and `/run/secrets` and `/etc/heliosphere` are what the file mounts there.
Prints one JSON object of what the proxy answered.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.postgres import server

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SITE = "https://portal.example.org"
SETTINGS = {
    "SITE_URL": SITE,
    "ALLOWED_HOSTS": "portal.example.org",
    "PORTS_SITE": "https://ports.example.net",
    "OIDC_CLIENT_ID": "cilogon:/client_id/test",
    "OIDC_ISSUER": "http://127.0.0.1:9998",
}
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def resolve(text: str, env: dict[str, str]) -> str:
    """`${NAME:-default}` and `${NAME:?message}` as Compose reads them."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if env.get(name):
            return env[name]
        if kind == "?":
            raise KeyError(f"{name}: {rest}")
        return rest or ""

    return _VARIABLE.sub(value, text)


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def environment(service: dict[str, Any]) -> dict[str, str]:
    given = {name: resolve(str(value), SETTINGS) for name, value in service.get("environment", {}).items()}
    return {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": "/tmp", "LANG": "C.UTF-8", **given}


class Stack:
    """Starts services in the order of the file and ends them all."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.services: dict[str, dict[str, Any]] = compose()["services"]
        self.database_url = database_url

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-3000:]

    def start(self, name: str, command: list[str], env: dict[str, str]) -> None:
        # Redis keeps its data where it stands.
        place = self.folder if name == "redis" else ROOT
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                command, cwd=place, env=env, stdout=log, stderr=subprocess.STDOUT
            )

    def service(self, name: str, **more: str) -> None:
        service = self.services[name]
        self.start(name, service["command"], {**environment(service), **more})

    def once(self, name: str, **more: str) -> None:
        self.service(name, **more)
        if self.running.pop(name).wait(180):
            raise RuntimeError(f"{name} failed:\n{self.log(name)}")

    def healthy(self, name: str) -> None:
        kind, *command = self.services[name]["healthcheck"]["test"]
        shown = ["sh", "-c", command[0]] if kind == "CMD-SHELL" else command
        # In the container the server's socket is where clients look; here the same host is reached over loopback.
        env = {**os.environ, "PGHOST": "127.0.0.1"}
        said = ""
        for _ in range(60):
            done = subprocess.run(shown, capture_output=True, text=True, check=False, env=env)
            if done.returncode == 0:
                return
            said = done.stdout + done.stderr
            time.sleep(0.2)
        raise RuntimeError(f"{name} never became healthy: {said}")

    def stop(self, name: str) -> None:
        process = self.running.pop(name)
        process.terminate()
        process.wait(40)

    def end(self) -> None:
        for process in reversed(self.running.values()):
            process.terminate()
        for process in self.running.values():
            process.wait(30)


def mounts(folder: Path, database_url: str) -> None:
    """The host names, secrets and configuration of the file, inside this mount namespace only."""
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost database redis web sockets ports\n")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    secrets = folder / "secrets"
    secrets.mkdir()
    values = {
        "database_url": database_url,
        "redis_url": "redis://redis:6379/0",
        "secret_key": "x" * 60,
        "seal_keys": "y" * 60,
        "oidc_client_secret": "z" * 20,
    }
    for name, value in values.items():
        (secrets / name).write_text(value)
    for target, source in {"/run/secrets": secrets, "/etc/heliosphere": ROOT / "portal/conf/demo"}.items():
        Path(target).mkdir(exist_ok=True)
        subprocess.run(["mount", "--bind", source, target], check=True)


def ask(path: str, **headers: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:8080{path}", headers={"Host": "portal.example.org", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return {"status": answer.status, "body": answer.read().decode(), "headers": dict(answer.headers)}
    except urllib.error.HTTPError as refused:
        return {"status": refused.code, "body": refused.read().decode(), "headers": dict(refused.headers)}


def until_healthy(seconds: float = 90) -> dict[str, Any]:
    end = time.monotonic() + seconds
    found: dict[str, Any] = {}
    while time.monotonic() < end:
        try:
            found = ask("/healthz")
        except OSError as error:
            found = {"status": 0, "body": str(error)}
        if found["status"] == 200:
            break
        time.sleep(1)
    return found


# A person who is signed in: printed is the key of their session.
SIGNED_IN = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from portal.accounts.models import User
user = User(username="deploy", issuer="deploy", subject="deploy")
user.set_unusable_password()
user.save()
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print(session.session_key)
"""


def while_web_is_deployed(stack: Stack, demo: dict[str, str]) -> dict[str, Any]:
    """What an open page hears before, while and after the processes of `web` are others; and that they were gone."""
    env = {**environment(stack.services["web"]), **demo}
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", SIGNED_IN]
    made = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    page = connect(
        "ws://portal.example.org/ws/live/",
        sock=socket.create_connection(("127.0.0.1", 8080)),
        origin=Origin(SITE),
        additional_headers={"Cookie": f"sessionid={made.stdout.split()[-1]}"},
    )
    heard, without_web = [], 0
    with page:
        for part in ("before", "while", "after"):
            if part == "while":
                stack.stop("web")
                without_web = ask("/")["status"]
            elif part == "after":
                stack.service("web", **demo)
                until_healthy()
            page.send('{"ping":1}')
            heard.append(page.recv(timeout=20))
    return {"heard": heard, "without_web": without_web}


def run() -> dict[str, Any]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder = Path(tempfile.mkdtemp(prefix="helio-compose-"))
    with server(port=5432) as database_url:
        url = database_url.replace("127.0.0.1", "database")
        mounts(folder, url)
        stack = Stack(folder, url)
        demo = {"DEMO_AUTH_URL": "http://127.0.0.1:9997/identity/v3", "STATE_DIR": str(folder)}
        try:
            stack.start(
                "cloud",
                [
                    sys.executable,
                    "-m",
                    "portal.democloud",
                    "--port",
                    "9997",
                    "--state",
                    str(folder / "cloud"),
                ],
                dict(os.environ),
            )
            stack.healthy("database")
            stack.service("redis")
            stack.healthy("redis")
            stack.once("migrate", **demo)
            collect = ["python", "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
            subprocess.run(collect, cwd=ROOT, env={**environment(stack.services["web"]), **demo}, check=True)
            for name in ("web", "sockets", "ports", "worker-operations", "worker-background", "beat"):
                stack.service(name, **demo)
            stack.start(
                "proxy",
                ["nginx", "-g", "daemon off;", "-c", str(ROOT / "docs/deploy/nginx.conf")],
                dict(os.environ),
            )
            health = until_healthy()
            upgrade = {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                "Origin": SITE,
            }
            return {
                "health": health,
                "landing": ask("/", **{"X-Forwarded-Proto": "https"}),
                "socket_of_a_stranger": ask("/ws/live/", **upgrade),
                "port_of_a_stranger": ask("/lab", Host=f"p8888-{'a' * 26}.ports.example.net"),
                "no_port": ask("/healthz", Host="ports.example.net"),
                "deployed": while_web_is_deployed(stack, demo),
                "ended": [name for name, process in stack.running.items() if process.poll() is not None],
                "logs": {name: stack.log(name) for name in stack.running},
            }
        finally:
            stack.end()


if __name__ == "__main__":
    print(json.dumps(run()))
