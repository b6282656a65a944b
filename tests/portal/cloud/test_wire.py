"""What every request goes through: time, size, counting, repeating, and what is known after a failure."""

import logging
import time
from collections.abc import Iterator

import pytest

from portal.cloud import servers, wire
from portal.cloud.connection import AppCredentialLogin, Cloud, connect
from portal.core.errors import PortalError
from tests.portal.cloud.stub import PROJECT, Answer, Stub, running

NO_SERVERS = Answer(200, {"servers": []})
RESET = Answer(manner="reset")
Call = tuple[str, str, str, int, float, str]


@pytest.fixture
def calls() -> Iterator[list[Call]]:
    seen: list[Call] = []

    def observe(*call: str | int | float) -> None:
        seen.append(call)  # type: ignore[arg-type]

    wire.on_call.append(observe)
    yield seen
    wire.on_call.remove(observe)


def test_every_call_is_counted_with_its_service(cloud: Cloud, stub: Stub, calls: list[Call]) -> None:
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": []}, {"x-openstack-request-id": "req-1"}))
    servers.list_servers(cloud)
    told = [(service, method, path, status) for service, method, path, status, _, _ in calls]
    assert told == [
        ("identity", "POST", "/identity/v3/auth/tokens", 201),
        ("compute", "GET", "/compute/v2.1", 200),
        ("compute", "GET", "/compute/v2.1/servers/detail", 200),
    ]
    assert calls[-1][5] == "req-1" and 0 < calls[-1][4] < 5


def test_counting_tells_no_query_and_no_secret(cloud: Cloud, stub: Stub, calls: list[Call]) -> None:
    stub.compute("GET", "/servers/detail", NO_SERVERS)
    servers.find_by_tag(cloud, "op:1")
    assert not any("op:1" in str(call) or "its-secret" in str(call) for call in calls)


def test_a_service_that_hangs_is_given_up(cloud: Cloud, stub: Stub, settings: pytest.FixtureRequest) -> None:
    settings.CLOUD_READ_TIMEOUT = 0.2  # type: ignore[attr-defined]
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": []}, delay=0.6))
    started = time.monotonic()
    with pytest.raises(PortalError) as late:
        servers.list_servers(cloud)
    assert (late.value.id, late.value.outcome) == ("cloud:timeout", "retry")
    assert time.monotonic() - started < 0.6
    assert len(stub.calls("GET", "/servers/detail")) == 1


def test_a_change_that_timed_out_may_have_been_made(
    cloud: Cloud, stub: Stub, settings: pytest.FixtureRequest
) -> None:
    settings.CLOUD_READ_TIMEOUT = 0.2  # type: ignore[attr-defined]
    stub.compute("POST", "/servers/s1/action", Answer(202, delay=0.6))
    with pytest.raises(PortalError) as late:
        servers.stop(cloud, "s1")
    assert (late.value.id, late.value.outcome) == ("cloud:timeout", "unknown")


def test_no_call_outlives_the_deadline(stub: Stub, login: AppCredentialLogin) -> None:
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": []}, delay=0.9))
    started = time.monotonic()
    cloud = connect(login, region="IU", deadline=started + 0.4)
    with pytest.raises(PortalError) as late:
        servers.list_servers(cloud)
    assert late.value.id == "cloud:timeout"
    assert time.monotonic() - started < 0.8


def test_an_answer_that_trickles_in_does_not_outlive_the_deadline(
    stub: Stub, login: AppCredentialLogin
) -> None:
    # Each byte comes in time; the whole would take seconds.
    stub.compute(
        "GET", "/servers/detail", Answer(200, body=b'{"servers": []}' + b" " * 100, manner="trickle")
    )
    started = time.monotonic()
    with pytest.raises(PortalError) as late:
        servers.list_servers(connect(login, region="IU", deadline=started + 0.5))
    assert (late.value.id, late.value.outcome) == ("cloud:timeout", "retry")
    assert time.monotonic() - started < 2


def test_after_the_deadline_nothing_is_sent(stub: Stub, login: AppCredentialLogin) -> None:
    cloud = connect(login, region="IU", deadline=time.monotonic() - 1)
    with pytest.raises(PortalError) as late:
        servers.stop(cloud, "s1")
    assert (late.value.id, late.value.outcome) == ("cloud:timeout", "retry")
    assert stub.seen == [] and stub.sign_ins == []


