"""The proxy that counts calls: nothing is lost or changed on the way but the addresses of services."""

import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.bench.horizon import proxy
from tests.bench.horizon.proxy import Call, Counting, by_service, by_shape

ID = "50c52cdc-fdfd-498c-b342-9b554e57e9c8"


class Cloud(BaseHTTPRequestHandler):
    """Answers with its own address, as a catalogue does, and with what it was sent."""

    port: int

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        said = {
            "endpoint": f"http://127.0.0.1:{self.port}/v3",
            "body": self.rfile.read(size).decode(),
            "was_sent": self.headers["X-Auth-Token"],
            "path": self.path,
            "token": {"project": {"name": "CIS220046"}} if "nocatalog" not in self.path else None,
        }
        content = json.dumps(said).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Location", f"http://127.0.0.1:{self.port}/made")
        self.send_header("X-Subject-Token", "secret")
        self.end_headers()
        self.wfile.write(content)

    def do_DELETE(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    server = HTTPServer(("127.0.0.1", 0), Cloud)
    Cloud.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setattr(proxy, "SERVICES", {"keystone": Cloud.port})
    with proxy.counting() as found:
        yield found
    server.shutdown()
    server.server_close()


def ask(counted: Counting, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes, str]:
    url = f"http://127.0.0.1:{counted.ports['keystone']}{path}"
    request = urllib.request.Request(url, body, {"X-Auth-Token": "secret"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.read(), answer.headers.get("Location", "")


def test_a_call_reaches_the_service_as_it_was_and_is_counted(counted: Counting) -> None:
    status, content, _ = ask(counted, "POST", "/v3/auth/tokens?nocatalog", b"{}")
    said = json.loads(content)
    assert (status, said["body"], said["was_sent"], said["path"]) == (
        201,
        "{}",
        "secret",
        "/v3/auth/tokens?nocatalog",
    )
    [call] = counted.calls
    assert (call.service, call.method, call.path, call.status) == (
        "keystone",
        "POST",
        "/v3/auth/tokens?nocatalog",
        201,
    )


def test_addresses_of_services_become_the_proxys_in_body_and_headers(counted: Counting) -> None:
    _, content, location = ask(counted, "POST", "/v3/auth/tokens", b"{}")
    here = f"http://127.0.0.1:{counted.ports['keystone']}"
    assert json.loads(content)["endpoint"] == f"{here}/v3"
    assert location == f"{here}/made"


def test_an_answer_without_a_body_stays_one(counted: Counting) -> None:
    assert ask(counted, "DELETE", f"/v2.1/servers/{ID}")[:2] == (204, b"")


def test_a_service_that_is_down_is_a_502_and_no_call(
    counted: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(proxy.SERVICES, "keystone", 1)
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(counted, "DELETE", "/")
    refused.value.close()
    assert refused.value.code == 502
    assert counted.calls == []


def test_a_call_is_told_to_be_of_the_watched_process_whose_connection_it_came_over(counted: Counting) -> None:
    counted.watch("other", 1)
    ask(counted, "DELETE", "/one")
    counted.watch("me", os.getpid())
    ask(counted, "DELETE", "/two")
    assert [call.process for call in counted.calls] == ["", "me"]


def test_a_watched_process_that_ended_does_not_stop_the_counting(counted: Counting) -> None:
    counted.watch("gone", 2**22 + 1)
    assert ask(counted, "DELETE", "/")[0] == 204
    assert counted.calls[0].process == ""


def test_calls_are_told_to_be_of_the_project_that_their_token_is_for(counted: Counting) -> None:
    ask(counted, "DELETE", "/before")
    ask(counted, "POST", "/v3/auth/tokens", b"{}")
    ask(counted, "DELETE", "/after")
    assert [call.project for call in counted.calls] == ["", "CIS220046", "CIS220046"]
    assert len(proxy.of_project(counted.calls, "BIO220047")) == 1
    assert len(proxy.of_project(counted.calls, "CIS220046")) == 3


def test_a_token_for_no_project_is_of_none(counted: Counting) -> None:
    ask(counted, "POST", "/v3/auth/tokens?nocatalog", b"{}")
    assert counted.calls[0].project == ""


def test_calls_are_summed_up_by_what_they_are_not_by_which_server_they_concern() -> None:
    def made(service: str, path: str) -> Call:
        return Call(time.time(), service, "GET", path, 200, 0.1, "", "")

    calls = [made("nova", f"/v2.1/servers/{ID}"), made("nova", f"/v2.1/servers/{ID[::-1]}?a=b")]
    calls.append(made("neutron", "/v2.0/ports"))
    assert by_service(calls) == {"neutron": 1, "nova": 2}
    assert by_shape(calls)["neutron GET /v2.0/ports"] == 1
    assert by_shape(calls[:1]) == {"nova GET /v2.1/servers/{id}": 1}


def test_calls_since_a_moment_leave_out_earlier_and_later_ones() -> None:
    calls = [Call(at, "nova", "GET", "/", 200, 0.1, "", "") for at in (1.0, 2.0, 3.0)]
    assert [call.at for call in Counting({}, calls).since(2.0, 3.0)] == [2.0]
