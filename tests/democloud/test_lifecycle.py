"""The states of machines, against what a real Nova showed (shared/lab/openstack/OBSERVED.md)."""

from __future__ import annotations

from typing import Any

import pytest

from portal.democloud.nova_status import status_of
from tests.democloud.cloud import Cloud, Person

States = list[tuple[str, str, str | None, int]]


def state(cloud: Cloud, server_id: str) -> tuple[str, str, str | None, int]:
    server = cloud.kept(server_id)
    return status_of(server), server.vm_state, server.task_state, server.power_state


def play(cloud: Cloud, server_id: str, *, most: float = 200) -> tuple[States, float]:
    """Every state that the server goes through until nothing more is to come, and the seconds it took."""
    begin = cloud.world.clock.timestamp()
    seen = [state(cloud, server_id)]
    while cloud.kept(server_id).run is not None:
        due = cloud.world.next_due()
        assert due is not None and due < begin + most
        cloud.world.clock.advance(due - cloud.world.clock.timestamp())
        cloud.world.run_due()
        if state(cloud, server_id) != seen[-1]:
            seen.append(state(cloud, server_id))
    return seen, cloud.world.clock.timestamp() - begin


async def settled(alice: Person, vm_state: str) -> str:
    """A server in this state, its guest booted long ago."""
    server_id = await alice.make_server()
    before = {
        "stopped": "os-stop",
        "suspended": "suspend",
        "paused": "pause",
        "shelved_offloaded": "shelve",
    }
    if vm_state in before:
        await alice.act(server_id, before[vm_state])
        play(alice.cloud, server_id)
    if vm_state == "resized":
        await alice.act(server_id, "resize", {"flavorRef": "2"})
        play(alice.cloud, server_id)
    return server_id


async def test_a_new_server_goes_through_build_with_a_moment_without_task(alice: Person) -> None:
    server_id = (await alice.ask_server()).json()["server"]["id"]
    seen, seconds = play(alice.cloud, server_id)
    assert seen == [
        ("BUILD", "building", "scheduling", 0),
        ("BUILD", "building", None, 0),
        ("BUILD", "building", "networking", 0),
        ("BUILD", "building", "block_device_mapping", 0),
        ("BUILD", "building", "spawning", 0),
        ("ACTIVE", "active", None, 1),
    ]
    assert seconds == pytest.approx(4.05, abs=0.1)


A, P, S = "active", "paused", "suspended"
CASES: dict[str, tuple[str, str, Any, States, float]] = {
    "suspend": (A, "suspend", None, [("ACTIVE", A, "suspending", 1), ("SUSPENDED", S, None, 4)], 2.0),
    "resume": (S, "resume", None, [("SUSPENDED", S, "resuming", 4), ("ACTIVE", A, None, 1)], 0.8),
    "pause": (A, "pause", None, [("ACTIVE", A, "pausing", 1), ("PAUSED", P, None, 3)], 0.15),
    "unpause": (P, "unpause", None, [("PAUSED", P, "unpausing", 3), ("ACTIVE", A, None, 1)], 0.15),
    "stop": (A, "os-stop", None, [("ACTIVE", A, "powering-off", 1), ("SHUTOFF", "stopped", None, 4)], 3.7),
    "start": (
        "stopped",
        "os-start",
        None,
        [("SHUTOFF", "stopped", "powering-on", 4), ("ACTIVE", A, None, 1)],
        1.3,
    ),
    "soft reboot": (
        A,
        "reboot",
        {"type": "SOFT"},
        [
            ("REBOOT", A, "rebooting", 1),
            ("REBOOT", A, "reboot_pending", 1),
            ("REBOOT", A, "reboot_started", 1),
            ("ACTIVE", A, None, 1),
        ],
        5.65,
    ),
    "hard reboot": (
        A,
        "reboot",
        {"type": "HARD"},
        [
            ("HARD_REBOOT", A, "rebooting_hard", 1),
            ("HARD_REBOOT", A, "reboot_pending_hard", 1),
            ("HARD_REBOOT", A, "reboot_started_hard", 1),
            ("ACTIVE", A, None, 1),
        ],
        3.75,
    ),
    "shelve": (
        A,
        "shelve",
        None,
        [
            ("ACTIVE", A, "shelving", 1),
            ("ACTIVE", A, "shelving_image_pending_upload", 1),
            ("ACTIVE", A, "shelving_image_uploading", 1),
            ("SHELVED", "shelved", "shelving_offloading", 4),
            ("SHELVED_OFFLOADED", "shelved_offloaded", None, 4),
        ],
        7.6,
    ),
    "unshelve": (
        "shelved_offloaded",
        "unshelve",
        None,
        [
            ("SHELVED_OFFLOADED", "shelved_offloaded", "unshelving", 4),
            ("SHELVED_OFFLOADED", "shelved_offloaded", "spawning", 4),
            ("ACTIVE", A, None, 1),
        ],
        32.3,
    ),
    "resize": (
        A,
        "resize",
        {"flavorRef": "2"},
        [
            ("RESIZE", A, "resize_prep", 1),
            ("RESIZE", A, "resize_migrating", 1),
            ("RESIZE", A, "resize_migrated", 1),
            ("RESIZE", A, "resize_finish", 1),
            ("VERIFY_RESIZE", "resized", None, 1),
        ],
        6.0,
    ),
    "confirm": (
        "resized",
        "confirmResize",
        None,
        [("VERIFY_RESIZE", "resized", None, 1), ("ACTIVE", A, None, 1)],
        0.8,
    ),
    "rebuild": (
        A,
        "rebuild",
        "image",
        [
            ("REBUILD", A, "rebuilding", 1),
            ("REBUILD", A, "rebuild_spawning", 1),
            ("ACTIVE", A, None, 1),
        ],
        4.6,
    ),
}


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
async def test_an_action_shows_the_states_and_takes_the_time_of_a_real_cloud(
    alice: Person, case: str
) -> None:
    vm_state, action, given, states, seconds = CASES[case]
    server_id = await settled(alice, vm_state)
    alice.cloud.advance(60)
    if given == "image":
        given = {"imageRef": alice.cloud.kept(server_id).image_id}
    reply = await alice.act(server_id, action, given)
    assert reply.status_code == (204 if action == "confirmResize" else 202)
    seen, took = play(alice.cloud, server_id)
    assert seen == states
    assert took == pytest.approx(seconds, abs=0.3)


