"""A server comes, is found and described, and goes."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import Flavor, Image
from portal.core.errors import PortalError
from tests.contract.maker import Maker
from tests.contract.places import Place
from tests.contract.waiting import gone, until
from tests.contract.watching import Watch


def test_a_new_server_is_found_by_its_tag_at_once(cloud: Cloud, make: Maker, place: Place) -> None:
    tag = f"op:{make.name()}"
    server_id = make.server(tags=(tag,), metadata={"exoServerVersion": "6"}, description="for the contract")
    found = servers.find_by_tag(cloud, tag)
    assert found is not None and found.id == server_id
    assert servers.find_by_tag(cloud, tag + "0") is None
    built = until(place, cloud, server_id, lambda server: server.status == "ACTIVE")
    assert (built.tags, built.metadata, built.description) == (
        (tag,),
        {"exoServerVersion": "6"},
        "for the contract",
    )


def test_a_server_is_built_described_whole_and_deleted(
    cloud: Cloud, make: Maker, watch: Watch, sizes: tuple[Flavor, Flavor], image: Image
) -> None:
    server = watch.new_server("create", lambda: make.server(user_data=b"#cloud-config\n{}\n"))
    size = sizes[0]
    assert (server.flavor_name, server.vcpus, server.ram_mb) == (size.name, size.vcpus, size.ram_mb)
    assert (server.image_id, server.project_id, server.user_id) == (image.id, cloud.project_id, cloud.user_id)
    assert (server.vm_state, server.power_state, server.locked) == ("active", 1, False)
    assert server.addresses and all(address.kind == "fixed" for address in server.addresses)
    assert server.hostname.startswith("contract-") and server.launched_at is not None
    assert abs(server.created - datetime.now(UTC)) < timedelta(minutes=10)
    assert server.id in {found.id for found in servers.list_servers(cloud)}
    watch.deleted("delete", server.id)
    for again in (servers.delete_server, servers.start, servers.get_server):
        with pytest.raises(PortalError) as absent:
            again(cloud, server.id)
        assert (absent.value.id, absent.value.outcome) == ("cloud:not-found", "refused")


def test_a_server_being_built_can_be_deleted(cloud: Cloud, make: Maker, place: Place) -> None:
    server_id = make.server()
    servers.delete_server(cloud, server_id)
    gone(place, cloud, server_id)


def test_history_tells_who_did_what_under_which_request(cloud: Cloud, make: Maker, place: Place) -> None:
    server = make.active_server()
    [created] = [action for action in servers.actions_of(cloud, server.id) if action.action == "create"]
    assert (created.user_id, created.project_id) == (cloud.user_id, cloud.project_id)
    assert created.request_id in cloud.request_ids
    events = servers.action_of(cloud, server.id, created.request_id).events
    assert events and all(event.result in {"Success", ""} for event in events)
    servers.delete_server(cloud, server.id)
    gone(place, cloud, server.id)
    assert [action.action for action in servers.actions_of(cloud, server.id)] == ["delete", "create"]


def test_a_server_from_a_volume_has_its_disk_there(
    cloud: Cloud, make: Maker, watch: Watch, image: Image
) -> None:
    size = max(image.min_disk_gb, 2)
    server = watch.new_server("create from a volume", lambda: make.server(boot_volume_gb=size))
    assert server.image_id is None
    [attached] = servers.attached_volumes(cloud, server.id)
    assert attached.delete_on_termination and server.volume_ids == (attached.volume_id,)
    volume = make.volume_once(attached.volume_id, "in-use")
    assert (volume.size_gb, volume.bootable, volume.image_name) == (size, True, image.name)
    watch.server(
        "shelve from a volume",
        server.id,
        lambda: servers.shelve(cloud, server.id),
        lambda seen: seen.status == "SHELVED_OFFLOADED",
    )
    watch.server(
        "unshelve from a volume",
        server.id,
        lambda: servers.unshelve(cloud, server.id),
        lambda seen: seen.status == "ACTIVE",
    )
    make.remove_server(server.id)
    watch.volume("delete with its server", lambda: volume.id, "gone")
