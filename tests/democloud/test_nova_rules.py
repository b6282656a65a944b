from __future__ import annotations

from typing import Any

import pytest

from portal.democloud.nova_rules import ALLOWED
from portal.democloud.nova_status import STATUS, vm_states_of
from tests.democloud.cloud import Person

STATES = ("active", "stopped", "suspended", "paused", "resized", "shelved_offloaded", "error", "rescued")
# The action of the API, its body, and Nova's name of it in refusals.
ACTIONS: dict[str, tuple[Any, str]] = {
    "os-stop": (None, "stop"),
    "os-start": (None, "start"),
    "suspend": (None, "suspend"),
    "resume": (None, "resume"),
    "pause": (None, "pause"),
    "unpause": (None, "unpause"),
    "shelve": (None, "shelve"),
    "unshelve": (None, "unshelve"),
    "resize": ({"flavorRef": "3"}, "resize"),
    "rescue": (None, "rescue"),
    "unrescue": (None, "unrescue"),
    "createImage": ({"name": "snap"}, "createImage"),
}


async def put_into(person: Person, vm_state: str) -> str:
    server_id = await person.make_server()
    reply = await person.cloud.control("PATCH", f"/servers/{server_id}", {"vm_state": vm_state})
    assert reply.status_code == 200
    return server_id


@pytest.mark.parametrize("vm_state", STATES)
@pytest.mark.parametrize("action", ACTIONS)
async def test_each_action_begins_in_its_states_and_is_a_conflict_in_the_others(
    alice: Person, action: str, vm_state: str
) -> None:
    given, rule = ACTIONS[action]
    server_id = await put_into(alice, vm_state)
    reply = await alice.act(server_id, action, given)
    if vm_state in ALLOWED[rule]:
        assert reply.status_code == 202
    else:
        assert reply.status_code == 409
        assert reply.json() == {
            "conflictingRequest": {
                "code": 409,
                "message": f"Cannot '{rule}' instance {server_id} while it is in vm_state {vm_state}",
            }
        }


async def test_an_action_waits_for_no_other_but_is_refused(alice: Person) -> None:
    server_id = await alice.make_server()
    await alice.act(server_id, "os-stop")
    reply = await alice.act(server_id, "suspend")
    assert reply.status_code == 409
    assert reply.json()["conflictingRequest"]["message"] == (
        f"Cannot 'suspend' instance {server_id} while it is in task_state powering-off"
    )


@pytest.mark.parametrize("action", [name for name in ACTIONS if name not in ("os-start", "unrescue")])
async def test_a_locked_server_refuses_everybody_until_it_is_unlocked(
    alice: Person, bob: Person, action: str
) -> None:
    given, rule = ACTIONS[action]
    allowed = sorted(ALLOWED[rule])
    server_id = await put_into(alice, allowed[0])
    assert (await bob.act(server_id, "lock", {"locked_reason": "running"})).status_code == 202
    server = await alice.server(server_id)
    assert (server["locked"], server["locked_reason"]) == (True, "running")
    refused = await bob.act(server_id, action, given)
    assert refused.json()["conflictingRequest"]["message"] == f"Instance {server_id} is locked"
    assert (await alice.act(server_id, "unlock")).status_code == 202
    assert (await bob.act(server_id, action, given)).status_code == 202


async def test_a_lock_holds_back_deletion_and_metadata_but_not_a_rename(alice: Person) -> None:
    server_id = await alice.make_server()
    path = f"/compute/v2.1/servers/{server_id}"
    await alice.act(server_id, "lock")
    assert (await alice.delete(path)).status_code == 409
    assert (await alice.post(f"{path}/metadata", {"metadata": {"a": "b"}})).status_code == 409
    assert (await alice.put(path, {"server": {"name": "renamed"}})).status_code == 200


async def test_a_reason_needs_its_version(alice: Person) -> None:
    server_id = await alice.make_server()
    alice.version = "2.72"
    assert (await alice.act(server_id, "lock", {"locked_reason": "x"})).status_code == 202
    server = alice.cloud.kept(server_id)
    assert (server.locked, server.locked_reason) == (True, None)


