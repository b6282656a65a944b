"""The life of a server: made once, found again, changed in every way, and gone."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.cloud import images, servers
from portal.cloud.connection import Cloud
from portal.cloud.types import Flavor, Image
from portal.core.errors import PortalError
from tests.contract.conftest import RUN, Maker
from tests.contract.places import Place
from tests.contract.waiting import eventually, gone, until


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


def test_an_active_server_is_described_whole(
    cloud: Cloud, make: Maker, sizes: tuple[Flavor, Flavor], image: Image
) -> None:
    server = make.active_server(user_data=b"#cloud-config\n{}\n")
    size = sizes[0]
    assert (server.flavor_name, server.vcpus, server.ram_mb) == (size.name, size.vcpus, size.ram_mb)
    assert (server.image_id, server.project_id, server.user_id) == (image.id, cloud.project_id, cloud.user_id)
    assert (server.vm_state, server.power_state, server.locked) == ("active", 1, False)
    assert server.addresses and all(address.kind == "fixed" for address in server.addresses)
    assert server.hostname.startswith("contract-") and server.launched_at is not None
    assert abs(server.created - datetime.now(UTC)) < timedelta(minutes=10)
    assert server.id in {found.id for found in servers.list_servers(cloud)}


def test_history_tells_who_did_what_under_which_request(cloud: Cloud, make: Maker) -> None:
    server = make.active_server()
    [created] = [action for action in servers.actions_of(cloud, server.id) if action.action == "create"]
    assert (created.user_id, created.project_id) == (cloud.user_id, cloud.project_id)
    assert created.request_id in cloud.request_ids
    events = servers.action_of(cloud, server.id, created.request_id).events
    assert events and all(event.result in {"Success", ""} for event in events)


def test_what_changed_is_told_with_what_was_deleted(cloud: Cloud, make: Maker, place: Place) -> None:
    kept, removed = make.active_server(), make.active_server()
    before = datetime.now(UTC) - timedelta(seconds=2)
    servers.delete_server(cloud, removed.id)
    gone(place, cloud, removed.id)
    changed = {server.id: server.status for server in servers.list_servers(cloud, changes_since=before)}
    assert changed[removed.id] == "DELETED"
    everything = {server.id for server in servers.list_servers(cloud)}
    assert kept.id in everything and removed.id not in everything


def test_stop_and_start(cloud: Cloud, make: Maker, place: Place) -> None:
    server = make.active_server()
    servers.stop(cloud, server.id)
    assert servers.get_server(cloud, server.id).task_state == "powering-off" or place.name == "demo"
    stopped = until(place, cloud, server.id, lambda seen: seen.status == "SHUTOFF")
    assert (stopped.vm_state, stopped.power_state) == ("stopped", 4)
    servers.start(cloud, server.id)
    until(place, cloud, server.id, lambda seen: seen.status == "ACTIVE")


def test_both_kinds_of_reboot(cloud: Cloud, make: Maker, place: Place) -> None:
    server = make.active_server()
    for kind in ("SOFT", "HARD"):
        servers.reboot(cloud, server.id, kind)
        until(place, cloud, server.id, lambda seen: seen.status == "ACTIVE")


def test_suspend_and_pause(cloud: Cloud, make: Maker, place: Place) -> None:
    server = make.active_server()
    servers.suspend(cloud, server.id)
    until(place, cloud, server.id, lambda seen: seen.status == "SUSPENDED")
    with pytest.raises(PortalError) as wrong:
        servers.stop(cloud, server.id)
    assert (wrong.value.id, wrong.value.params["state"]) == ("cloud:wrong-state", "suspended")
    servers.resume(cloud, server.id)
    until(place, cloud, server.id, lambda seen: seen.status == "ACTIVE")
    servers.pause(cloud, server.id)
    until(place, cloud, server.id, lambda seen: seen.status == "PAUSED")
    servers.unpause(cloud, server.id)
    until(place, cloud, server.id, lambda seen: seen.status == "ACTIVE")


def test_shelve_and_unshelve(cloud: Cloud, make: Maker, place: Place) -> None:
    server = make.active_server()
    servers.shelve(cloud, server.id)
    shelved = until(place, cloud, server.id, lambda seen: seen.status == "SHELVED_OFFLOADED")
    assert shelved.addresses == server.addresses and shelved.power_state == 4
    with pytest.raises(PortalError) as wrong:
        servers.suspend(cloud, server.id)
    assert wrong.value.id == "cloud:wrong-state"
    servers.unshelve(cloud, server.id)
    until(place, cloud, server.id, lambda seen: seen.status == "ACTIVE")


def test_resize_reverted_and_confirmed(
    cloud: Cloud, make: Maker, place: Place, sizes: tuple[Flavor, Flavor]
) -> None:
    small, larger = sizes
    server = make.active_server()
    servers.resize(cloud, server.id, larger.id)
    waiting = until(place, cloud, server.id, lambda seen: seen.status == "VERIFY_RESIZE")
    assert (waiting.vm_state, waiting.flavor_name) == ("resized", larger.name)
    servers.revert_resize(cloud, server.id)
    assert until(place, cloud, server.id, lambda seen: seen.status == "ACTIVE").flavor_name == small.name
    servers.resize(cloud, server.id, larger.id)
    until(place, cloud, server.id, lambda seen: seen.status == "VERIFY_RESIZE")
    servers.confirm_resize(cloud, server.id)
    assert until(place, cloud, server.id, lambda seen: seen.status == "ACTIVE").flavor_name == larger.name


def test_a_resize_to_the_same_size_is_refused(
    cloud: Cloud, make: Maker, sizes: tuple[Flavor, Flavor]
) -> None:
    server = make.active_server()
    with pytest.raises(PortalError) as refused:
        servers.resize(cloud, server.id, sizes[0].id)
    assert (refused.value.id, refused.value.outcome) == ("cloud:bad-request", "refused")


def test_confirming_a_resize_that_never_was_is_refused(cloud: Cloud, make: Maker) -> None:
    server = make.active_server()
    with pytest.raises(PortalError) as refused:
        servers.confirm_resize(cloud, server.id)
    assert refused.value.outcome == "refused"


def test_a_lock_holds_against_its_own_setter_and_a_colleague_may_open_it(
    cloud: Cloud, colleague: Cloud, make: Maker, place: Place
) -> None:
    server = make.active_server()
    servers.lock(cloud, server.id, "exam")
    locked = eventually(place, lambda: servers.get_server(cloud, server.id), lambda seen: seen.locked)
    assert locked.locked_reason == "exam"
    for who in (cloud, colleague):
        with pytest.raises(PortalError) as refused:
            servers.stop(who, server.id)
        assert (refused.value.id, refused.value.outcome) == ("cloud:locked", "refused")
    servers.unlock(colleague, server.id)
    eventually(place, lambda: servers.get_server(cloud, server.id), lambda seen: not seen.locked)
    servers.stop(cloud, server.id)
    until(place, cloud, server.id, lambda seen: seen.status == "SHUTOFF")


def test_name_metadata_and_tags_change(cloud: Cloud, make: Maker) -> None:
    server = make.active_server(metadata={"kept": "1"})
    servers.rename(cloud, server.id, f"{RUN} renamed – ü")
    servers.set_metadata(cloud, server.id, {"exoSetup": '{"status":"complete","epoch":null}', "gone": "x"})
    servers.delete_metadata(cloud, server.id, "gone")
    servers.add_tag(cloud, server.id, "exoPw:one two")
    seen = servers.get_server(cloud, server.id)
    assert seen.name == f"{RUN} renamed – ü"
    assert seen.metadata == {"kept": "1", "exoSetup": '{"status":"complete","epoch":null}'}
    assert seen.tags == ("exoPw:one two",)
    servers.remove_tag(cloud, server.id, "exoPw:one two")
    assert servers.get_server(cloud, server.id).tags == ()


def test_a_snapshot_becomes_an_image_that_can_be_found(cloud: Cloud, make: Maker, place: Place) -> None:
    server = make.active_server()
    name, marks = make.name(), {"from-exosphere": "true", "helio_operation": make.name()}
    image_id = servers.create_image(cloud, server.id, name, marks)
    assert image_id is not None
    make.undo(lambda: images.delete_image(cloud, image_id))
    found = images.find_image(cloud, name=name, marks=marks)
    assert found is not None and found.id == image_id and found.is_snapshot
    until(place, cloud, server.id, lambda seen: seen.status == "ACTIVE")
    assert images.find_image(cloud, name=name, marks={"helio_operation": "another"}) is None


def test_rebuilding_keeps_the_server_and_its_addresses(
    cloud: Cloud, make: Maker, place: Place, image: Image
) -> None:
    server = make.active_server()
    servers.rebuild(cloud, server.id, image.id)
    rebuilt = until(place, cloud, server.id, lambda seen: seen.status == "ACTIVE")
    assert (rebuilt.id, rebuilt.addresses, rebuilt.created) == (server.id, server.addresses, server.created)


def test_console_log_and_console(cloud: Cloud, make: Maker) -> None:
    server = make.active_server()
    assert isinstance(servers.console_output(cloud, server.id, 10), str)
    console = servers.remote_console(cloud, server.id)
    assert console.protocol == "vnc" and console.url.startswith("http")


def test_a_deleted_server_is_gone_for_everything(cloud: Cloud, make: Maker, place: Place) -> None:
    server = make.active_server()
    servers.delete_server(cloud, server.id)
    gone(place, cloud, server.id)
    for again in (servers.delete_server, servers.start, servers.get_server):
        with pytest.raises(PortalError) as absent:
            again(cloud, server.id)
        assert (absent.value.id, absent.value.outcome) == ("cloud:not-found", "refused")


def test_a_server_being_built_can_be_deleted(cloud: Cloud, make: Maker, place: Place) -> None:
    server_id = make.server()
    servers.delete_server(cloud, server_id)
    gone(place, cloud, server_id)
