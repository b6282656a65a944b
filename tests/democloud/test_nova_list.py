from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.democloud.cloud import Cloud, Person

SERVERS = "/compute/v2.1/servers"


async def names(person: Person, query: str = "") -> list[str]:
    reply = await person.get(f"{SERVERS}/detail?{query}")
    assert reply.status_code == 200, reply.text
    return [server["name"] for server in reply.json()["servers"]]


async def test_a_list_shows_the_projects_servers_newest_first(alice: Person, bob: Person) -> None:
    await alice.make_server("first")
    await bob.make_server("second")
    assert await names(alice) == ["second", "first"]


async def test_another_projects_servers_are_not_there(alice: Person, carol: Person) -> None:
    server_id = await alice.make_server()
    assert await names(carol) == []
    reply = await carol.get(f"{SERVERS}/{server_id}")
    assert reply.status_code == 404
    assert reply.json() == {
        "itemNotFound": {"code": 404, "message": f"Instance {server_id} could not be found."}
    }


async def test_everything_is_the_admins_to_list(alice: Person, carol: Person, admin: Person) -> None:
    await alice.make_server("hers")
    await carol.make_server("theirs")
    assert sorted(await names(admin, "all_tenants=True")) == ["hers", "theirs"]
    refused = await alice.get(f"{SERVERS}/detail?all_tenants=1")
    assert refused.status_code == 403
    assert "get_all_tenants" in refused.json()["forbidden"]["message"]


async def test_the_plain_list_has_names_and_links_only(alice: Person) -> None:
    await alice.make_server()
    (server,) = (await alice.get(SERVERS)).json()["servers"]
    assert set(server) == {"id", "name", "links"}
    assert server["links"][0]["href"] == f"http://cloud.test/compute/v2.1/servers/{server['id']}"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=alpha", ["alpha-2", "alpha-1"]),
        (f"name={quote('^alpha-[1]$')}", ["alpha-1"]),
        ("name=%5B", []),
        ("status=SHUTOFF", ["beta"]),
        ("status=active", ["alpha-2", "alpha-1"]),
        ("status=ACTIVE&status=SHUTOFF", ["beta", "alpha-2", "alpha-1"]),
        ("tags=op:1", ["alpha-1"]),
        ("tags=op:1,lab", ["alpha-1"]),
        ("tags-any=op:1,op:2", ["alpha-2", "alpha-1"]),
        ("not-tags=op:1", ["beta", "alpha-2"]),
        ("not-tags-any=op:1,op:2", ["beta"]),
        ("_nonsense=1", ["beta", "alpha-2", "alpha-1"]),
        ("description=1", ["beta", "alpha-2", "alpha-1"]),
        ("flavor=2", ["beta"]),
        ("locked=true", ["alpha-2"]),
        ("vm_state=stopped", ["beta"]),
        ("sort_key=display_name&sort_dir=asc", ["alpha-1", "alpha-2", "beta"]),
        ("sort_key=display_name&sort_dir=desc", ["beta", "alpha-2", "alpha-1"]),
    ],
)
async def test_filters_and_order(alice: Person, query: str, found: list[str]) -> None:
    await alice.make_server("alpha-1", tags=["op:1", "lab"])
    second = await alice.make_server("alpha-2", tags=["op:2"])
    third = await alice.make_server("beta", "m3.small")
    await alice.act(second, "lock")
    await alice.act(third, "os-stop")
    alice.cloud.advance(60)
    assert await names(alice, query) == found


async def test_a_filter_of_a_later_version_is_ignored_before_it(alice: Person) -> None:
    await alice.make_server("one")
    alice.version = "2.72"
    assert await names(alice, "locked=true") == ["one"]
    alice.version = "2.73"
    assert await names(alice, "locked=true") == []


async def test_an_unknown_status_or_filter_is_refused_by_newer_versions_and_not_by_older(
    alice: Person,
) -> None:
    await alice.make_server("one")
    for query, message, last in (
        ("status=NOSUCH", "Invalid status value", 37),
        ("frob=1", "'frob' does not match any of the regexes: '^_'", 74),
    ):
        alice.version = f"2.{last + 1}"
        refused = await alice.get(f"{SERVERS}?{query}")
        assert refused.json()["badRequest"]["message"] == message
        alice.version = f"2.{last}"
        assert await names(alice, query) == ([] if query.startswith("status") else ["one"])


async def test_a_list_leaves_out_the_groups_that_the_server_itself_shows(alice: Person) -> None:
    server_id = await alice.make_server("one")
    (listed,) = (await alice.get(f"{SERVERS}/detail")).json()["servers"]
    shown = await alice.server(server_id)
    assert set(shown) - set(listed) == {"server_groups"}


