"""A service that keeps failing is given a rest, by all processes, and tried again one call at a time."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from portal.cloud import breaker, images, servers
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from tests.portal.cloud.stub import Answer, Stub

CIRCUIT = breaker.circuit("stub", "IU", "compute")
BROKEN = Answer(500, {"computeFault": {"code": 500, "message": "Unexpected API Error."}})
NO_SERVERS = Answer(200, {"servers": []})


def fail(cloud: Cloud, times: int) -> str:
    error_id = ""
    for _ in range(times):
        with pytest.raises(PortalError) as failed:
            servers.list_servers(cloud)
        error_id = failed.value.id
    return error_id


def passes(circuit: str) -> bool:
    try:
        breaker.check(circuit, "compute")
    except PortalError:
        return False
    return True


def test_after_several_failures_nobody_calls(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", BROKEN)
    assert fail(cloud, breaker.FAILURES) == "cloud:server-error"
    assert fail(cloud, 3) == "cloud:service-down"
    assert len(stub.calls("GET", "/servers/detail")) == breaker.FAILURES


def test_service_down_says_when_to_come_back(cloud: Cloud) -> None:
    for _ in range(breaker.FAILURES):
        breaker.failed(CIRCUIT)
    with pytest.raises(PortalError) as down:
        breaker.check(CIRCUIT, "compute")
    assert down.value.outcome == "retry"
    assert down.value.retry_after is not None and 0 < down.value.retry_after <= breaker.REST


def test_one_failure_less_changes_nothing(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", *[BROKEN] * (breaker.FAILURES - 1), NO_SERVERS)
    fail(cloud, breaker.FAILURES - 1)
    assert servers.list_servers(cloud) == []


def test_a_success_in_between_starts_the_count_anew(cloud: Cloud, stub: Stub) -> None:
    answers = (
        [BROKEN] * (breaker.FAILURES - 1) + [NO_SERVERS] + [BROKEN] * (breaker.FAILURES - 1) + [NO_SERVERS]
    )
    stub.compute("GET", "/servers/detail", *answers)
    for _ in range(2):
        fail(cloud, breaker.FAILURES - 1)
        assert servers.list_servers(cloud) == []


def test_refusals_are_no_failures_of_the_service(cloud: Cloud, stub: Stub) -> None:
    stub.compute("POST", "/servers/s1/action", Answer(409, {"conflictingRequest": {"message": "is locked"}}))
    for _ in range(breaker.FAILURES + 1):
        with pytest.raises(PortalError) as refused:
            servers.stop(cloud, "s1")
    assert refused.value.id == "cloud:locked"


def test_other_services_go_on(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", BROKEN)
    fail(cloud, breaker.FAILURES)
    stub.on("GET", "/image/v2/images", Answer(200, {"images": []}))
    assert images.list_images(cloud) == []


def test_after_the_rest_one_call_may_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "REST", -1.0)
    for _ in range(breaker.FAILURES):
        breaker.failed(CIRCUIT)
    assert [passes(CIRCUIT) for _ in range(3)] == [True, False, False]


def test_the_trial_that_succeeds_opens_the_way_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "REST", -1.0)
    for _ in range(breaker.FAILURES):
        breaker.failed(CIRCUIT)
    assert passes(CIRCUIT)
    breaker.succeeded(CIRCUIT)
    assert [passes(CIRCUIT) for _ in range(3)] == [True, True, True]


def test_the_trial_that_fails_closes_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "REST", -1.0)
    for _ in range(breaker.FAILURES):
        breaker.failed(CIRCUIT)
    assert passes(CIRCUIT)
    monkeypatch.setattr(breaker, "REST", 15.0)
    breaker.failed(CIRCUIT)
    assert not passes(CIRCUIT)


def test_health_tells_of_each_service(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", NO_SERVERS)
    servers.list_servers(cloud)
    other = breaker.circuit("stub", "IU", "network")
    for _ in range(breaker.FAILURES):
        breaker.failed(other)
    compute, network = breaker.health({CIRCUIT: "compute IU", other: "network IU"})
    assert compute.ok_at > 0 and not compute.open
    assert network.open and network.failed_at > 0 and network.service == "network IU"


def test_a_service_never_called_is_not_called_down() -> None:
    [unknown] = breaker.health({"stub:IU:dns": "dns IU"})
    assert unknown.ok_at == 0 and not unknown.open


def test_without_the_cache_calls_go_on(
    cloud: Cloud, stub: Stub, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:9/0"}}
    stub.compute("GET", "/servers/detail", NO_SERVERS)
    assert servers.list_servers(cloud) == []
    assert servers.list_servers(cloud) == []
    assert caplog.text.count("the cache does not answer") <= 1


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, str]]]:
    """What those heard who wait for services."""
    heard: list[tuple[str, str, str]] = []
    monkeypatch.setattr(breaker, "_listeners", [lambda *facts: heard.append(facts)])
    yield heard


def opened(monkeypatch: pytest.MonkeyPatch, circuit: str = CIRCUIT) -> None:
    monkeypatch.setattr(breaker, "REST", -1.0)
    for _ in range(breaker.FAILURES):
        breaker.failed(circuit)


def test_those_who_wait_are_told_once_when_it_is_well_again(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[str, str, str]]
) -> None:
    opened(monkeypatch)
    breaker.succeeded(CIRCUIT)
    breaker.succeeded(CIRCUIT)
    assert told == [("stub", "IU", "compute")]


def test_a_stumble_is_told_to_nobody(told: list[tuple[str, str, str]]) -> None:
    breaker.failed(CIRCUIT)
    breaker.succeeded(CIRCUIT)
    assert told == []


def test_a_process_that_has_just_told_of_a_success_still_closes_the_circuit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Failures of other processes do not show in this one until it looks."""
    breaker.succeeded(CIRCUIT)
    kept = dict(breaker._told)
    opened(monkeypatch)
    breaker._told.update(kept)
    assert passes(CIRCUIT)
    breaker.succeeded(CIRCUIT)
    assert breaker.down("stub", ["IU"]) == []


