"""OpenSSH's own sshd on loopback, with a configuration of its own: what real machines do with what we tell them.

Never touches the configuration of the machine that the tests run on, and needs root only to write like root does.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")
MISSING = "no OpenSSH server here: apt-get install openssh-server"


def needed() -> None:
    """Skips where there is none, and fails where that must not be."""
    if SSHD is not None and os.geteuid() == 0:
        return
    why = MISSING if SSHD is None else "sshd answers for other accounts only as root"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@dataclass(frozen=True)
class Sshd:
    """`etc` stands for /etc/ssh."""

    etc: Path
    port: int
    login: str
    process: "subprocess.Popen[bytes]"

    @property
    def pid_file(self) -> Path:
        return self.etc.parent / "sshd.pid"

    @property
    def main(self) -> Path:
        return self.etc / "sshd_config"

    @property
    def host_key(self) -> str:
        return " ".join((self.etc / "ssh_host_ed25519_key.pub").read_text().split()[:2])

    def files(self) -> dict[str, str]:
        found = sorted(path for path in self.etc.rglob("*") if path.is_file())
        return {str(path.relative_to(self.etc)): path.read_text() for path in found}

    def until_ready(self) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as made:
                made.settimeout(1)
                if made.connect_ex(("127.0.0.1", self.port)) == 0 and made.recv(3) == b"SSH":
                    return
            time.sleep(0.02)
        raise AssertionError("sshd does not answer")


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def start(folder: Path, *, include: bool = True, more: str = "", home: Path | None = None) -> Iterator[Sshd]:
    """`include`: it reads drop-ins, as OpenSSH 8.2 and later do. Logins are those of this machine; over SFTP they
    begin in `home`, where one is given."""
    needed()
    assert SSHD is not None
    etc, port = folder / "ssh", free_port()
    (etc / "sshd_config.d").mkdir(parents=True)
    if not include:
        (etc / "sshd_config.d").rmdir()
    key = etc / "ssh_host_ed25519_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    lines = [f"Include {etc}/sshd_config.d/*.conf"] if include else []
    lines += [f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {key}", f"PidFile {folder}/sshd.pid"]
    lines += ["StrictModes no", "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no"]
    lines += ["PermitRootLogin prohibit-password", f"AuthorizedKeysFile {folder}/authorized_keys"]
    lines += [f"Subsystem sftp internal-sftp{f' -d {home}' if home else ''}", more]
    (etc / "sshd_config").write_text("\n".join(lines) + "\n")
    Path("/run/sshd").mkdir(exist_ok=True)
    command = [SSHD, "-D", "-e", "-f", str(etc / "sshd_config")]
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    made = Sshd(etc, port, pwd.getpwuid(os.geteuid()).pw_name, process)
    try:
        made.until_ready()
        yield made
    finally:
        process.terminate()
        process.wait(10)
