"""Nova's own accounting: what ran in a time, deleted servers too."""

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.cloud import usage
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from tests.portal.cloud.stub import PROJECT, Answer, Stub

PATH = f"/os-simple-tenant-usage/{PROJECT}"
START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


def row(server_id: str, **changes: Any) -> dict[str, Any]:
    """As OBSERVED: times without a zone."""
    given = {
        "instance_id": server_id,
        "name": "lab",
        "tenant_id": PROJECT,
        "flavor": "m3.quad",
        "hours": 3.5,
        "vcpus": 4,
        "memory_mb": 15360,
        "local_gb": 20,
        "started_at": "2026-10-02T08:00:00.000000",
        "ended_at": "2026-10-02T11:30:00.000000",
        "state": "terminated",
        "uptime": 12600,
    }
    return {**given, **changes}


def page(*rows: dict[str, Any], more: bool = False) -> Answer:
    links = {"tenant_usage_links": [{"rel": "next", "href": "http://elsewhere.example/"}]} if more else {}
    return Answer(200, {"tenant_usage": {"server_usages": list(rows)}, **links})


def test_it_tells_what_ran_and_until_when(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", PATH, page(row("a"), row("b", ended_at=None, state="active")))
    gone, there = usage.servers_used(cloud, start=START, end=END)
    assert (gone.server_id, gone.flavor_name, gone.vcpus, gone.ram_mb) == ("a", "m3.quad", 4, 15360)
    assert gone.started == datetime(2026, 10, 2, 8, tzinfo=UTC)
    assert gone.ended == datetime(2026, 10, 2, 11, 30, tzinfo=UTC)
    assert there.ended is None


def test_all_pages_are_read_and_links_are_not_followed(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", PATH, page(row("a"), row("b"), more=True), page(row("c")))
    assert [each.server_id for each in usage.servers_used(cloud, start=START, end=END)] == ["a", "b", "c"]
    asked = [seen.query.get("marker") for seen in stub.seen if seen.path.endswith(PATH)]
    assert asked == [None, "b"]


def test_a_list_that_never_ends_is_left(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", PATH, page(row("a"), more=True))
    with pytest.raises(PortalError, match="cloud:bad-answer"):
        usage.servers_used(cloud, start=START, end=END)


def test_an_old_nova_tells_all_at_once(cloud: Cloud, stub: Stub) -> None:
    stub.compute_up_to("2.1")
    stub.compute("GET", PATH, page(row("a"), more=True))
    assert len(usage.servers_used(cloud, start=START, end=END)) == 1


@pytest.mark.parametrize("body", [{"tenant_usage": {}}, {"tenant_usage": None}])
def test_a_project_in_which_nothing_ran_has_no_usage(cloud: Cloud, stub: Stub, body: Any) -> None:
    stub.compute("GET", PATH, Answer(200, body))
    assert usage.servers_used(cloud, start=START, end=END) == []


def test_what_was_never_launched_is_passed_over(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", PATH, page(row("a", started_at=None), row("b")))
    assert [each.server_id for each in usage.servers_used(cloud, start=START, end=END)] == ["b"]


@pytest.mark.parametrize("body", [None, [], {"tenant_usage": {"server_usages": [{"started_at": "then"}]}}])
def test_nonsense_is_the_clouds_trouble(cloud: Cloud, stub: Stub, body: Any) -> None:
    stub.compute("GET", PATH, Answer(200, body))
    with pytest.raises(PortalError, match="cloud:bad-answer"):
        usage.servers_used(cloud, start=START, end=END)


def test_a_refusal_is_one(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", PATH, Answer(403, {"forbidden": {"message": "Policy doesn't allow it"}}))
    with pytest.raises(PortalError, match="cloud:forbidden"):
        usage.servers_used(cloud, start=START, end=END)
