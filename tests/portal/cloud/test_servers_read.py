"""Reading servers: all pages, exact queries, and no machine lost over an odd answer."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import Address, Fault
from portal.core.errors import PortalError
from tests.portal.cloud.bodies import IMAGE_ID, SERVER_ID, address, server
from tests.portal.cloud.stub import Answer, Stub

DETAIL = "/servers/detail"


def listed(*rows: dict[str, Any], more: bool = False) -> Answer:
    links = [{"rel": "next", "href": "http://203.0.113.9/elsewhere?marker=x"}] if more else []
    return Answer(200, {"servers": list(rows), **({"servers_links": links} if more else {})})


def read(cloud: Cloud, stub: Stub, **changes: Any) -> Any:
    stub.compute("GET", f"/servers/{SERVER_ID}", Answer(200, {"server": server(**changes)}))
    return servers.get_server(cloud, SERVER_ID)


def test_a_server_is_read_whole(cloud: Cloud, stub: Stub) -> None:
    found = read(cloud, stub)
    assert (found.id, found.name, found.status, found.vm_state, found.task_state, found.power_state) == (
        *(SERVER_ID, "ex-nova", "ACTIVE", "active", None, 1),
    )
    assert (found.flavor_name, found.vcpus, found.ram_mb, found.disk_gb) == ("m3.tiny", 1, 512, 8)
    assert found.flavor_id is None and found.flavor_extra_specs == {"hw_rng:allowed": "True"}
    assert (found.image_id, found.key_name, found.config_drive) == (IMAGE_ID, "lab", True)
    assert (found.metadata, found.tags) == ({"exoCreatorUsername": "alice"}, ("op:1",))
    assert (found.volume_ids, found.security_groups) == (("vol-1",), ("lab-ssh",))
    assert found.hostname == "ex-nova" and found.description == "" and found.fault is None


def test_times_are_utc_with_and_without_their_z(cloud: Cloud, stub: Stub) -> None:
    found = read(cloud, stub)
    assert found.created == datetime(2026, 11, 20, 21, 31, tzinfo=UTC)
    assert found.launched_at == datetime(2026, 11, 20, 21, 31, 4, tzinfo=UTC)
    assert found.terminated_at is None


def test_addresses_tell_fixed_from_floating(cloud: Cloud, stub: Stub) -> None:
    fixed, floating = read(cloud, stub).addresses
    assert fixed == Address(
        network="auto_allocated_network",
        address="10.0.0.124",
        version=4,
        kind="fixed",
        mac="fa:16:3e:9a:df:e4",
    )
    assert (floating.address, floating.kind) == ("172.24.4.53", "floating")


def test_ipv6_and_several_networks(cloud: Cloud, stub: Stub) -> None:
    found = read(
        cloud, stub, addresses={"a": [address("fd00::5", "fixed", 6)], "b": [address("10.1.0.9", "fixed")]}
    )
    assert [(entry.network, entry.version) for entry in found.addresses] == [("a", 6), ("b", 4)]


def test_a_server_that_boots_from_a_volume_has_no_image(cloud: Cloud, stub: Stub) -> None:
    assert read(cloud, stub, image="").image_id is None


def test_a_fault_is_read_and_its_message_cleaned(cloud: Cloud, stub: Stub) -> None:
    fault = {"code": 500, "created": "2026-11-20T21:42:47Z", "message": "No valid host was found. \x1b[31m"}
    found = read(cloud, stub, status="ERROR", fault=fault, addresses={}, image=None)
    assert found.fault == Fault(
        code=500,
        message="No valid host was found. [31m",
        created=datetime(2026, 11, 20, 21, 42, 47, tzinfo=UTC),
    )


def test_shelved_servers_have_no_zone(cloud: Cloud, stub: Stub) -> None:
    found = read(
        cloud, stub, **{"status": "SHELVED_OFFLOADED", "OS-EXT-AZ:availability_zone": "", "hostId": ""}
    )
    assert (found.status, found.availability_zone) == ("SHELVED_OFFLOADED", "")


def test_a_server_of_a_cell_that_is_down_is_kept_as_unknown(cloud: Cloud, stub: Stub) -> None:
    # From 2.69 on Nova tells no more than this of it.
    few = {
        "id": SERVER_ID,
        "status": "UNKNOWN",
        "tenant_id": "p",
        "created": "2026-11-20T21:31:00Z",
        "links": [],
    }
    stub.compute("GET", DETAIL, listed(few, server(id="other")))
    unknown, other = servers.list_servers(cloud)
    assert (unknown.status, unknown.name, unknown.vcpus, unknown.updated) == (
        "UNKNOWN",
        "",
        0,
        unknown.created,
    )
    assert other.id == "other"


def test_a_status_that_nobody_has_heard_of_is_passed_on(cloud: Cloud, stub: Stub) -> None:
    assert read(cloud, stub, status="TELEPORTING").status == "TELEPORTING"


@pytest.mark.parametrize("broken", [{"created": "yesterday"}, {"created": None}, {"id": None, "created": 7}])
def test_a_row_that_cannot_be_read_fails_the_list_and_drops_no_machine(
    cloud: Cloud, stub: Stub, broken: dict[str, Any]
) -> None:
    stub.compute("GET", DETAIL, listed(server(), server(**broken)))
    with pytest.raises(PortalError) as odd:
        servers.list_servers(cloud)
    assert odd.value.id == "cloud:bad-answer"


def test_metadata_that_is_not_text_becomes_text(cloud: Cloud, stub: Stub) -> None:
    assert read(cloud, stub, metadata={"n": 5, "b": True}).metadata == {"n": "5", "b": "True"}


def test_a_full_list_asks_for_nothing_but_the_list(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", DETAIL, listed(server()))
    assert len(servers.list_servers(cloud)) == 1
    assert stub.only("GET", DETAIL).query == {}


def test_an_incremental_list_asks_since_when_in_utc(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", DETAIL, listed(server(status="DELETED")))
    since = datetime(2026, 11, 21, 1, 0, 0, 999, tzinfo=timezone(timedelta(hours=-5)))
    [gone] = servers.list_servers(cloud, changes_since=since)
    assert gone.status == "DELETED"
    assert stub.only("GET", DETAIL).query == {"changes-since": "2026-11-21T06:00:00Z"}


def test_all_pages_are_read_by_marker_and_not_by_link(cloud: Cloud, stub: Stub) -> None:
    stub.compute(
        "GET",
        DETAIL,
        listed(server(id="a"), server(id="b"), more=True),
        listed(server(id="c"), more=True),
        listed(server(id="d")),
    )
    assert [found.id for found in servers.list_servers(cloud)] == ["a", "b", "c", "d"]
    assert [seen.query for seen in stub.calls("GET", DETAIL)] == [{}, {"marker": "b"}, {"marker": "c"}]


def test_filters_stay_on_every_page(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", DETAIL, listed(server(id="a"), more=True), listed(server(id="b")))
    servers.list_servers(cloud, changes_since=datetime(2026, 11, 21, tzinfo=UTC))
    since = {"changes-since": "2026-11-21T00:00:00Z"}
    assert [seen.query for seen in stub.calls("GET", DETAIL)] == [since, {**since, "marker": "a"}]


def test_an_empty_last_page_ends_the_list(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", DETAIL, listed(server(id="a"), more=True), listed(more=True))
    assert len(servers.list_servers(cloud)) == 1


def test_a_list_that_never_ends_is_an_error(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", DETAIL, listed(server(id="a"), more=True))
    with pytest.raises(PortalError) as endless:
        servers.list_servers(cloud)
    assert (endless.value.id, endless.value.outcome) == ("cloud:bad-answer", "retry")


def test_a_page_that_fails_fails_the_list(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", DETAIL, listed(server(id="a"), more=True), Answer(503))
    with pytest.raises(PortalError) as down:
        servers.list_servers(cloud)
    assert down.value.id == "cloud:unavailable"


def test_a_server_is_found_by_its_tag(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", DETAIL, listed(server(tags=["op:1", "x"])))
    found = servers.find_by_tag(cloud, "op:1")
    assert found is not None and found.id == SERVER_ID
    assert stub.only("GET", DETAIL).query == {"tags": "op:1"}


def test_a_filter_that_the_service_ignored_finds_nothing(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", DETAIL, listed(server(tags=[]), server(tags=["op:12"])))
    assert servers.find_by_tag(cloud, "op:1") is None


def test_of_two_servers_with_one_tag_the_oldest_is_the_one(cloud: Cloud, stub: Stub) -> None:
    young = server(id="young", created="2026-11-20T22:00:00Z")
    stub.compute("GET", DETAIL, listed(young, server(id="old", created="2026-11-20T21:00:00Z")))
    found = servers.find_by_tag(cloud, "op:1")
    assert found is not None and found.id == "old"


def test_a_server_of_others_is_not_found(cloud: Cloud, stub: Stub) -> None:
    body = {"itemNotFound": {"code": 404, "message": f"Instance {SERVER_ID} could not be found."}}
    stub.compute("GET", f"/servers/{SERVER_ID}", Answer(404, body))
    with pytest.raises(PortalError) as absent:
        servers.get_server(cloud, SERVER_ID)
    assert (absent.value.id, absent.value.outcome) == ("cloud:not-found", "refused")


def test_thousands_of_rows_are_read_quickly(cloud: Cloud, stub: Stub) -> None:
    # A bound with room for a busy machine: measured idle, a row costs about 15 microseconds.
    from portal.cloud.servers import read as reader

    rows = [server(id=str(number)) for number in range(2000)]
    started = time.perf_counter()
    for row in rows:
        reader._server(row, {})
    assert (time.perf_counter() - started) / len(rows) < 200e-6
