"""Put away, and brought back."""

import pytest

from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from tests.contract.maker import Maker
from tests.contract.waiting import eventually, until
from tests.contract.watching import Watch


def test_shelve_offload_and_unshelve(cloud: Cloud, make: Maker, watch: Watch) -> None:
    server = make.active_server()
    shelved = watch.server(
        "shelve",
        server.id,
        lambda: servers.shelve(cloud, server.id),
        lambda seen: seen.status == "SHELVED_OFFLOADED",
    )
    assert shelved.addresses == server.addresses and shelved.power_state == 4
    # Nova forgets the host and its zone in a second step, a moment after it shows the last state.
    eventually(
        watch.place, lambda: servers.get_server(cloud, server.id).availability_zone, lambda zone: zone == ""
    )
    with pytest.raises(PortalError) as wrong:
        servers.shelve_offload(cloud, server.id)
    assert wrong.value.outcome == "refused"
    back = watch.server(
        "unshelve",
        server.id,
        lambda: servers.unshelve(cloud, server.id),
        lambda seen: seen.status == "ACTIVE",
    )
    assert back.addresses == server.addresses and back.availability_zone != ""


def test_a_shelved_server_is_deleted_like_any_other(cloud: Cloud, make: Maker, watch: Watch) -> None:
    server = make.active_server()
    servers.shelve(cloud, server.id)
    until(watch.place, cloud, server.id, lambda seen: seen.status == "SHELVED_OFFLOADED")
    watch.deleted("delete when shelved", server.id)
