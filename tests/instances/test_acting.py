"""Accepting actions: who may, what is in the way, and what several people get."""

from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances import services
from instances.models import Instance
from instances.specs import RenameParams
from portal.accounts.models import CloudCredential, User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.operations import services as operations
from portal.operations.models import Operation
from tests.instances.rows import machine, offer


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    offer(allocation)
    return machine(allocation, member)


def act(lab: Instance, by: User, action: str = "stop", **params: Any) -> Operation:
    return services.act(instance=lab, by=by, action=action, params=params)


def refusal(lab: Instance, by: User, action: str = "stop", **params: Any) -> PortalError:
    before = Operation.objects.count()
    with pytest.raises(PortalError) as found:
        act(lab, by, action, **params)
    assert Operation.objects.count() == before
    return found.value


@pytest.mark.parametrize("role", ["pi", "manager", "assistant", "member"])
def test_owner_and_those_with_a_say_may_act(lab: Instance, role: str, request: pytest.FixtureRequest) -> None:
    op = act(lab, request.getfixturevalue(role))
    assert (op.kind, op.target_id, op.state) == ("instance.stop", str(lab.pk), "queued")


@pytest.mark.parametrize(
    ("role", "error"),
    [
        ("colleague", "portal:forbidden"),
        ("reader", "portal:forbidden"),
        ("operator", "portal:forbidden"),
        ("stranger", "portal:not-found"),
        ("former_member", "portal:not-found"),
        ("newcomer", "portal:not-found"),
    ],
)
def test_others_may_not(lab: Instance, role: str, error: str, request: pytest.FixtureRequest) -> None:
    assert refusal(lab, request.getfixturevalue(role)).id == error


def test_an_action_is_written_into_the_record(lab: Instance, member: User) -> None:
    act(lab, member, "shelve", release_address=False)
    event = AuditEvent.objects.get(action="instance.shelve")
    assert (event.target_id, event.actor_id) == (str(lab.pk), str(member.pk))
    assert event.detail["params"]["release_address"] is False


def test_what_the_state_does_not_allow_is_refused_with_the_reason(lab: Instance, member: User) -> None:
    found = refusal(lab, member, "start")
    assert found.id == "instances:not-now"
    assert "only when it is stopped" in found.problem.what


def test_the_operators_veto_holds_for_gpus(lab: Instance, member: User) -> None:
    assert act(lab, member, "suspend")
    gpu = machine(lab.allocation, member, flavor_name="g3.xl", vcpus=32)
    assert "do not allow “Suspend” for GPU" in refusal(gpu, member, "suspend").problem.what


def test_a_machine_that_is_busy_here_is_not_given_a_second_task(
    lab: Instance, member: User, pi: User
) -> None:
    act(lab, member, "stop")
    found = refusal(lab, pi, "reboot")
    assert found.id == "instances:busy"
    assert "“Stop”, asked for by Bob" in found.problem.what
    assert act(lab, pi, "lock")


def test_a_delete_ends_what_was_going_on(lab: Instance, member: User, pi: User) -> None:
    first = act(lab, member, "stop")
    act(lab, pi, "delete")
    first.refresh_from_db()
    assert first.state == "cancelled"


