"""Lists of servers: what is in them, what is not, page by page, and what has changed."""

from datetime import timedelta

from portal.cloud import calls, servers
from portal.cloud.connection import Cloud
from tests.contract.maker import Maker
from tests.contract.places import Place
from tests.contract.waiting import gone, until


def test_what_changed_is_told_with_what_was_deleted_and_without_the_rest(
    cloud: Cloud, make: Maker, place: Place, server_id: str
) -> None:
    removed = make.active_server()
    # A second later than anything that happened to the one that stays: Nova's times are whole seconds.
    since = max(removed.updated, servers.get_server(cloud, server_id).updated) + timedelta(seconds=1)
    place.let_pass(2)
    servers.delete_server(cloud, removed.id)
    gone(place, cloud, removed.id)
    changed = {server.id: server for server in servers.list_servers(cloud, changes_since=since)}
    assert (changed[removed.id].status, changed[removed.id].terminated_at is not None) == ("DELETED", True)
    assert server_id not in changed
    everything = {server.id for server in servers.list_servers(cloud)}
    assert server_id in everything and removed.id not in everything
    servers.set_metadata(cloud, server_id, {"touched": "1"})
    again = {server.id for server in servers.list_servers(cloud, changes_since=since)}
    servers.delete_metadata(cloud, server_id, "touched")
    assert {server_id, removed.id} <= again


def test_a_tag_finds_its_server_among_others(cloud: Cloud, make: Maker, server_id: str) -> None:
    tag = f"op:{make.name()}"
    other = make.server(tags=(tag, "second"))
    found = calls.rows(
        cloud, "compute", "/servers/detail", "servers", params={"tags": tag}, microversion="2.90"
    )
    assert [row["id"] for row in found] == [other]
    both = {"tags": f"{tag},second"}
    found = calls.rows(cloud, "compute", "/servers/detail", "servers", params=both, microversion="2.90")
    assert [row["id"] for row in found] == [other]


def test_pages_hold_together_and_repeat_nothing(cloud: Cloud, make: Maker, place: Place) -> None:
    tag = make.name()
    made = {make.server(tags=(tag,)) for _ in range(3)}
    for server_id in made:
        until(place, cloud, server_id, lambda seen: seen.status == "ACTIVE")
    params: dict[str, str | int] = {"tags": tag, "limit": 1}
    found = calls.rows(
        cloud, "compute", "/servers/detail", "servers", params=params, microversion=calls.COMPUTE
    )
    assert len(found) == 3 and {row["id"] for row in found} == made


def test_a_stranger_finds_nothing_by_tag_and_sees_nothing_in_lists(make: Maker, stranger: Cloud) -> None:
    tag = f"op:{make.name()}"
    server_id = make.server(tags=(tag,))
    assert servers.find_by_tag(stranger, tag) is None
    assert server_id not in {server.id for server in servers.list_servers(stranger)}
