"""Bad days of a cloud in the middle of launches and actions: nothing is lost, doubled or stuck."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone

from instances import services
from instances.models import Instance
from portal.cloud import calls, networks, servers
from portal.core.errors import PortalError
from portal.operations import services as operations
from portal.operations.models import Operation
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)

CREATE = {"service": "compute", "method": "POST", "path": "/servers$"}
ACT = {"service": "compute", "method": "POST", "path": "/action$"}


def launch(project: Project, name: str = "lab", **changes: object) -> Operation:
    [op] = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request(name, **changes)
    )
    return op


def made(project: Project) -> list[str]:
    return [server.name for server in servers.list_servers(project.cloud_as("alice"))]


def until_built(project: Project, op: Operation) -> None:
    project.settle(op, until=lambda: op.step == "setup" or not op.live)


def test_a_create_whose_reply_is_lost_makes_one_server(project: Project) -> None:
    project.demo.fault("lost-reply", **CREATE, count=1)
    op = launch(project)
    until_built(project, op)
    assert (op.step, made(project)) == ("setup", ["lab"])
    assert Instance.objects.filter(deleted_at=None).count() == 1


@pytest.mark.parametrize(
    "line", ["instances.steps.launch.link_server", "instances.steps.launch.servers.create_server"]
)
def test_a_worker_that_dies_around_the_create_call_leaves_one_server(
    project: Project, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr("instances.steps.launch._SHOWS_WITHIN", 0.2)
    op = launch(project)
    with patch(line, side_effect=SystemExit("killed")), pytest.raises(SystemExit):
        project.turn()
    Operation.objects.filter(pk=op.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    until_built(project, op)
    assert (op.step, made(project)) == ("setup", ["lab"])
    assert Instance.objects.filter(deleted_at=None).count() == 1


def test_a_create_cut_off_before_it_arrived_is_asked_for_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instances.steps.launch._SHOWS_WITHIN", 0.2)
    project.demo.fault("reset", **CREATE, count=1)
    op = launch(project)
    until_built(project, op)
    assert (op.step, made(project)) == ("setup", ["lab"])


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_create_that_fails_in_the_cloud_is_tried_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("instances.steps.launch._SHOWS_WITHIN", 0.2)
    project.demo.fault("status", **CREATE, status=status, count=2)
    op = launch(project)
    until_built(project, op)
    assert (op.step, made(project)) == ("setup", ["lab"])


def test_too_many_requests_are_repeated_after_the_time_that_the_cloud_asks_for(project: Project) -> None:
    project.demo.fault("status", **CREATE, status=429, retry_after=30, count=1)
    op = launch(project)
    project.turn()
    op.refresh_from_db()
    assert op.error_id == "cloud:rate-limited"
    assert (op.run_after - timezone.now()).total_seconds() > 25
    until_built(project, op)
    assert (op.step, made(project)) == ("setup", ["lab"])


def test_an_expired_token_in_the_middle_is_nothing_that_a_person_sees(project: Project) -> None:
    op = launch(project)
    project.turn()
    project.demo.control("POST", "/tokens/expire", {})
    until_built(project, op)
    assert (op.step, op.error_id) == ("setup", "")


def test_a_revoked_credential_pauses_the_launch_and_says_why(project: Project) -> None:
    op = launch(project)
    project.demo.control("POST", "/credentials/revoke", {"user": "bob"})
    project.demo.control("POST", "/tokens/expire", {"user": "bob"})
    project.turn()
    op.refresh_from_db()
    assert op.state == "paused"
    assert op.error_id == "operations:paused"
    assert made(project) == []


def test_quota_used_up_between_check_and_create_fails_with_numbers(project: Project) -> None:
    op = launch(project)
    quotas = {"project": "BIO220047", "region": "IU", "quotas": {"cores": 1}}
    project.demo.control("POST", "/quotas", quotas)
    project.settle(op)
    row = Instance.objects.get(pk=op.target_id)
    assert (op.state, op.error_id) == ("failed", "cloud:quota")
    assert op.error_params["limit"] == 1
    assert (row.status, row.server_id) == ("ERROR", "")
    assert "Quota reached" in row.fault_message


@pytest.mark.parametrize(
    ("message", "error_id"),
    [
        ("Flavor 3 could not be found.", "cloud:flavor-not-found"),
        ("Can not find requested image", "cloud:image-not-found"),
    ],
)
def test_what_was_withdrawn_meanwhile_is_named(project: Project, message: str, error_id: str) -> None:
    project.demo.fault("status", **CREATE, status=400, message=message, count=1)
    op = launch(project)
    project.settle(op)
    assert (op.state, op.error_id, made(project)) == ("failed", error_id, [])


def test_a_group_that_was_deleted_since_it_was_found_is_made_again(project: Project) -> None:
    until_built(project, launch(project, "one"))
    row = Instance.objects.get(name="one")
    project.act(row, "delete")
    cloud = project.cloud_as("alice")
    [group] = [found for found in networks.list_security_groups(cloud) if found.name == "exosphere"]
    calls.send(cloud, "network", "DELETE", f"/security-groups/{group.id}")
    op = launch(project, "two")
    until_built(project, op)
    assert (op.step, made(project)) == ("setup", ["two"])
    assert op.progress["prepared_again"] is True


def test_a_request_that_the_cloud_does_not_understand_is_asked_for_twice_at_most(project: Project) -> None:
    project.demo.fault("status", **CREATE, status=400, message="Invalid input for field/attribute server.")
    op = launch(project)
    project.settle(op)
    assert (op.state, op.error_id) == ("failed", "cloud:bad-request")
    [rule] = project.demo.control("GET", "/faults")["faults"]
    assert rule["hits"] == 2


def test_a_request_that_is_too_large_is_refused_with_what_to_shorten(project: Project) -> None:
    project.demo.fault("status", **CREATE, status=413, message="Request is too large.", count=1)
    op = launch(project)
    project.settle(op)
    assert (op.state, op.error_id) == ("failed", "cloud:too-large")


def test_a_machine_that_cannot_be_built_stays_visible_and_can_be_deleted(project: Project) -> None:
    project.demo.control("POST", "/clock", {"freeze": True})
    op = launch(project)
    project.turn()
    row = Instance.objects.get(pk=op.target_id)
    project.demo.control("PATCH", f"/servers/{row.server_id}", {"vm_state": "error", "task_state": None})
    project.demo.control("POST", "/clock", {"freeze": False})
    project.settle(op)
    row.refresh_from_db()
    assert (op.state, op.error_id, row.status) == ("failed", "instances:fault", "ERROR")
    assert row.deleted_at is None
    assert project.act(row, "delete").state == "done"
    assert made(project) == []


def test_a_machine_that_breaks_during_its_set_up_fails_its_launch(project: Project) -> None:
    # Its console cannot be read, so that the set-up is not seen to end first.
    project.demo.fault("status", **ACT, status=500)
    op = launch(project)
    until_built(project, op)
    row = Instance.objects.get(pk=op.target_id)
    project.demo.control("PATCH", f"/servers/{row.server_id}", {"vm_state": "error", "task_state": None})
    project.settle(op)
    assert (op.state, op.error_id) == ("failed", "instances:fault")


def test_a_server_deleted_elsewhere_ends_its_launch(project: Project) -> None:
    op = launch(project)
    project.turn()
    row = Instance.objects.get(pk=op.target_id)
    servers.delete_server(project.cloud_as("alice"), row.server_id)
    project.settle(op)
    row.refresh_from_db()
    assert (op.state, op.error_id) == ("failed", "instances:deleted-meanwhile")
    assert row.deleted_at is not None


def test_a_server_deleted_elsewhere_ends_an_action(project: Project) -> None:
    row = project.machine()
    asked = services.act(instance=row, by=project.people["bob"], action="stop")
    servers.delete_server(project.cloud_as("alice"), row.server_id)
    project.settle(asked)
    assert (asked.state, asked.error_id) == ("failed", "instances:deleted-meanwhile")


def test_a_delete_of_what_is_gone_is_done(project: Project) -> None:
    row = project.machine()
    asked = services.act(instance=row, by=project.people["bob"], action="delete")
    servers.delete_server(project.cloud_as("alice"), row.server_id)
    project.settle(asked)
    assert (asked.state, asked.outcome) == ("done", "Deleted")


def test_an_action_done_elsewhere_meanwhile_is_done(project: Project) -> None:
    row = project.machine()
    asked = services.act(instance=row, by=project.people["bob"], action="stop")
    servers.stop(project.cloud_as("alice"), row.server_id)
    project.settle(asked)
    assert (asked.state, asked.error_id) == ("done", "")


@pytest.mark.parametrize("action", ["reboot", "stop", "suspend"])
def test_an_action_whose_reply_is_lost_is_asked_for_once(project: Project, action: str) -> None:
    row = project.machine()
    project.demo.fault("lost-reply", **ACT, count=1)
    asked = project.act(row, action)
    assert (asked.state, asked.error_id) == ("done", "")
    recorded = [entry.action for entry in servers.actions_of(project.cloud_as("alice"), row.server_id)]
    assert recorded.count(action) == 1


def test_an_address_whose_reply_is_lost_is_made_once(project: Project) -> None:
    row = project.machine()
    project.demo.fault("lost-reply", service="network", method="POST", path="/floatingips$", count=1)
    asked = project.act(row, "assign_address", address="new")
    assert (asked.state, asked.error_id) == ("done", "")
    assert len(networks.list_floating_ips(project.cloud_as("alice"))) == 1


def test_a_snapshot_whose_reply_is_lost_is_made_once(project: Project) -> None:
    row = project.machine()
    project.demo.fault("lost-reply", **ACT, count=1)
    asked = project.act(row, "snapshot", name="tools")
    assert (asked.state, asked.error_id) == ("done", "")
    recorded = [entry.action for entry in servers.actions_of(project.cloud_as("alice"), row.server_id)]
    assert recorded.count("createImage") == 1


def test_a_conflict_that_does_not_go_away_is_told(project: Project) -> None:
    row = project.machine()
    message = "Cannot 'stop' instance x while it is in vm_state rescued"
    project.demo.fault("status", **ACT, status=409, message=message)
    asked = project.act(row, "stop")
    assert (asked.state, asked.error_id) == ("failed", "cloud:wrong-state")


def test_without_a_free_address_the_machine_is_made_and_the_reason_told(project: Project) -> None:
    project.demo.fault(
        "status",
        service="network",
        method="POST",
        path="/floatingips$",
        status=409,
        message="No more IP addresses available on network x.",
    )
    op = launch(project, address="automatic")
    project.settle(op)
    assert op.state == "done"
    assert "without a public address: No addresses left" in op.outcome


def test_a_delete_supersedes_a_launch_that_has_not_begun(project: Project) -> None:
    op = launch(project)
    row = Instance.objects.get(pk=op.target_id)
    deleted = services.act(instance=row, by=project.people["bob"], action="delete")
    project.settle(op, deleted)
    row.refresh_from_db()
    assert (op.state, deleted.state) == ("cancelled", "done")
    assert row.deleted_at is not None
    assert made(project) == []


def test_a_delete_supersedes_a_launch_whose_create_was_lost(project: Project) -> None:
    project.demo.fault("lost-reply", **CREATE, count=1)
    op = launch(project)
    project.turn()
    row = Instance.objects.get(pk=op.target_id)
    assert row.server_id == ""
    deleted = services.act(instance=row, by=project.people["bob"], action="delete")
    project.settle(op, deleted)
    assert deleted.state == "done"
    assert made(project) == []


def test_two_people_on_one_machine_the_second_is_told_of_the_first(project: Project) -> None:
    row = project.machine()
    services.act(instance=row, by=project.people["bob"], action="stop")
    with pytest.raises(PortalError) as refusal:
        services.act(instance=row, by=project.people["alice"], action="reboot")
    assert refusal.value.id == "instances:busy"
    assert "asked for by Bob" in refusal.value.problem.what


def test_the_same_request_sent_twice_makes_one_machine(project: Project) -> None:
    given: dict[str, Any] = {
        "allocation": project.allocation,
        "by": project.people["bob"],
        "request": project.request(),
    }
    first = services.launch(**given, idempotency_key="form-1")
    second = services.launch(**given, idempotency_key="form-1")
    assert [op.pk for op in first] == [op.pk for op in second]
    until_built(project, first[0])
    assert made(project) == ["lab"]


def test_another_request_under_a_used_key_is_refused(project: Project) -> None:
    given: dict[str, Any] = {"allocation": project.allocation, "by": project.people["bob"]}
    services.launch(**given, request=project.request(), idempotency_key="form-1")
    with pytest.raises(PortalError) as refusal:
        services.launch(**given, request=project.request("other"), idempotency_key="form-1")
    assert refusal.value.id == "portal:duplicate"


def test_a_batch_makes_as_many_machines_with_one_group_and_one_network(project: Project) -> None:
    operations = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request("class", count=5)
    )
    project.settle(*operations, until=lambda: all(op.step == "setup" or not op.live for op in operations))
    assert sorted(made(project)) == [f"class {number} of 5" for number in range(1, 6)]
    groups = networks.list_security_groups(project.cloud_as("alice"))
    assert [group.name for group in groups].count("exosphere") == 1


def test_a_stopped_launch_that_has_not_begun_leaves_nothing(project: Project) -> None:
    op = launch(project)
    operations.cancel(op=op, by=project.people["bob"])
    project.settle(op)
    assert op.state == "cancelled"
    assert not Instance.objects.filter(deleted_at=None).exists()
    assert made(project) == []


def test_a_stopped_launch_leaves_the_machine_that_was_made(project: Project) -> None:
    op = launch(project)
    project.turn()
    operations.cancel(op=op, by=project.people["bob"])
    project.settle(op)
    assert (op.state, made(project)) == ("cancelled", ["lab"])
    assert "stays until it is deleted" in op.outcome


def test_a_stopped_launch_whose_reply_was_lost_tells_of_the_machine(project: Project) -> None:
    project.demo.fault("lost-reply", **CREATE, count=1)
    op = launch(project)
    project.turn()
    operations.cancel(op=op, by=project.people["bob"])
    project.settle(op)
    assert (op.state, made(project)) == ("cancelled", ["lab"])
    assert Instance.objects.get().server_id


def test_the_machine_of_a_person_who_lost_access_can_be_deleted_by_the_pi(project: Project) -> None:
    op = launch(project)
    project.demo.control("POST", "/credentials/revoke", {"user": "bob"})
    project.demo.control("POST", "/tokens/expire", {"user": "bob"})
    project.turn()
    row = Instance.objects.get(pk=op.target_id)
    deleted = services.act(instance=row, by=project.people["alice"], action="delete")
    project.settle(deleted)
    assert deleted.state == "done"
    assert made(project) == []
