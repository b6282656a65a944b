"""A cloud of canned answers on loopback, for what an emulator would never do: hang, reset, trickle, lie."""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

PROJECT = "82d4edf988c846ffbe39abb015dca131"
USER = "0a91a7be57394ef9af4e202a1954fd5c"
SERVICES = {
    "identity": "/identity/v3",
    "compute": "/compute/v2.1",
    "image": "/image",
    "network": "/network",
    "block-storage": f"/volume/v3/{PROJECT}",
    "placement": "/placement",
    "accounting": "/accounting",
}


@dataclass(frozen=True)
class Answer:
    """`manner`: reset-before closes without an answer; reset-after the same, once the request was taken."""

    status: int = 200
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay: float = 0.0
    manner: Literal["answer", "reset", "trickle"] = "answer"


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    json: Any
    query_string: str = ""

    @property
    def microversion(self) -> str:
        return self.headers.get("openstack-api-version", "")


class Stub:
    """Answers in the order given for a method and path; the last answer is given again and again."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.auth_url = f"{self.url}/identity/v3"
        self.seen: list[Seen] = []
        self.sign_ins: list[Seen] = []
        self.token_life = 3600.0
        self.sign_in_answer: Answer | None = None
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self.compute_up_to("2.93")
        for end in ("", "/"):
            self.on("GET", f"/image{end}", _image_versions(f"{self.url}/image/v2/"))
            self.on("GET", f"/network{end}", _network_versions(f"{self.url}/network/v2.0/"))
            self.on("GET", f"/placement{end}", _placement_versions())
            self.on("GET", f"/identity/v3{end}", _identity_version(f"{self.url}/identity/v3/"))
            self.on("GET", f"/volume/v3{end}", _volume_versions(f"{self.url}/volume/v3/"))

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self._answers[method, path] = list(answers)

    def compute_up_to(self, newest: str) -> None:
        links = [{"rel": "self", "href": f"{self.url}/compute/v2.1/"}]
        version = {"id": "v2.1", "status": "CURRENT", "version": newest, "min_version": "2.1", "links": links}
        for path in ("", "/"):
            self.compute("GET", path, Answer(200, {"version": version}))

    def compute(self, method: str, path: str, *answers: Answer) -> None:
        self.on(method, f"/compute/v2.1{path}", *answers)

    def calls(self, method: str, path: str) -> list[Seen]:
        """What was asked of one address; `path` without the service's prefix will do."""
        return [seen for seen in self.seen if seen.method == method and seen.path.endswith(path)]

    def only(self, method: str, path: str) -> Seen:
        [found] = self.calls(method, path)
        return found

    def next_answer(self, seen: Seen) -> Answer:
        if seen.path == "/identity/v3/auth/tokens" and seen.method == "POST":
            return self._sign_in(seen)
        self.seen.append(seen)
        waiting = self._answers.get((seen.method, seen.path))
        if waiting is None:
            return Answer(404, {"itemNotFound": {"code": 404, "message": f"no answer for {seen.path}"}})
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def _sign_in(self, seen: Seen) -> Answer:
        self.sign_ins.append(seen)
        if self.sign_in_answer is not None:
            return self.sign_in_answer
        asked = seen.json["auth"]
        number = len(self.sign_ins)
        scoped = isinstance(asked.get("scope"), dict) or "application_credential" in asked["identity"]
        body = self.token(asked["identity"]["methods"], scoped=scoped)
        return Answer(201, body, {"X-Subject-Token": f"token-{number}"})

    def token(self, methods: list[str], *, scoped: bool) -> dict[str, Any]:
        now = time.time()
        token: dict[str, Any] = {
            "methods": methods,
            "user": {"id": USER, "name": "alice", "domain": {"id": "default", "name": "Default"}},
            "expires_at": _iso(now + self.token_life),
            "issued_at": _iso(now),
            "audit_ids": ["a"],
        }
        if scoped:
            token["project"] = {
                "id": PROJECT,
                "name": "BIO220047",
                "domain": {"id": "default", "name": "Default"},
            }
            token["roles"] = [{"id": "1", "name": "member"}, {"id": "2", "name": "manager"}]
            token["catalog"] = [self._catalogue(kind, path) for kind, path in SERVICES.items()]
        return {"token": token}

    def _catalogue(self, kind: str, path: str) -> dict[str, Any]:
        endpoint = {
            "id": kind,
            "interface": "public",
            "region": "IU",
            "region_id": "IU",
            "url": self.url + path,
        }
        return {"id": kind, "type": kind, "name": kind, "endpoints": [endpoint]}


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(moment))


def unauthorized() -> Answer:
    body = {"error": {"code": 401, "message": "The request you have made requires authentication."}}
    return Answer(401, body)


def _image_versions(url: str) -> Answer:
    version = {"id": "v2.15", "status": "CURRENT", "links": [{"rel": "self", "href": url}]}
    return Answer(300, {"versions": [version]})


def _network_versions(url: str) -> Answer:
    return Answer(
        200, {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [{"rel": "self", "href": url}]}]}
    )


def _volume_versions(url: str) -> Answer:
    links = [{"rel": "self", "href": url}]
    version = {"id": "v3.0", "status": "CURRENT", "min_version": "3.0", "version": "3.70", "links": links}
    return Answer(300, {"versions": [version]})


def _identity_version(url: str) -> Answer:
    links = [{"rel": "self", "href": url}]
    return Answer(200, {"version": {"id": "v3.14", "status": "stable", "links": links}})


def _placement_versions() -> Answer:
    links = [{"rel": "self", "href": ""}]
    version = {"id": "v1.0", "status": "CURRENT", "min_version": "1.0", "max_version": "1.39", "links": links}
    return Answer(200, {"versions": [version]})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: Nagle would keep the second for 40 ms.
    disable_nagle_algorithm = True
    stub: Stub

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            json=json.loads(raw) if raw else None,
            query_string=parts.query,
        )
        answer = self.stub.next_answer(seen)
        time.sleep(answer.delay)
        try:
            self._reply(answer)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _handle

    def _reply(self, answer: Answer) -> None:
        if answer.manner == "reset":
            # A linger of zero makes the kernel send RST instead of an orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        body = answer.body
        if body is None:
            body = json.dumps(answer.json).encode() if answer.json is not None else b""
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if answer.manner == "trickle":
            for position in range(len(body)):
                self.wfile.write(body[position : position + 1])
                time.sleep(0.05)
        else:
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Half a second of threads that still sleep in an answer is nothing to wait for.
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reset connection is what some tests are about."""


@contextmanager
def running() -> Iterator[Stub]:
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    stub = Stub(server.server_address[1])
    handler.stub = stub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
