"""The agent and the sshd of another release, run in its root directory on this machine's loopback."""

import contextlib
import hashlib
import hmac
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from portal.demo.state import free_port
from tests.lab.guest_checks import Check
from tests.lab.guest_portal import new_key
from tests.lab.guest_ssh import USER, Guest

PUSH_SECONDS = 40.0
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
# The first process stays outside the root directory: by that systemctl sees a chroot, and starts nothing.
ENTER = (
    "mount -t proc proc $0/proc && mount -t sysfs sysfs $0/sys && mount --rbind /dev $0/dev && "
    'ip link set lo up; chroot $0 "$@"; exit $?'
)


@dataclass(frozen=True)
class Root:
    """A root directory of another release."""

    path: Path

    def words(self, *command: str, own_network: bool = True) -> list[str]:
        """In mounts, processes and a host name of its own."""
        spaces = ["--mount", "--propagation=private", "--uts", "--pid", "--fork", "--kill-child"]
        spaces += ["--net"] if own_network else []
        return ["unshare", *spaces, "sh", "-c", ENTER, str(self.path), *command]

    def run(self, command: str, *, seconds: int = 300) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.words("sh", "-c", command),
            capture_output=True,
            text=True,
            env=ENV,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )


class Listener(HTTPServer):
    """Keeps what was pushed, with whether it was signed with the key that guests are given."""

    def __init__(self, key: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.key = key
        self.pushes: list[tuple[bool, str, int]] = []
        self.timeout = 1.0


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = self.headers["X-Helio-Time"].encode() + b"\n" + body
        expected = hmac.new(self.server.key.encode(), message, hashlib.sha256).hexdigest()
        signed = hmac.compare_digest(expected, self.headers["X-Helio-Signature"])
        samples = json.loads(body)["samples"]
        self.server.pushes.append((signed, self.headers["User-Agent"], len(samples)))
        self.send_response(202)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        return


def agent_pushes(root: Root) -> Iterator[Check]:
    """As its own account, by the command of its unit, with the release's own Python."""
    path = root.path / "etc/heliosphere/agent.json"
    config = json.loads(path.read_text())
    listener = Listener(config["key"])
    told = {**config, "url": f"http://127.0.0.1:{listener.server_port}/metrics/push", "interval": 1}
    path.write_text(json.dumps(told))
    unit = (root.path / "etc/systemd/system/heliosphere-agent.service").read_text()
    start = unit.split("ExecStart=", 1)[1].splitlines()[0]
    words = root.words("su", "-s", "/bin/sh", "-c", start, "heliosphere", own_network=False)
    with running(words) as process:
        end = time.monotonic() + PUSH_SECONDS
        while len(listener.pushes) < 2 and time.monotonic() < end and process.poll() is None:
            listener.handle_request()
    listener.server_close()
    good = len(listener.pushes) >= 2 and all(signed for signed, _, _ in listener.pushes)
    yield Check("the agent pushes signed samples", good, str(listener.pushes))
    names = {agent for _, agent, _ in listener.pushes}
    yield Check("it tells its version", names == {f"heliosphere-agent/{config['version']}"}, str(names))


@contextlib.contextmanager
def running(words: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """With its end, all that it started ends too: its namespace of processes goes."""
    process = subprocess.Popen(words, env=ENV, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


def certificates(root: Root, own: str, authority: Path, folder: Path) -> Iterator[Check]:
    """Logins with certificates, by the sshd of that release with the configuration that the set-up left."""
    folder.mkdir()
    port = free_port()
    guest = Guest("127.0.0.1", new_key(folder / "none"), folder, port)
    files = root.path.glob("etc/ssh/ssh_host_*_key.pub")
    guest.trust(tuple(" ".join(path.read_text().split()[:2]) for path in files))
    cases = (
        ("a certificate for this machine logs in", True, authority, own, "-1m:+5m"),
        ("one for another machine is refused", False, authority, f"0192bbbb:{USER}", "-1m:+5m"),
        ("one that has expired is refused", False, authority, own, "-20m:-10m"),
        ("one of another authority is refused", False, new_key(folder / "other"), own, "-1m:+5m"),
    )
    serve = f"mkdir -p /run/sshd; exec /usr/sbin/sshd -D -p {port} -o ListenAddress=127.0.0.1"
    with running(root.words("sh", "-c", serve, own_network=False)):
        time.sleep(2)
        for name, allowed, by, principal, validity in cases:
            done = guest.run("id -un", key=guest.certificate(by, principal, validity=validity))
            yield Check(name, (done.code == 0 and done.text == USER) is allowed, done.text + done.error)
