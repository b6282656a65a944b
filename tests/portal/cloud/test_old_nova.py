"""Novas that are older than what the portal was written for: fewer facts, the same safety."""

from typing import Any

import pytest

from portal.cloud import keypairs, servers
from portal.cloud.connection import Cloud
from portal.cloud.types import NewServer
from tests.portal.cloud.bodies import SERVER_ID, server
from tests.portal.cloud.stub import Answer, Stub

MARK = ("helioInstance", "row-1")
NEW = NewServer(
    name="pine",
    flavor_id="2",
    image_id="img",
    network_ids=("net-1",),
    metadata={"helioInstance": "row-1"},
    tags=("op:1",),
    description="for class",
)
OLD_KEYS = ("tags", "description", "locked", "locked_reason", "OS-EXT-SRV-ATTR:hostname")
FLAVOR = {"id": "2", "name": "m3.tiny", "vcpus": 1, "ram": 512, "disk": 8}


def old(**changes: Any) -> dict[str, Any]:
    """A server as 2.1 shows it: its flavor by id only, neither tags nor lock."""
    row = server(flavor={"id": "2", "links": []}, **changes)
    return {key: value for key, value in row.items() if key not in OLD_KEYS}


@pytest.fixture
def ancient(stub: Stub) -> Stub:
    stub.compute_up_to("2.1")
    stub.compute("GET", "/flavors/detail", Answer(200, {"flavors": [FLAVOR]}))
    stub.compute("POST", "/servers", Answer(202, {"server": {"id": SERVER_ID}}))
    return stub


def asked(stub: Stub) -> dict[str, Any]:
    body: dict[str, Any] = stub.only("POST", "/servers").json["server"]
    return body


def test_a_server_is_made_without_what_the_old_nova_would_refuse(cloud: Cloud, ancient: Stub) -> None:
    assert servers.create_server(cloud, NEW) == SERVER_ID
    body = asked(ancient)
    assert {"tags", "description"}.isdisjoint(body)
    assert body["metadata"] == {"helioInstance": "row-1"}
    assert ancient.only("POST", "/servers").microversion == "compute 2.1"


@pytest.mark.parametrize(("newest", "tags"), [("2.51", None), ("2.52", ["op:1"]), ("2.90", ["op:1"])])
def test_tags_travel_with_the_request_where_nova_takes_them(
    cloud: Cloud, ancient: Stub, newest: str, tags: list[str] | None
) -> None:
    ancient.compute_up_to(newest)
    servers.create_server(cloud, NEW)
    assert asked(ancient).get("tags") == tags


@pytest.mark.parametrize(("newest", "said"), [("2.18", None), ("2.19", "for class")])
def test_descriptions_are_said_where_nova_takes_them(
    cloud: Cloud, ancient: Stub, newest: str, said: str | None
) -> None:
    ancient.compute_up_to(newest)
    servers.create_server(cloud, NEW)
    assert asked(ancient).get("description") == said


@pytest.mark.parametrize(("newest", "networks"), [("2.36", None), ("2.37", "auto")])
def test_without_a_network_nova_chooses_in_the_way_that_it_knows(
    cloud: Cloud, ancient: Stub, newest: str, networks: str | None
) -> None:
    ancient.compute_up_to(newest)
    servers.create_server(cloud, NewServer(name="pine", flavor_id="2", image_id="img"))
    assert asked(ancient).get("networks") == networks


def test_the_facts_of_the_flavor_are_looked_up(cloud: Cloud, ancient: Stub) -> None:
    ancient.compute("GET", "/servers/detail", Answer(200, {"servers": [old(), old(id="s2")]}))
    found = servers.list_servers(cloud)
    assert [(one.flavor_name, one.vcpus, one.ram_mb, one.disk_gb) for one in found] == [
        ("m3.tiny", 1, 512, 8)
    ] * 2
    assert len(ancient.calls("GET", "/flavors/detail")) == 1


