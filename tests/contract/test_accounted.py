"""What the ledger and the members' page ask: what existed and when, and who has which role in the project."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.cloud import assignments, servers, usage
from portal.cloud.connection import Cloud
from portal.cloud.types import Flavor, ServerUsage
from portal.core.errors import PortalError
from tests.contract.maker import Maker
from tests.contract.places import Place
from tests.contract.waiting import gone


def used(cloud: Cloud, server_id: str) -> list[ServerUsage]:
    # Clouds' clocks and ours may differ a little.
    now = datetime.now(UTC)
    found = usage.servers_used(cloud, start=now - timedelta(days=1), end=now + timedelta(minutes=5))
    return [one for one in found if one.server_id == server_id]


def test_a_server_is_accounted_for_while_it_is_there_and_after_it_is_gone(
    cloud: Cloud, make: Maker, place: Place, sizes: tuple[Flavor, Flavor]
) -> None:
    server = make.active_server()
    [there] = used(cloud, server.id)
    assert (there.flavor_name, there.vcpus, there.ram_mb) == (server.flavor_name, server.vcpus, server.ram_mb)
    assert there.name == server.name and there.ended is None
    assert server.launched_at is not None
    assert abs((there.started - server.launched_at).total_seconds()) <= 1, "from its launch, not its request"
    servers.delete_server(cloud, server.id)
    gone(place, cloud, server.id)
    [past] = used(cloud, server.id)
    assert past.ended is not None and past.ended >= past.started
    assert past.started == there.started


def test_of_a_time_before_it_nothing_is_told(cloud: Cloud, make: Maker) -> None:
    server = make.active_server()
    long_ago = datetime.now(UTC) - timedelta(days=400)
    found = usage.servers_used(cloud, start=long_ago, end=long_ago + timedelta(days=1))
    assert server.id not in {one.server_id for one in found}


def test_its_record_says_when_it_was_made_and_by_whom(cloud: Cloud, make: Maker) -> None:
    server = make.active_server()
    recorded = servers.actions_of(cloud, server.id)
    assert [one.action for one in recorded] == ["create"]
    assert recorded[0].user_id == cloud.user_id


def test_roles_are_listed_or_the_policy_keeps_them(cloud: Cloud) -> None:
    """Most clouds let only administrators see them: then the portal says so, and knows nobody by guessing."""
    try:
        found = assignments.of_project(cloud)
    except PortalError as refused:
        assert (refused.id, refused.outcome) == ("cloud:forbidden", "refused")
    else:
        assert {one.role for one in found if one.user_id == cloud.user_id}


def test_nobody_gives_a_role_that_the_cloud_does_not_have(cloud: Cloud) -> None:
    with pytest.raises(PortalError) as unknown:
        assignments.role_id(cloud, "no-such-role")
    assert unknown.value.id in ("cloud:not-found", "cloud:forbidden")
