"""/healthz names the cloud and the service that fail, from what calls met, and calls nothing itself."""

from portal.cloud import breaker, servers
from portal.cloud.connection import Cloud
from portal.cloud.health_checks import each_cloud
from tests.portal.cloud.stub import Answer, Stub


def test_a_cloud_that_nobody_called_is_not_called_ill() -> None:
    [part] = each_cloud()
    assert (part.name, part.ok, part.note) == ("cloud:stub", True, "not called lately")


def test_a_cloud_that_answers_is_well_and_says_since_when(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": []}))
    servers.list_servers(cloud)
    seen = len(stub.seen)
    [part] = each_cloud()
    assert part.ok and part.note.startswith("answered 0 s ago")
    assert len(stub.seen) == seen


def test_a_service_in_trouble_is_named() -> None:
    for _ in range(breaker.FAILURES):
        breaker.failed(breaker.circuit("stub", "IU", "network"))
    [part] = each_cloud()
    assert not part.ok and not part.ours
    assert part.note.startswith("failing: network in IU since 20")


def test_a_single_failure_is_not_yet_trouble() -> None:
    breaker.failed(breaker.circuit("stub", "IU", "network"))
    assert all(part.ok for part in each_cloud())