def test_a_delete_is_accepted_although_what_was_going_on_ended_just_then(
    lab: Instance, member: User, pi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(lab, member, "stop")
    cancel = operations.cancel

    def ended_meanwhile(*, op: Operation, by: User) -> Operation:
        Operation.objects.filter(pk=op.pk).update(state="done")
        return cancel(op=op, by=by)

    monkeypatch.setattr(operations, "cancel", ended_meanwhile)
    assert act(lab, pi, "delete").state == "queued"


def test_a_second_delete_is_told_of_the_first(lab: Instance, member: User, pi: User) -> None:
    act(lab, member, "delete")
    assert "asked for by Bob" in refusal(lab, pi, "delete").problem.what


def test_other_machines_are_free_meanwhile(lab: Instance, member: User) -> None:
    act(lab, member, "stop")
    assert act(machine(lab.allocation, member, name="other"), member, "stop")


def test_without_a_working_credential_nothing_is_accepted(lab: Instance, member: User) -> None:
    CloudCredential.objects.update(refused_at=timezone.now())
    assert refusal(lab, member).id == "instances:not-connected"


def test_a_deleted_machine_takes_no_action(lab: Instance, member: User) -> None:
    Instance.objects.update(status="DELETED", deleted_at=timezone.now())
    assert refusal(lab, member).id == "instances:not-now"


@pytest.mark.parametrize(
    ("action", "params", "error"),
    [
        ("explode", {}, "portal:not-found"),
        ("rename", {}, "portal:bad-input"),
        ("rename", {"name": "<b>"}, "portal:bad-input"),
        ("rename", {"name": "ok", "more": 1}, "portal:bad-input"),
        ("snapshot", {"name": ""}, "portal:bad-input"),
        ("stop", {"force": True}, "portal:bad-input"),
        ("resize", {"flavor_id": "nope"}, "instances:flavor-gone"),
        ("resize", {"flavor_id": "50"}, "instances:flavor-gone"),
        ("resize", {"flavor_id": "2"}, "portal:bad-input"),
        ("resize", {"flavor_id": "../../x"}, "portal:bad-input"),
        ("resize", {"flavor_id": "30"}, "instances:no-su"),
        ("rebuild", {"image_id": "nope"}, "instances:image-gone"),
        ("rebuild", {"image_id": "big"}, "instances:disk-too-small"),
        ("rebuild", {"image_id": "hungry"}, "instances:ram-too-small"),
        ("assign_address", {"address": "ip-used"}, "instances:address-gone"),
        ("assign_address", {"address": "nope"}, "instances:address-gone"),
    ],
)
def test_parameters_that_cannot_be_used_are_refused(
    lab: Instance, member: User, action: str, params: dict[str, Any], error: str
) -> None:
    Allocation.objects.update(quota={})
    assert refusal(lab, member, action, **params).id == error


@pytest.mark.parametrize(
    ("action", "params", "stored"),
    [
        ("rename", {"name": "ok"}, {"name": "ok"}),
        ("snapshot", {"name": "my tools"}, {"name": "my tools"}),
        ("resize", {"flavor_id": "4"}, {"flavor_id": "4", "flavor_name": "m3.quad", "vcpus": 4}),
        (
            "rebuild",
            {"image_id": "ubuntu-new"},
            {"image_id": "ubuntu-new", "image_name": "Featured-Ubuntu24"},
        ),
        ("assign_address", {}, {"address": "new"}),
        ("assign_address", {"address": "ip-free"}, {"address": "ip-free"}),
        ("delete", {"release_address": False}, {"release_address": False}),
        ("shelve", {}, {"release_address": True}),
    ],
)
def test_parameters_are_stored_with_the_names_that_people_read(
    lab: Instance, member: User, action: str, params: dict[str, Any], stored: dict[str, Any]
) -> None:
    assert act(lab, member, action, **params).spec == {"action": action, **stored}


def test_a_resize_that_does_not_fit_says_how_much_is_free(lab: Instance, member: User) -> None:
    Allocation.objects.update(quota={"cores": {"used": 149, "limit": 150}})
    found = refusal(lab, member, "resize", flavor_id="4")
    assert found.id == "instances:resize-quota"
    assert "Needs 2 vCPUs; 1 of 150 are free" in found.problem.what
    assert act(lab, member, "resize", flavor_id="1")


def test_a_disk_is_never_made_smaller(lab: Instance, member: User) -> None:
    Instance.objects.update(disk_gb=60)
    assert refusal(lab, member, "resize", flavor_id="4").id == "instances:resize-disk"
    Instance.objects.update(volume_backed=True)
    assert act(lab, member, "resize", flavor_id="4")


def test_the_last_public_address_is_the_last(lab: Instance, member: User) -> None:
    Allocation.objects.update(quota={"floating_ips": {"used": 10, "limit": 10}})
    assert refusal(lab, member, "assign_address").id == "instances:no-addresses"
    assert act(lab, member, "assign_address", address="ip-free")


def test_params_may_come_checked(lab: Instance, member: User) -> None:
    op = services.act(instance=lab, by=member, action="rename", params=RenameParams(name="checked"))
    assert op.spec["name"] == "checked"


def test_many_at_once_get_a_report_each(lab: Instance, member: User, colleague: User) -> None:
    own = machine(lab.allocation, member, name="own")
    stopped = machine(lab.allocation, member, name="stopped", status="SHUTOFF")
    others = machine(lab.allocation, colleague, name="others")
    report = services.act_many(instances=[own, stopped, others], by=member, action="stop")
    assert [one.operation is not None for one in report] == [True, False, False]
    assert [one.problem.id if one.problem else "" for one in report] == [
        "",
        "instances:not-now",
        "portal:forbidden",
    ]
    assert len({one.operation.batch for one in report if one.operation}) == 1


def test_the_same_request_under_one_key_is_one_operation(lab: Instance, member: User) -> None:
    first = services.act(instance=lab, by=member, action="stop", idempotency_key="k")
    again = services.act(instance=lab, by=member, action="stop", idempotency_key="k")
    assert first.pk == again.pk
    with pytest.raises(PortalError) as found:
        services.act(instance=lab, by=member, action="reboot", idempotency_key="k")
    assert found.value.id == "portal:duplicate"