async def test_a_hard_reboot_starts_what_is_off_and_a_soft_one_does_not(alice: Person) -> None:
    server_id = await put_into(alice, "stopped")
    assert (await alice.act(server_id, "reboot", {"type": "SOFT"})).status_code == 409
    assert (await alice.act(server_id, "reboot", {"type": "HARD"})).status_code == 202
    alice.cloud.advance(10)
    assert (await alice.server(server_id))["status"] == "ACTIVE"


@pytest.mark.parametrize("action", ["os-stop", "os-start"])
async def test_a_server_without_a_host_is_not_ready_to_be_switched(alice: Person, action: str) -> None:
    server_id = await alice.make_server()
    await alice.act(server_id, "shelve")
    alice.cloud.advance(60)
    reply = await alice.act(server_id, action)
    assert reply.json()["conflictingRequest"]["message"] == f"Instance {server_id} is not ready"


@pytest.mark.parametrize("given", [None, {}, {"type": "WARM"}, "SOFT"])
async def test_a_reboot_has_one_of_two_types(alice: Person, given: Any) -> None:
    server_id = await alice.make_server()
    assert (await alice.act(server_id, "reboot", given)).status_code == 400


async def test_a_server_that_never_ran_cannot_be_stopped(alice: Person) -> None:
    server_id = await put_into(alice, "error")
    alice.cloud.kept(server_id).launched_at = None
    reply = await alice.act(server_id, "os-stop")
    assert reply.status_code == 409
    assert "which has never been active" in reply.text


async def test_an_unknown_action_is_501_with_its_name_and_an_empty_body_400(alice: Person) -> None:
    server_id = await alice.make_server()
    unknown = await alice.act(server_id, "frobnicate")
    assert unknown.json()["badRequest"]["message"] == "There is no such action: frobnicate"
    lacking = await alice.act(server_id, "os-migrateLive", {})
    assert lacking.status_code == 501
    assert "os-migrateLive" in lacking.json()["notImplemented"]["message"]
    for body in ({}, {"os-stop": None, "lock": None}):
        reply = await alice.post(f"/compute/v2.1/servers/{server_id}/action", body)
        assert reply.status_code == 400


async def test_nobody_acts_on_another_projects_server(alice: Person, carol: Person) -> None:
    server_id = await alice.make_server()
    for action, (given, _) in ACTIONS.items():
        assert (await carol.act(server_id, action, given)).status_code == 404
    assert (await carol.delete(f"/compute/v2.1/servers/{server_id}")).status_code == 404
    assert alice.cloud.kept(server_id).vm_state == "active"


async def test_resizing_to_the_same_flavor_or_to_none_is_refused(alice: Person) -> None:
    server_id = await alice.make_server()
    same = await alice.act(server_id, "resize", {"flavorRef": "1"})
    none = await alice.act(server_id, "resize", {"flavorRef": "nope"})
    assert same.json()["badRequest"]["message"] == "When resizing, instances must change flavor!"
    assert none.json()["badRequest"]["message"] == "Flavor nope could not be found."


async def test_resizing_beyond_the_quota_is_refused_with_the_difference(alice: Person) -> None:
    server_id = await alice.make_server()
    await alice.cloud.control("POST", "/quotas", {"project": "BIO220047", "quotas": {"cores": 3}})
    reply = await alice.act(server_id, "resize", {"flavorRef": "3"})
    assert reply.json()["forbidden"]["message"] == (
        "Quota exceeded for cores: Requested 3, but already used 1 of 3 cores"
    )
    assert (await alice.act(server_id, "resize", {"flavorRef": "2"})).status_code == 202


def test_every_status_leads_back_to_the_states_that_show_it() -> None:
    for vm_state, (plain, by_task) in STATUS.items():
        assert vm_state in vm_states_of(plain)
        for status in by_task.values():
            assert vm_state in vm_states_of(status)
    assert vm_states_of("NOSUCH") == set()
