"""A service that keeps failing is given a rest, by all processes, and tried again one call at a time."""

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
