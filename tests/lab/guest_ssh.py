"""SSH to a guest as a careful person does: its host keys are those that its console log told, or nothing is said."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab.guest_portal import new_key

CONNECT_SECONDS = 30
RUN_SECONDS = 300
USER = "exouser"


@dataclass(frozen=True)
class Answer:
    code: int
    text: str
    error: str


@dataclass(frozen=True)
class Guest:
    """`key`: the private half of the key chosen at launch. `folder`: where known_hosts and certificates lie."""

    address: str
    key: Path
    folder: Path
    port: int = 22

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def trust(self, host_keys: tuple[str, ...]) -> None:
        """From here on only these are accepted."""
        name = self.address if self.port == 22 else f"[{self.address}]:{self.port}"
        lines = [f"{name} {key}\n" for key in host_keys]
        self.known_hosts.write_text("".join(lines), encoding="utf-8")

    def command(self, *words: str, key: Path | None = None, user: str = USER) -> list[str]:
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self.known_hosts),
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "ConnectTimeout": str(CONNECT_SECONDS),
            "ServerAliveInterval": "5",
            "LogLevel": "ERROR",
        }
        flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        start = ["ssh", "-F", "none", "-p", str(self.port), "-i", str(key or self.key)]
        return [*start, *flags, f"{user}@{self.address}", *words]

    def run(self, command: str, *, key: Path | None = None, user: str = USER) -> Answer:
        try:
            done = subprocess.run(
                self.command(command, key=key, user=user),
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=RUN_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Answer(255, "", "timed out")
        return Answer(done.returncode, done.stdout.strip(), done.stderr.strip())

    def root(self, command: str) -> str:
        """What it printed as root; RuntimeError when it failed."""
        done = self.run(f"sudo -n sh -c {shlex.quote(command)}")
        if done.code:
            raise RuntimeError(f"{command}: {done.code} {done.text} {done.error}")
        return done.text

    def until_reached(self, seconds: float) -> float:
        """Until a login works; how long that took."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            done = self.run("true")
            if done.code == 0:
                return time.monotonic() - began
            time.sleep(1)
        raise AssertionError(f"no login within {seconds:.0f} s: {done.error}")

    @contextlib.contextmanager
    def tunnel(self, port: int) -> Iterator[None]:
        """In the guest, 127.0.0.1:`port` is the portal on this machine; kept up while the guest restarts."""
        forward = f"127.0.0.1:{port}:127.0.0.1:{port}"
        options = ["-o", "ExitOnForwardFailure=yes", "-N", "-R", forward]
        inner = self.command()
        command = [*inner[:-1], *options, inner[-1]]
        # A login that was cut off by a restart is tried again until this loop is ended.
        loop = f"while :; do {shlex.join(command)}; sleep 1; done"
        process = subprocess.Popen(
            ["sh", "-c", loop], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            yield
        finally:
            _end_session(process)

    def certificate(
        self, authority: Path, principal: str, *, validity: str = "-1m:+5m", name: str = "cert"
    ) -> Path:
        """A new key with a certificate of `authority`, beside which ssh finds it."""
        key = new_key(self.folder / f"{name}-{time.monotonic_ns()}")
        command = ["ssh-keygen", "-q", "-s", str(authority), "-I", name, "-n", principal, "-V", validity]
        subprocess.run([*command, str(key.with_suffix(".pub"))], check=True, capture_output=True)
        return key


def _end_session(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    process.wait(10)
