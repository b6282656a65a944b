"""A portal whose sockets process runs by itself, and OpenSSH's sshd as the machine of many people. All on loopback."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml

from portal.demo.state import free_port
from tests.bench.database import portal_in_this_process

BASE = Path(__file__).resolve().parents[3]
DEMO = BASE / "portal/conf/demo"
# More than any bench asks for: the limits are not what is measured.
_LIMITS = {"most_per_person": 5000, "most_per_process": 5000}
_SSHD = "MaxStartups 2000\nMaxSessions 64\nLoginGraceTime 120\nPrintMotd no\nPrintLastLog no\n"


@dataclass
class Place:
    """`people` are the session cookies of as many people, who may all log in to the machine."""

    url: str
    pid: int
    instance: str
    ssh: list[str]
    people: list[str]

    def memory(self) -> int:
        """Resident bytes of the sockets process."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return int(text.split("VmRSS:")[1].split()[0]) * 1024


@contextmanager
def place(people: int) -> Iterator[Place]:
    with portal_in_this_process() as folder:
        from tests.instances.remote import sshd

        trust = f"TrustedUserCAKeys {folder}/sshd/ca.pub\nAuthorizedPrincipalsFile {folder}/sshd/principals\n"
        for guest in sshd.start(_made(folder / "sshd"), more=trust + _SSHD):
            instance, cookies = _rows(folder / "sshd", guest, people)
            port = free_port()
            with _sockets(folder, port, guest.port) as process:
                url = f"http://127.0.0.1:{port}"
                yield Place(url, process.pid, instance, _plain_ssh(folder / "sshd", guest), cookies)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _rows(folder: Path, guest: Any, people: int) -> tuple[str, list[str]]:
    from django.utils import timezone

    from instances.models import Teammate
    from instances.remote import authority
    from instances.remote.models import MachineTrust
    from tests import cast
    from tests.instances import rows

    allocation = cast.make_allocation()
    keys = authority.trusted()
    found = []
    machine = rows.machine(allocation, public_address="127.0.0.1", host_keys=[guest.host_key])
    MachineTrust.objects.create(
        instance=machine, login=guest.login, authorities=keys, how="launch", at=timezone.now()
    )
    (folder / "ca.pub").write_text("".join(f"{key}\n" for key in keys), encoding="utf-8")
    (folder / "principals").write_text(authority.principal(machine.pk, guest.login) + "\n", encoding="utf-8")
    for number in range(people):
        user = cast.make_user(f"person{number}")
        cast.join(user, allocation)
        Teammate.objects.create(instance=machine, user=user, at=timezone.now())
        found.append(_cookie(user))
    return str(machine.pk), found


def _cookie(user: Any) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _plain_ssh(folder: Path, guest: Any) -> list[str]:
    """The command of OpenSSH's client to the same sshd, with a key of its own and the host key checked."""
    key = folder / "plain"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    (folder / "authorized_keys").write_bytes(key.with_suffix(".pub").read_bytes())
    known = folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{guest.port} {guest.host_key}\n", encoding="utf-8")
    options = [
        f"UserKnownHostsFile={known}",
        "StrictHostKeyChecking=yes",
        "IdentitiesOnly=yes",
        "LogLevel=ERROR",
    ]
    return [
        *("ssh", "-F", "/dev/null", "-tt", "-e", "none", "-i", str(key), "-p", str(guest.port)),
        *(word for option in options for word in ("-o", option)),
        f"{guest.login}@127.0.0.1",
    ]


@contextmanager
def _sockets(folder: Path, port: int, ssh_port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The command of docker-compose.yml's group `sockets`, with limits that do not stand in the way."""
    config = yaml.safe_load((DEMO / "portal.yaml").read_text(encoding="utf-8"))
    config["remote"] = _LIMITS
    (folder / "portal.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PORTAL_CONFIG": str(folder / "portal.yaml"),
        "DEMO_SSH_PORT": str(ssh_port),
        "SITE_URL": f"http://127.0.0.1:{port}",
    }
    words = ["--host", "127.0.0.1", "--port", str(port), "--lifespan", "off", "--ws", "websockets-sansio"]
    command = [sys.executable, "-m", "uvicorn", "portal.asgi:application", *words, "--no-access-log"]
    with (folder / "sockets.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=BASE, env=env, stdout=log, stderr=log)
    try:
        _until_up(f"http://127.0.0.1:{port}/healthz?only=database", process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_up(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the sockets process did not start")