@pytest.mark.parametrize(
    ("action", "given", "patience"),
    [
        ("os-stop", None, 31),
        ("shelve", None, 31),
        ("resize", {"flavorRef": "2"}, 31),
        ("reboot", {"type": "SOFT"}, 31),
        ("reboot", {"type": "HARD"}, 0),
        ("suspend", None, 0),
    ],
)
async def test_a_guest_that_is_still_booting_does_not_heed_acpi(
    alice: Person, action: str, given: Any, patience: float
) -> None:
    server_id = (await alice.ask_server()).json()["server"]["id"]
    play(alice.cloud, server_id)
    await alice.act(server_id, action, given)
    _, booting = play(alice.cloud, server_id)
    other = await settled(alice, "active")
    await alice.act(other, action, given)
    _, booted = play(alice.cloud, other)
    assert booting - booted == pytest.approx(patience, abs=0.2)


async def test_revert_goes_back_to_the_old_flavor(alice: Person) -> None:
    server_id = await settled(alice, "resized")
    assert (await alice.server(server_id))["flavor"]["original_name"] == "m3.small"
    assert (await alice.act(server_id, "revertResize")).status_code == 202
    seen, _ = play(alice.cloud, server_id)
    assert [status for status, *_ in seen] == ["REVERT_RESIZE", "ACTIVE"]
    assert (await alice.server(server_id))["flavor"]["original_name"] == "m3.tiny"


async def test_a_resize_of_a_stopped_server_ends_stopped(alice: Person) -> None:
    server_id = await settled(alice, "stopped")
    await alice.act(server_id, "resize", {"flavorRef": "2"})
    play(alice.cloud, server_id)
    assert state(alice.cloud, server_id) == ("VERIFY_RESIZE", "resized", None, 4)
    await alice.act(server_id, "confirmResize")
    play(alice.cloud, server_id)
    assert state(alice.cloud, server_id) == ("SHUTOFF", "stopped", None, 4)


async def test_a_second_confirm_is_refused_while_the_first_runs(alice: Person) -> None:
    server_id = await settled(alice, "resized")
    assert (await alice.act(server_id, "confirmResize")).status_code == 204
    again = await alice.act(server_id, "confirmResize")
    assert again.json()["badRequest"]["message"] == "Instance has not been resized."


async def test_the_new_task_shows_in_the_very_next_read(alice: Person) -> None:
    server_id = await settled(alice, "active")
    await alice.act(server_id, "suspend")
    server = await alice.server(server_id)
    assert (server["status"], server["OS-EXT-STS:task_state"]) == ("ACTIVE", "suspending")


async def test_a_shelved_server_has_left_its_host_and_keeps_its_addresses(alice: Person) -> None:
    server_id = await settled(alice, "shelved_offloaded")
    server = await alice.server(server_id)
    assert (server["hostId"], server["OS-EXT-AZ:availability_zone"]) == ("", "")
    assert server["addresses"]["auto_allocated_network"]
    assert alice.cloud.kept(server_id).shelved_image_id in alice.cloud.region.data.images