def test_a_reset_read_is_asked_once_more(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", RESET, NO_SERVERS)
    assert servers.list_servers(cloud) == []
    assert len(stub.calls("GET", "/servers/detail")) == 2


def test_a_read_that_is_reset_twice_fails(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", RESET)
    with pytest.raises(PortalError) as broken:
        servers.list_servers(cloud)
    assert (broken.value.id, broken.value.outcome) == ("cloud:connection", "retry")
    assert len(stub.calls("GET", "/servers/detail")) == 2


def test_a_reset_change_is_never_repeated_and_may_have_been_made(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", "/servers/s1/action", RESET)
    with pytest.raises(PortalError) as broken:
        servers.start(cloud, "s1")
    assert (broken.value.id, broken.value.outcome) == ("cloud:connection", "unknown")
    assert len(stub.calls("POST", "/servers/s1/action")) == 1


def test_a_change_that_found_no_door_was_surely_not_made(login: AppCredentialLogin) -> None:
    # The configured address is a port of loopback where nothing listens.
    with pytest.raises(PortalError) as broken:
        servers.start(connect(login, region="IU"), "s1")
    assert (broken.value.id, broken.value.outcome) == ("cloud:connection", "retry")


def test_an_answer_without_end_is_cut_off(cloud: Cloud, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    _ = cloud.project_id
    monkeypatch.setattr(cloud.wire, "most", 10_000)
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": [], "padding": "x" * 20_000}))
    with pytest.raises(PortalError) as cut:
        servers.list_servers(cloud)
    assert cut.value.id == "cloud:connection"


def test_compressed_answers_are_read(cloud: Cloud, stub: Stub) -> None:
    import gzip

    body = gzip.compress(b'{"servers": []}')
    stub.compute("GET", "/servers/detail", Answer(200, body=body, headers={"Content-Encoding": "gzip"}))
    assert servers.list_servers(cloud) == []


def test_an_answer_that_is_not_json_is_an_error_and_not_an_empty_list(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", Answer(200, body=b"<html>Welcome to nginx", headers={}))
    with pytest.raises(PortalError) as odd:
        servers.list_servers(cloud)
    assert odd.value.id == "cloud:bad-answer"


def test_credentials_of_netrc_and_proxies_of_the_environment_are_not_used(
    cloud: Cloud, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert cloud.project_id == PROJECT


def test_bodies_are_not_logged_even_at_debug(
    cloud: Cloud, stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        stub.compute("POST", "/servers/s1/metadata", Answer(200, {"metadata": {}}))
        servers.set_metadata(cloud, "s1", {"passphrase": "correct horse"})
    assert "correct horse" not in caplog.text and "its-secret" not in caplog.text


@pytest.mark.parametrize(
    "server_id", ["../os-keypairs", "..", "s1?all_tenants=1", "s1#x", "a/../b", "%2e%2e", "s 1", "é\n"]
)
def test_an_id_cannot_lead_a_call_elsewhere(cloud: Cloud, stub: Stub, server_id: str) -> None:
    with pytest.raises(PortalError) as refused:
        servers.delete_server(cloud, server_id)
    assert (refused.value.id, refused.value.outcome) == ("cloud:bad-request", "refused")
    assert not [seen for seen in stub.seen if seen.method == "DELETE"]


def test_a_redirect_to_another_host_does_not_carry_the_token_there(cloud: Cloud, stub: Stub) -> None:
    with running() as other:
        elsewhere = Answer(302, headers={"Location": f"{other.url}/compute/v2.1/servers/detail"})
        stub.compute("GET", "/servers/detail", elsewhere)
        with pytest.raises(PortalError) as refused:
            servers.list_servers(cloud)
        assert (refused.value.id, refused.value.outcome) == ("cloud:bad-answer", "retry")
        assert other.seen == []


def test_a_redirect_within_the_host_is_followed(cloud: Cloud, stub: Stub) -> None:
    there = "/compute/v2.1/servers/moved"
    stub.compute("GET", "/servers/detail", Answer(302, headers={"Location": stub.url + there}))
    stub.on("GET", there, NO_SERVERS)
    assert servers.list_servers(cloud) == []