def test_what_is_down_is_told_by_name_and_since_its_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.time()
    opened(monkeypatch)
    opened(monkeypatch, breaker.circuit("stub", "TACC", "network"))
    found = breaker.down("stub", ["IU", "TACC"])
    assert [(one.region, one.service) for one in found] == [("IU", "compute"), ("TACC", "network")]
    assert all(began <= one.since.timestamp() <= time.time() for one in found)


def test_later_failures_do_not_move_the_time_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    opened(monkeypatch)
    [first] = breaker.down("stub", ["IU"])
    time.sleep(0.02)
    breaker.failed(CIRCUIT)
    assert breaker.down("stub", ["IU"]) == [first]


def test_regions_have_circuits_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    opened(monkeypatch)
    assert passes(breaker.circuit("stub", "TACC", "compute"))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 429])
def test_no_refusal_counts_as_a_failure(cloud: Cloud, stub: Stub, status: int) -> None:
    stub.compute("GET", "/servers/detail", Answer(status, {"error": {"message": "no"}}))
    for _ in range(breaker.FAILURES + 1):
        with pytest.raises(PortalError):
            servers.list_servers(cloud)
    assert breaker.down("stub", ["IU"]) == []


def test_a_failed_trial_says_when_to_come_back(cloud: Cloud, stub: Stub) -> None:
    """Without it, who tries would be put off longer and longer and notice the recovery last."""
    stub.compute("GET", "/servers/detail", Answer(503))
    waits = []
    for _ in range(breaker.FAILURES):
        with pytest.raises(PortalError) as failed:
            servers.list_servers(cloud)
        waits.append(failed.value.retry_after)
    assert waits == [None] * (breaker.FAILURES - 1) + [breaker.REST]


def test_a_time_that_the_cloud_names_itself_goes_before_ours(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", Answer(503, headers={"Retry-After": "40"}))
    for _ in range(breaker.FAILURES):
        with pytest.raises(PortalError) as failed:
            servers.list_servers(cloud)
    assert failed.value.retry_after == 40


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As many calls as may wait for Nova in IU are waiting for it, and for long."""
    monkeypatch.setattr(breaker, "HANGS", 0.05)
    release = threading.Event()

    def hang() -> None:
        with breaker.passage(CIRCUIT, "compute"):
            release.wait(5)

    threads = [threading.Thread(target=hang) for _ in range(breaker.MOST)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    yield
    release.set()
    for thread in threads:
        thread.join()
    assert breaker._waiting[CIRCUIT] == []


@pytest.mark.usefixtures("waiting")
def test_a_service_that_hangs_does_not_take_all_threads_with_it() -> None:
    with pytest.raises(PortalError) as turned_away, breaker.passage(CIRCUIT, "compute"):
        raise AssertionError("went through")
    assert (turned_away.value.id, turned_away.value.outcome) == ("cloud:slow", "retry")


@pytest.mark.usefixtures("waiting")
def test_other_regions_and_services_go_on_while_one_hangs() -> None:
    for circuit in (breaker.circuit("stub", "TACC", "compute"), breaker.circuit("stub", "IU", "network")):
        with breaker.passage(circuit, "compute"):
            pass


def test_many_calls_that_are_answered_quickly_all_go_through() -> None:
    with breaker.passage(CIRCUIT, "c"), breaker.passage(CIRCUIT, "c"), breaker.passage(CIRCUIT, "c"):
        for _ in range(20):
            with breaker.passage(CIRCUIT, "compute"):
                pass


def test_a_call_that_fails_waits_no_longer() -> None:
    with pytest.raises(ValueError, match="x"), breaker.passage(CIRCUIT, "compute"):
        raise ValueError("x")
    assert breaker._waiting[CIRCUIT] == []
