"""Every action on a running server, with all the states that it leads through."""

import pytest

from portal.cloud import images, servers
from portal.cloud.connection import Cloud
from portal.cloud.types import Image, Server
from portal.core.errors import PortalError
from tests.contract.maker import RUN, Maker
from tests.contract.places import Place
from tests.contract.waiting import eventually
from tests.contract.watching import Watch


def is_active(server: Server) -> bool:
    return server.status == "ACTIVE"


def test_stop_and_start(cloud: Cloud, server_id: str, watch: Watch) -> None:
    stopped = watch.server(
        "stop", server_id, lambda: servers.stop(cloud, server_id), lambda seen: seen.status == "SHUTOFF"
    )
    assert (stopped.vm_state, stopped.power_state) == ("stopped", 4)
    watch.server("start", server_id, lambda: servers.start(cloud, server_id), is_active)


def test_both_kinds_of_reboot(cloud: Cloud, server_id: str, watch: Watch) -> None:
    watch.server("reboot", server_id, lambda: servers.reboot(cloud, server_id), is_active)
    watch.server("hard_reboot", server_id, lambda: servers.reboot(cloud, server_id, "HARD"), is_active)


def test_a_hard_reboot_starts_what_is_stopped(cloud: Cloud, server_id: str, watch: Watch) -> None:
    servers.stop(cloud, server_id)
    eventually(watch.place, lambda: servers.get_server(cloud, server_id).status, lambda it: it == "SHUTOFF")
    action = "hard_reboot when stopped"
    watch.server(action, server_id, lambda: servers.reboot(cloud, server_id, "HARD"), is_active)


def test_suspend_and_resume(cloud: Cloud, server_id: str, watch: Watch) -> None:
    watch.server(
        "suspend",
        server_id,
        lambda: servers.suspend(cloud, server_id),
        lambda seen: seen.status == "SUSPENDED",
    )
    watch.server("resume", server_id, lambda: servers.resume(cloud, server_id), is_active)


def test_pause_and_unpause(cloud: Cloud, server_id: str, watch: Watch) -> None:
    watch.server(
        "pause", server_id, lambda: servers.pause(cloud, server_id), lambda seen: seen.status == "PAUSED"
    )
    watch.server("unpause", server_id, lambda: servers.unpause(cloud, server_id), is_active)


def test_a_lock_holds_against_its_own_setter_and_a_colleague_may_open_it(
    cloud: Cloud, colleague: Cloud, server_id: str, watch: Watch
) -> None:
    action = "lock"
    watch.server(action, server_id, lambda: servers.lock(cloud, server_id, "exam"), lambda seen: seen.locked)
    assert servers.get_server(cloud, server_id).locked_reason == "exam"
    for who in (cloud, colleague):
        for attempt in (servers.stop, servers.delete_server, servers.shelve):
            with pytest.raises(PortalError) as refused:
                attempt(who, server_id)
            assert (refused.value.id, refused.value.outcome) == ("cloud:locked", "refused")
    servers.unlock(colleague, server_id)
    eventually(watch.place, lambda: servers.get_server(cloud, server_id).locked, lambda seen: not seen)
    servers.stop(cloud, server_id)
    eventually(watch.place, lambda: servers.get_server(cloud, server_id).status, lambda it: it == "SHUTOFF")
    servers.start(cloud, server_id)
    eventually(watch.place, lambda: servers.get_server(cloud, server_id).status, lambda it: it == "ACTIVE")


def test_a_locked_server_still_changes_its_name_and_tags(cloud: Cloud, server_id: str) -> None:
    servers.lock(cloud, server_id)
    servers.rename(cloud, server_id, f"{RUN}-locked")
    servers.add_tag(cloud, server_id, "of a locked one")
    seen = servers.get_server(cloud, server_id)
    assert (seen.name, seen.tags, seen.locked_reason) == (f"{RUN}-locked", ("of a locked one",), "")
    with pytest.raises(PortalError) as refused:
        servers.set_metadata(cloud, server_id, {"a": "b"})
    assert refused.value.id == "cloud:locked"
    servers.unlock(cloud, server_id)
    servers.remove_tag(cloud, server_id, "of a locked one")


def test_name_metadata_and_tags_change(cloud: Cloud, server_id: str) -> None:
    servers.rename(cloud, server_id, f"{RUN} renamed – ü")
    servers.set_metadata(cloud, server_id, {"exoSetup": '{"status":"complete","epoch":null}', "gone": "x"})
    servers.delete_metadata(cloud, server_id, "gone")
    servers.add_tag(cloud, server_id, "exoPw:one two")
    servers.add_tag(cloud, server_id, "exoPw:one two")
    seen = servers.get_server(cloud, server_id)
    assert seen.name == f"{RUN} renamed – ü"
    assert seen.metadata == {"kept": "1", "exoSetup": '{"status":"complete","epoch":null}'}
    assert seen.tags == ("exoPw:one two",)
    servers.remove_tag(cloud, server_id, "exoPw:one two")
    servers.delete_metadata(cloud, server_id, "exoSetup")
    assert servers.get_server(cloud, server_id).tags == ()
    for absent in (servers.remove_tag, servers.delete_metadata):
        with pytest.raises(PortalError) as refused:
            absent(cloud, server_id, "no such")
        assert refused.value.id == "cloud:not-found"


def test_a_name_of_300_characters_does_not_rename(cloud: Cloud, server_id: str) -> None:
    with pytest.raises(PortalError) as refused:
        servers.rename(cloud, server_id, "x" * 300)
    assert refused.value.id == "cloud:bad-request"


def test_a_snapshot_becomes_an_image_that_can_be_found(
    cloud: Cloud, make: Maker, server_id: str, watch: Watch
) -> None:
    name, marks = make.name(), {"from-exosphere": "true", "helio_operation": make.name()}
    made: list[str] = []
    watch.server(
        "snapshot",
        server_id,
        lambda: made.append(make.snapshot(server_id, name, marks)),
        lambda seen: seen.status == "ACTIVE",
    )
    found = images.find_image(cloud, name=name, marks=marks)
    assert found is not None and found.id == made[0] and found.is_snapshot
    assert (found.visibility, found.owner) == ("private", cloud.project_id)
    if watch.place.zone != "fake":
        # Nova's fake driver uploads nothing: its images stay queued.
        assert found.status == "active"
    assert images.find_image(cloud, name=name, marks={"helio_operation": "another"}) is None
    images.delete_image(cloud, made[0])
    assert images.find_image(cloud, name=name, marks=marks) is None


def test_rebuilding_keeps_the_server_and_its_addresses(
    cloud: Cloud, server_id: str, watch: Watch, image: Image
) -> None:
    before = servers.get_server(cloud, server_id)
    rebuilt = watch.server(
        "rebuild", server_id, lambda: servers.rebuild(cloud, server_id, image.id), is_active
    )
    assert (rebuilt.id, rebuilt.addresses, rebuilt.created) == (server_id, before.addresses, before.created)


def test_console_log_and_console(cloud: Cloud, server_id: str, place: Place) -> None:
    log = servers.console_output(cloud, server_id, 10)
    assert isinstance(log, str) and len(log.splitlines()) <= 11
    console = servers.remote_console(cloud, server_id)
    assert (console.protocol, console.type) == ("vnc", "novnc") and console.url.startswith("http")
    assert servers.server_password(cloud, server_id) == ""
