"""Each kind of trouble in the middle of each kind of action, on the demo cloud."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from instances import services
from instances.models import Instance
from portal.cloud import images, servers
from portal.operations.models import Operation
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)

ACT = {"service": "compute", "method": "POST", "path": "/action$"}
LOOK = {"service": "compute", "method": "GET", "path": "/servers/[0-9a-f-]{36}$"}
# What the cloud must show in the end, and what Nova calls the action.
ENDS = {
    "stop": ("SHUTOFF", "stop"),
    "reboot": ("ACTIVE", "reboot"),
    "suspend": ("SUSPENDED", "suspend"),
    "shelve": ("SHELVED_OFFLOADED", "shelve"),
}


def recorded(project: Project, row: Instance, action: str) -> int:
    entries = servers.actions_of(project.cloud_as("alice"), row.server_id)
    return [entry.action for entry in entries].count(action)


@pytest.mark.parametrize("action", sorted(ENDS))
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "status", "status": 503, "retry_after": 1},
        {"action": "status", "status": 500},
        {"action": "reset"},
        {"action": "lost-reply"},
    ],
    ids=["unavailable", "internal-error", "reset", "lost-reply"],
)
def test_trouble_that_passes_ends_with_the_action_done_once(
    project: Project, action: str, fault: dict[str, Any]
) -> None:
    row = project.machine()
    project.demo.fault(**fault, **ACT, count=1)
    asked = project.act(row, action)
    status, record = ENDS[action]
    assert (asked.state, asked.error_id, row.status) == ("done", "", status)
    assert recorded(project, row, record) == 1


@pytest.mark.parametrize(
    ("status", "message", "error_id"),
    [
        (403, "Policy doesn't allow it to be performed.", "cloud:forbidden"),
        (409, "Instance x is locked", "cloud:locked"),
        (400, "Bad things were asked for", "cloud:bad-request"),
        (413, "Too large", "cloud:too-large"),
    ],
)
def test_a_no_is_told_with_its_reason_and_leaves_the_machine(
    project: Project, status: int, message: str, error_id: str
) -> None:
    row = project.machine()
    project.demo.fault("status", **ACT, status=status, message=message)
    asked = project.act(row, "stop")
    assert (asked.state, asked.error_id, row.status) == ("failed", error_id, "ACTIVE")
    assert asked.error_detail


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_look_that_fails_is_repeated_and_asks_for_nothing_twice(project: Project, status: int) -> None:
    row = project.machine()
    project.demo.fault("status", **LOOK, status=status, skip=1, count=2)
    asked = project.act(row, "stop")
    assert (asked.state, row.status) == ("done", "SHUTOFF")
    assert recorded(project, row, "stop") == 1


def test_a_server_lost_between_look_and_call_ends_with_that_explanation(project: Project) -> None:
    row = project.machine()
    asked = services.act(instance=row, by=project.people["bob"], action="stop")
    project.demo.fault("status", **ACT, status=404, message="Instance x could not be found.", count=1)
    project.demo.control("DELETE", f"/servers/{row.server_id}?now=1")
    project.settle(asked)
    row.refresh_from_db()
    assert (asked.state, asked.error_id) == ("failed", "instances:deleted-meanwhile")
    assert row.deleted_at is not None


def test_a_token_that_ends_in_the_middle_is_renewed(project: Project) -> None:
    row = project.machine()
    asked = services.act(instance=row, by=project.people["bob"], action="stop")
    project.demo.control("POST", "/tokens/expire", {})
    project.settle(asked)
    assert asked.state == "done"


def test_an_action_that_the_cloud_gave_up_is_found_in_its_record(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instances.steps.simple.GRACE_SECONDS", 0.0)
    row = project.machine()
    asked = services.act(instance=row, by=project.people["bob"], action="stop")
    Operation.objects.filter(pk=asked.pk).update(step="wait", started_at=timezone.now())
    entry = servers.actions_of(project.cloud_as("alice"), row.server_id)[0]
    failed = type(entry)(
        request_id="req-1",
        action="stop",
        user_id=entry.user_id,
        project_id=entry.project_id,
        started=entry.started,
        updated=entry.updated,
        message="Error",
    )
    monkeypatch.setattr("instances.steps.simple.servers.actions_of", lambda cloud, server_id: [failed])
    project.settle(asked)
    assert (asked.state, asked.error_id) == ("failed", "instances:given-up")


def test_an_action_that_never_ends_fails_when_its_time_is_over(project: Project) -> None:
    row = project.machine()
    asked = services.act(instance=row, by=project.people["bob"], action="stop")
    project.demo.control("POST", "/clock", {"freeze": True})
    project.turn()
    long_ago = timezone.now() - timedelta(hours=1)
    Operation.objects.filter(pk=asked.pk).update(step_since=long_ago)
    project.hurry()
    project.turn()
    project.demo.control("POST", "/clock", {"freeze": False})
    asked.refresh_from_db()
    assert (asked.state, asked.error_id) == ("failed", "instances:too-slow")


def test_an_action_waits_for_what_somebody_else_began(project: Project) -> None:
    row = project.machine()
    project.demo.control("POST", "/clock", {"freeze": True})
    servers.reboot(project.cloud_as("alice"), row.server_id)
    asked = services.act(instance=row, by=project.people["bob"], action="stop")
    project.turn()
    asked.refresh_from_db()
    assert (asked.state, asked.stage) == ("waiting", "Waiting for the machine to be free")
    project.demo.control("POST", "/clock", {"freeze": False})
    project.settle(asked)
    row.refresh_from_db()
    assert (asked.state, row.status) == ("done", "SHUTOFF")


def test_a_machine_in_error_after_an_action_fails_it_with_the_fault(project: Project) -> None:
    row = project.machine()
    asked = services.act(instance=row, by=project.people["bob"], action="stop")
    project.demo.control("POST", "/clock", {"freeze": True})
    project.turn()
    project.demo.control("PATCH", f"/servers/{row.server_id}", {"vm_state": "error", "task_state": None})
    project.demo.control("POST", "/clock", {"freeze": False})
    project.settle(asked)
    assert (asked.state, asked.error_id) == ("failed", "instances:fault")


@pytest.mark.parametrize("fault", ["lost-reply", "reset"])
def test_a_delete_whose_reply_is_lost_is_a_delete(project: Project, fault: str) -> None:
    row = project.machine()
    project.demo.fault(fault, service="compute", method="DELETE", path="/servers/", count=1)
    assert project.act(row, "delete").state == "done"
    assert servers.list_servers(project.cloud_as("alice")) == []


def test_an_address_that_cannot_be_released_is_tried_again(project: Project) -> None:
    row = project.machine(address="automatic")
    project.demo.fault(
        "status", service="network", method="DELETE", path="/floatingips/", status=503, count=2
    )
    asked = project.act(row, "delete")
    assert asked.state == "done"
    assert "released" in asked.outcome


def test_a_locked_machine_is_not_deleted_even_when_it_was_locked_meanwhile(project: Project) -> None:
    row = project.machine()
    asked = services.act(instance=row, by=project.people["bob"], action="delete")
    servers.lock(project.cloud_as("alice"), row.server_id)
    project.settle(asked)
    row.refresh_from_db()
    assert (asked.state, asked.error_id, row.deleted_at) == ("failed", "cloud:locked", None)


def test_a_resize_to_a_size_that_was_withdrawn_meanwhile_leaves_the_machine(project: Project) -> None:
    row = project.machine()
    message = "Flavor 4 could not be found."
    project.demo.fault("status", **ACT, status=400, message=message, count=1)
    asked = project.act(row, "resize", flavor_id=project.id_of("flavor", "m3.quad"))
    assert (asked.state, asked.error_id) == ("failed", "cloud:flavor-not-found")
    assert (row.status, row.flavor_name) == ("ACTIVE", "m3.small")


def test_a_snapshot_that_disappears_is_told(project: Project) -> None:
    row = project.machine()
    given: dict[str, Any] = {"instance": row, "by": project.people["bob"], "action": "snapshot"}
    asked = services.act(**given, params={"name": "my tools"})
    project.demo.control("POST", "/clock", {"freeze": True})
    project.turn()
    asked.refresh_from_db()
    assert asked.step == "save"
    images.delete_image(project.cloud_as("alice"), asked.progress["image_id"])
    project.demo.control("POST", "/clock", {"freeze": False})
    project.settle(asked)
    assert (asked.state, asked.error_id) == ("failed", "instances:image-lost")


def test_a_console_that_the_cloud_does_not_offer_is_told(project: Project) -> None:
    row = project.machine()
    project.demo.fault(
        "status",
        service="compute",
        method="POST",
        path="/remote-consoles$",
        status=400,
        message="Unavailable",
    )
    asked = project.act(row, "console")
    assert (asked.state, asked.error_id) == ("failed", "cloud:no-console")
