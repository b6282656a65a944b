"""Another size: tried, taken back or kept."""

import pytest

from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import Flavor, Server
from portal.core.errors import PortalError
from tests.contract.maker import Maker
from tests.contract.watching import Watch


def waits_to_be_confirmed(server: Server) -> bool:
    return server.status == "VERIFY_RESIZE"


def is_active(server: Server) -> bool:
    return server.status == "ACTIVE"


def test_resize_reverted_and_confirmed(
    cloud: Cloud, make: Maker, watch: Watch, sizes: tuple[Flavor, Flavor]
) -> None:
    small, larger = sizes
    server_id = make.active_server().id

    def resize() -> None:
        servers.resize(cloud, server_id, larger.id)

    waiting = watch.server("resize", server_id, resize, waits_to_be_confirmed)
    assert (waiting.vm_state, waiting.flavor_name) == ("resized", larger.name)
    revert = watch.server(
        "revert_resize", server_id, lambda: servers.revert_resize(cloud, server_id), is_active
    )
    assert revert.flavor_name == small.name
    watch.server("resize", server_id, resize, waits_to_be_confirmed)
    confirmed = watch.server(
        "confirm_resize", server_id, lambda: servers.confirm_resize(cloud, server_id), is_active
    )
    assert confirmed.flavor_name == larger.name


def test_a_stopped_server_stays_stopped_in_its_new_size(
    cloud: Cloud, make: Maker, watch: Watch, sizes: tuple[Flavor, Flavor]
) -> None:
    server_id = make.active_server().id
    stopped = watch.server(
        "stop", server_id, lambda: servers.stop(cloud, server_id), lambda seen: seen.status == "SHUTOFF"
    )
    assert stopped.power_state == 4
    watch.server(
        "resize when stopped",
        server_id,
        lambda: servers.resize(cloud, server_id, sizes[1].id),
        waits_to_be_confirmed,
    )
    confirmed = watch.server(
        "confirm_resize when stopped",
        server_id,
        lambda: servers.confirm_resize(cloud, server_id),
        lambda seen: seen.status == "SHUTOFF",
    )
    assert (confirmed.flavor_name, confirmed.vm_state) == (sizes[1].name, "stopped")


def test_a_resize_to_the_same_size_is_refused(
    cloud: Cloud, server_id: str, sizes: tuple[Flavor, Flavor]
) -> None:
    with pytest.raises(PortalError) as refused:
        servers.resize(cloud, server_id, sizes[0].id)
    assert (refused.value.id, refused.value.outcome) == ("cloud:bad-request", "refused")


def test_a_resize_to_a_size_that_is_not_there_is_refused(cloud: Cloud, server_id: str) -> None:
    with pytest.raises(PortalError) as refused:
        servers.resize(cloud, server_id, "no-such-size")
    assert (refused.value.id, refused.value.outcome) == ("cloud:flavor-not-found", "refused")


def test_confirming_a_resize_that_never_was_is_refused(cloud: Cloud, server_id: str) -> None:
    for attempt in (servers.confirm_resize, servers.revert_resize):
        with pytest.raises(PortalError) as refused:
            attempt(cloud, server_id)
        assert refused.value.outcome == "refused"
