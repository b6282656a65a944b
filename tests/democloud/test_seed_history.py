"""The demo's past: what Nova's record says agrees with how the machines stand."""

from itertools import pairwise

import pytest

from portal.democloud.model_compute import Server
from portal.democloud.state import Region
from tests.democloud.cloud import new_cloud

AFTER = {
    "stop": "stopped",
    "shelve": "shelved_offloaded",
    "suspend": "suspended",
    "resize": "resized",
    "delete": "deleted",
    "create": "active",
    "unshelve": "active",
    "start": "active",
}


@pytest.fixture(scope="module")
def region() -> Region:
    return new_cloud("demo").world.regions["IU"]


def servers(region: Region) -> list[Server]:
    return list(region.data.servers.values())


def test_the_last_thing_that_was_done_is_how_a_machine_stands(region: Region) -> None:
    for server in servers(region):
        last = server.actions[-1]
        if last.message == "Error":
            assert server.vm_state == "error"
        else:
            assert AFTER[last.action] == server.vm_state, server.name


def test_the_record_is_in_order_and_lies_in_the_past(region: Region) -> None:
    now = new_cloud("demo").world.now()
    for server in servers(region):
        times = [line.start_time for line in server.actions]
        assert all(one < two for one, two in pairwise(times)), server.name
        assert times[0] == server.created
        assert server.actions[-1].updated_at <= server.updated <= now
        assert all(line.start_time <= line.updated_at for line in server.actions)


def test_the_record_has_no_request_twice(region: Region) -> None:
    ids = [line.request_id for server in servers(region) for line in server.actions]
    assert len(ids) == len(set(ids))


def test_deleted_machines_hold_nothing_and_are_in_no_list(region: Region) -> None:
    gone = [server for server in servers(region) if server.gone]
    assert len(gone) > 90
    for server in gone:
        assert server.terminated_at == server.actions[-1].updated_at
        assert server.provider_id is None
        assert server not in region.live_servers(server.project_id)


def test_changes_are_told_newest_first(region: Region) -> None:
    """What deleted servers changed last, long ago, does not hide what changed since."""
    for project in {server.project_id for server in servers(region)}:
        times = [server.updated for server in region.project_servers(project)]
        assert times == sorted(times)