async def test_unshelving_removes_the_image_that_shelving_made(alice: Person) -> None:
    server_id = await settled(alice, "shelved_offloaded")
    image = alice.cloud.kept(server_id).shelved_image_id
    await alice.act(server_id, "unshelve")
    play(alice.cloud, server_id)
    assert image not in alice.cloud.region.data.images
    assert (await alice.server(server_id))["hostId"] != ""


async def test_a_deleted_server_is_deleting_then_deleted_then_404(alice: Person) -> None:
    server_id = await settled(alice, "active")
    path = f"/compute/v2.1/servers/{server_id}"
    assert (await alice.delete(path)).status_code == 204
    assert (await alice.server(server_id))["OS-EXT-STS:task_state"] == "deleting"
    alice.cloud.advance(1.9)
    assert (await alice.server(server_id))["status"] == "DELETED"
    alice.cloud.advance(0.4)
    assert (await alice.get(path)).status_code == 404


async def test_a_server_can_be_deleted_in_the_middle_of_anything(alice: Person) -> None:
    server_id = (await alice.ask_server()).json()["server"]["id"]
    alice.cloud.advance(0.3)
    await alice.delete(f"/compute/v2.1/servers/{server_id}")
    alice.cloud.advance(30)
    assert alice.cloud.kept(server_id).gone
    assert not alice.cloud.region.server_ports(server_id)


async def test_deleting_twice_is_as_good_as_once(alice: Person) -> None:
    server_id = await settled(alice, "active")
    for _ in range(2):
        assert (await alice.delete(f"/compute/v2.1/servers/{server_id}")).status_code == 204
    assert [line.action for line in alice.cloud.kept(server_id).actions] == ["create", "delete"]


async def test_without_a_gpu_left_the_server_fails_with_the_fault_of_a_real_cloud(alice: Person) -> None:
    made = [(await alice.ask_server(f"g{n}", "g5.xl")).json()["server"]["id"] for n in range(3)]
    alice.cloud.advance(60)
    shown = [await alice.server(one) for one in made]
    assert [one["status"] for one in shown] == ["ACTIVE", "ACTIVE", "ERROR"]
    failed = shown[2]
    assert failed["fault"]["message"] == "No valid host was found. "
    assert (failed["fault"]["code"], failed["hostId"], failed["addresses"]) == (500, "", {})
    assert failed["OS-SRV-USG:launched_at"] is None
    assert "security_groups" not in failed


async def test_a_gpu_is_free_again_when_its_server_is_gone_or_shelved(alice: Person) -> None:
    made = [(await alice.ask_server(f"g{n}", "g5.xl")).json()["server"]["id"] for n in range(2)]
    alice.cloud.advance(60)
    await alice.act(made[0], "shelve")
    alice.cloud.advance(60)
    third = (await alice.ask_server("g2", "g5.xl")).json()["server"]["id"]
    alice.cloud.advance(60)
    assert (await alice.server(third))["status"] == "ACTIVE"
    await alice.act(made[0], "unshelve")
    alice.cloud.advance(60)
    assert state(alice.cloud, made[0]) == ("SHELVED_OFFLOADED", "shelved_offloaded", None, 4)
    await alice.delete(f"/compute/v2.1/servers/{third}")
    alice.cloud.advance(10)
    await alice.act(made[0], "unshelve")
    alice.cloud.advance(60)
    assert (await alice.server(made[0]))["status"] == "ACTIVE"


async def test_a_resize_without_room_leaves_the_server_as_it_was(alice: Person) -> None:
    for number in range(2):
        await alice.make_server(f"g{number}", "g5.xl")
    server_id = await settled(alice, "active")
    await alice.act(server_id, "resize", {"flavorRef": alice.cloud.flavor_id("g5.xl")})
    play(alice.cloud, server_id)
    assert state(alice.cloud, server_id) == ("ACTIVE", "active", None, 1)
    assert alice.cloud.kept(server_id).flavor.name == "m3.tiny"
    lines = (await alice.get(f"/compute/v2.1/servers/{server_id}/os-instance-actions")).json()
    assert (lines["instanceActions"][0]["action"], lines["instanceActions"][0]["message"]) == (
        "resize",
        "Error",
    )


async def test_the_speed_divides_every_time(alice: Person) -> None:
    server_id = await settled(alice, "active")
    await alice.cloud.control("POST", "/clock", {"speed": 10})
    await alice.act(server_id, "suspend")
    _, seconds = play(alice.cloud, server_id)
    assert seconds == pytest.approx(0.2, abs=0.02)


async def test_a_network_that_is_gone_by_then_fails_the_build(alice: Person) -> None:
    server_id = (await alice.ask_server()).json()["server"]["id"]
    alice.cloud.region.data.networks.clear()
    alice.cloud.advance(10)
    server = await alice.server(server_id)
    assert server["status"] == "ERROR"
    assert "Failed to allocate the network(s), not rescheduling." in server["fault"]["message"]
