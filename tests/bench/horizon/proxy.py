"""A counting reverse proxy on loopback before every service of the lab: what passes it, and nothing else, is counted.

Clients learn the services' addresses from Keystone's catalogue. So a client that is given this proxy as its Keystone gets
answers in which each service's address is the proxy's own, and all its calls come here. The lab is not changed, and calls
of other people on the same cloud are not counted.
"""

import http.client
import json
import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SERVICES = {
    "keystone": 5000,
    "keystone-federation": 5001,
    "nova": 8774,
    "glance": 9292,
    "neutron": 9696,
    "cinder": 8776,
    "placement": 8778,
}
_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade"}
)
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Call:
    at: float
    service: str
    method: str
    path: str
    status: int
    seconds: float
    # Whose connection it came over, of the processes that `Counting.watch` names.
    process: str
    # That of the token; empty without one, or with one for no project.
    project: str

    @property
    def shape(self) -> str:
        """The call with ids left out: `nova GET /v2.1/servers/{id}`."""
        return f"{self.service} {self.method} {_UUID.sub('{id}', self.path.partition('?')[0])}"


@dataclass
class Counting:
    """What passed, and where: `port("keystone")` is where clients are sent."""

    ports: dict[str, int]
    calls: list[Call] = field(default_factory=list)
    watched: dict[str, int] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=dict)

    @property
    def auth_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['keystone']}/v3"

    def watch(self, name: str, pid: int) -> None:
        """Calls over connections of this process are marked with `name` from now on."""
        self.watched[name] = pid

    def since(self, at: float, until: float = float("inf")) -> list[Call]:
        return [call for call in list(self.calls) if at <= call.at < until]

    def learn(self, token: str | None, content: bytes) -> str:
        """The project of a token that Keystone has just given out."""
        with suppress(ValueError, KeyError, TypeError):
            if token:
                self.projects[token] = str(json.loads(content)["token"]["project"]["name"])
        return self.projects.get(token or "", "")


def of_project(calls: list[Call], project: str) -> list[Call]:
    """Without what was done for other projects of the same person."""
    return [call for call in calls if call.project in ("", project)]


def by_service(calls: list[Call]) -> dict[str, int]:
    return dict(sorted(Counter(call.service for call in calls).items()))


def by_shape(calls: list[Call]) -> dict[str, int]:
    return dict(Counter(call.shape for call in calls).most_common())


def _process(port: int, watched: dict[str, int]) -> str:
    """Which of the watched processes has the connection from this port of loopback open."""
    inode = "none"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if int(columns[1].partition(":")[2], 16) == port and columns[9] != "0":
            inode = f"socket:[{columns[9]}]"
    for name, pid in watched.items():
        if inode in _open_files(pid):
            return name
    return ""


def _open_files(pid: int) -> Iterator[str]:
    """Empty for a process that has ended."""
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                yield os.readlink(entry)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: str
    counting: Counting
    process = ""

    def setup(self) -> None:
        super().setup()
        if self.counting.watched:
            self.process = _process(self.client_address[1], self.counting.watched)

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        at, began = time.time(), time.perf_counter()
        upstream = http.client.HTTPConnection("127.0.0.1", SERVICES[self.service], timeout=120)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            # The services answer in plain text, so that their addresses can be exchanged.
            headers |= {"Accept-Encoding": "identity", "Content-Length": str(len(body))}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            content = self.exchanged(answer.read())
        except (OSError, http.client.HTTPException):
            self.send_error(502, "The service did not answer")
            return
        finally:
            upstream.close()
        took = time.perf_counter() - began
        signed_in = self.counting.learn(answer.getheader("X-Subject-Token"), content)
        project = signed_in or self.counting.projects.get(self.headers.get("X-Auth-Token", ""), "")
        about = (self.service, self.command, self.path, answer.status)
        self.counting.calls.append(Call(at, *about, took, self.process, project))
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, self.exchanged(value.encode("latin-1")).decode("latin-1"))
        if self.command != "HEAD" and answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_any

    def exchanged(self, content: bytes) -> bytes:
        for service, port in SERVICES.items():
            here = self.counting.ports[service]
            content = content.replace(b"127.0.0.1:%d" % port, b"127.0.0.1:%d" % here)
        return content

    def log_message(self, format: str, *args: object) -> None:
        """The calls are the log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left before its answer is no trouble of ours; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def counting() -> Iterator[Counting]:
    """One listener for each service on ports of its own."""
    found = Counting({})
    servers = []
    for service in SERVICES:
        handler = type(f"_{service}", (_Handler,), {"service": service, "counting": found})
        server = _Server(("127.0.0.1", 0), handler)
        found.ports[service] = server.server_address[1]
        servers.append(server)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield found
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