async def test_the_address_filter_matches_parts(alice: Person) -> None:
    server_id = await alice.make_server("one")
    (address,) = (await alice.server(server_id))["addresses"]["auto_allocated_network"]
    assert await names(alice, f"ip={address['addr']}") == ["one"]
    assert await names(alice, "ip=203.0.113.9") == []


async def pages(person: Person, path: str) -> list[list[str]]:
    """Follow the links to the end, as every client library does."""
    found = []
    while path:
        body: dict[str, Any] = (await person.get(path)).json()
        found.append([server["name"] for server in body["servers"]])
        path = (
            body["servers_links"][0]["href"].removeprefix("http://cloud.test")
            if "servers_links" in body
            else ""
        )
    return found


async def test_pages_are_linked_until_one_is_not_full(alice: Person) -> None:
    for number in range(5):
        await alice.make_server(f"s{number}")
    assert await pages(alice, f"{SERVERS}/detail?limit=2") == [["s4", "s3"], ["s2", "s1"], ["s0"]]


async def test_an_exactly_full_last_page_still_links_to_an_empty_one(alice: Person) -> None:
    for number in range(4):
        await alice.make_server(f"s{number}")
    assert await pages(alice, f"{SERVERS}?limit=2") == [["s3", "s2"], ["s1", "s0"], []]


async def test_the_link_keeps_the_filters(alice: Person) -> None:
    for number in range(3):
        await alice.make_server(f"s{number}", tags=["x"])
    body = (await alice.get(f"{SERVERS}/detail?limit=1&tags=x&name=s")).json()
    assert re.search(r"tags=x&name=s&limit=1&marker=[0-9a-f-]{36}$", body["servers_links"][0]["href"])


async def test_no_more_than_a_thousand_come_at_once(cloud: Cloud) -> None:
    await cloud.control("POST", "/seed", {"seed": "load:1100"})
    alice = await cloud.login()
    found = await pages(alice, SERVERS)
    assert [len(page) for page in found] == [1000, 100]
    assert len({name for page in found for name in page}) == 1100


@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=x", "marker=nosuch", "changes-since=yesterday", "sort_key=color"]
)
async def test_a_wrong_parameter_is_a_bad_request(alice: Person, query: str) -> None:
    reply = await alice.get(f"{SERVERS}/detail?{query}")
    assert reply.status_code == 400
    assert reply.json()["badRequest"]["code"] == 400


async def test_changes_since_shows_what_changed_and_only_that(alice: Person) -> None:
    first, _ = await alice.make_server("first"), await alice.make_server("second")
    now = alice.cloud.world.now().replace(microsecond=0).isoformat().replace("+00:00", "Z")
    assert await names(alice, f"changes-since={now}") == []
    alice.cloud.advance(5)
    await alice.act(first, "os-stop")
    assert await names(alice, f"changes-since={now}") == ["first"]


async def test_changes_since_shows_deleted_servers_for_an_hour_and_a_plain_list_does_not(
    alice: Person,
) -> None:
    server_id = await alice.make_server("gone")
    since = alice.cloud.world.now().isoformat().replace("+00:00", "Z")
    await alice.delete(f"{SERVERS}/{server_id}")
    alice.cloud.advance(10)
    reply = await alice.get(f"{SERVERS}/detail?changes-since={since}")
    (server,) = reply.json()["servers"]
    assert (server["status"], server["OS-EXT-STS:vm_state"]) == ("DELETED", "deleted")
    assert server["OS-SRV-USG:terminated_at"] is not None
    assert await names(alice) == []
    assert (await alice.get(f"{SERVERS}/{server_id}")).status_code == 404
    alice.cloud.advance(3601)
    assert await names(alice, f"changes-since={since}") == []


async def test_changes_before_ends_the_window(alice: Person) -> None:
    await alice.make_server("old")
    end = alice.cloud.world.now().isoformat().replace("+00:00", "Z")
    alice.cloud.advance(100)
    await alice.make_server("new")
    assert await names(alice, f"changes-before={end}") == ["old"]
    wrong = await alice.get(f"{SERVERS}/detail?changes-before={end}&changes-since=2999-01-01T00:00:00Z")
    assert wrong.status_code == 400


async def test_regions_have_servers_of_their_own(demo: Cloud) -> None:
    here, there = await demo.login(), await demo.login(prefix="/tacc")
    assert "assembly-main" in await names(here)
    assert await names(there) == ["mirror-site"]
    reply = await there.get(f"{SERVERS}/detail")
    assert reply.json()["servers"][0]["links"][0]["href"].startswith("http://cloud.test/tacc/compute/v2.1/")