def test_one_server_is_looked_at_in_the_same_way(cloud: Cloud, ancient: Stub) -> None:
    ancient.compute("GET", f"/servers/{SERVER_ID}", Answer(200, {"server": old()}))
    found = servers.get_server(cloud, SERVER_ID)
    assert (found.flavor_name, found.flavor_id, found.tags, found.locked) == ("m3.tiny", "2", (), False)


def test_a_withdrawn_flavor_stays_unknown(cloud: Cloud, ancient: Stub) -> None:
    row = old() | {"flavor": {"id": "gone", "links": []}}
    ancient.compute("GET", "/servers/detail", Answer(200, {"servers": [row]}))
    [found] = servers.list_servers(cloud)
    assert (found.flavor_name, found.vcpus, found.flavor_id) == ("", 0, "gone")


def test_no_servers_need_no_flavors(cloud: Cloud, ancient: Stub) -> None:
    ancient.compute("GET", "/servers/detail", Answer(200, {"servers": []}))
    assert servers.list_servers(cloud) == []
    assert ancient.calls("GET", "/flavors/detail") == []


def test_a_newer_nova_is_not_asked_for_flavors(cloud: Cloud, stub: Stub) -> None:
    stub.compute_up_to("2.47")
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": [server()]}))
    assert servers.list_servers(cloud)[0].flavor_name == "m3.tiny"
    assert stub.calls("GET", "/flavors/detail") == []


def test_what_was_made_without_a_tag_is_found_by_its_metadata(cloud: Cloud, ancient: Stub) -> None:
    mine, other = old(metadata={"helioInstance": "row-1"}), old(id="s2", metadata={"helioInstance": "row-2"})
    ancient.compute("GET", "/servers/detail", Answer(200, {"servers": [other, mine]}))
    found = servers.find_made(cloud, tag="op:1", metadata=MARK)
    assert found is not None and found.id == SERVER_ID
    assert ancient.only("GET", "/servers/detail").query == {}


def test_the_oldest_of_those_that_carry_the_metadata_is_the_one(cloud: Cloud, ancient: Stub) -> None:
    marked = {"metadata": {"helioInstance": "row-1"}}
    copy = old(id="s2", created="2026-11-20T22:00:00Z", **marked)
    ancient.compute("GET", "/servers/detail", Answer(200, {"servers": [copy, old(**marked)]}))
    found = servers.find_made(cloud, tag="op:1", metadata=MARK)
    assert found is not None and found.id == SERVER_ID


def test_what_was_not_made_is_not_found(cloud: Cloud, ancient: Stub) -> None:
    ancient.compute("GET", "/servers/detail", Answer(200, {"servers": [old(metadata={"other": "row-1"})]}))
    assert servers.find_made(cloud, tag="op:1", metadata=MARK) is None


def test_a_newer_nova_is_asked_by_tag(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": [server()]}))
    assert servers.find_made(cloud, tag="op:1", metadata=MARK) is not None
    assert stub.only("GET", "/servers/detail").query == {"tags": "op:1"}


def test_keys_and_history_are_read_at_any_version(cloud: Cloud, ancient: Stub) -> None:
    key = {"name": "laptop", "fingerprint": "aa", "public_key": "ssh-ed25519 AAAA"}
    ancient.compute("GET", "/os-keypairs", Answer(200, {"keypairs": [{"keypair": key}]}))
    ancient.compute("POST", "/os-keypairs", Answer(200, {"keypair": key}))
    ancient.compute("GET", "/servers/s1/os-instance-actions", Answer(200, {"instanceActions": []}))
    assert [found.type for found in keypairs.list_keypairs(cloud)] == ["ssh"]
    keypairs.create_keypair(cloud, "laptop", "ssh-ed25519 AAAA")
    assert "type" not in ancient.only("POST", "/os-keypairs").json["keypair"]
    assert servers.actions_of(cloud, "s1") == []
