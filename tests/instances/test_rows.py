"""What pages show of a machine, and what is pushed to them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from allocations.models import Allocation
from allocations.roles import Need
from instances import live, services
from instances.access import instance_for, instances_of, may
from instances.models import Instance, Poll
from instances.rows import row, rows
from instances.states import ACTIONS
from portal.accounts.models import User
from portal.core import presence
from portal.core.errors import PortalError
from portal.operations.models import Operation
from tests.instances.rows import machine


def shown(instance: Instance) -> Any:
    return row(Instance.objects.select_related("allocation", "owner").get(pk=instance.pk))


def test_a_machine_shows_its_price_in_its_state(allocation: Allocation) -> None:
    assert shown(machine(allocation)).su_per_hour == Decimal(2)
    assert shown(machine(allocation, status="SHUTOFF")).su_per_hour == Decimal(1)
    assert shown(machine(allocation, status="SHELVED_OFFLOADED")).su_per_hour == Decimal(0)
    assert shown(machine(allocation, flavor_name="p3.odd")).su_per_hour is None


def test_an_action_shows_the_price_that_it_leads_to(allocation: Allocation) -> None:
    found = shown(machine(allocation))
    assert found.su_after(ACTIONS["shelve"]) == Decimal(0)
    assert found.su_after(ACTIONS["suspend"]) == Decimal("1.5")
    assert found.su_after(ACTIONS["lock"]) == found.su_per_hour


def test_a_running_operation_shows_before_the_cloud_says_anything(
    allocation: Allocation, member: User
) -> None:
    lab = machine(allocation, member)
    assert (shown(lab).badge.label, shown(lab).percent) == ("Active", None)
    op = services.act(instance=lab, by=member, action="stop")
    found = shown(lab)
    assert (found.badge.label, found.badge.busy, found.operation.pk) == ("Stopping", True, op.pk)
    assert found.percent is not None
    assert "asked for by Bob" in found.rulings["reboot"].reason


def test_a_launch_that_waits_for_set_up_lets_people_act(allocation: Allocation, member: User) -> None:
    lab = machine(allocation, member, setup_status="running")
    op = services.act(instance=lab, by=member, action="stop")
    Operation.objects.filter(pk=op.pk).update(kind="instance.launch", step="setup", label="Launch")
    assert shown(lab).rulings["reboot"].allowed
    assert shown(lab).badge.label == "Setting up"
    Operation.objects.filter(pk=op.pk).update(step="build")
    assert not shown(lab).rulings["reboot"].allowed


def test_the_owner_is_a_person_a_name_or_somebody_outside(allocation: Allocation, member: User) -> None:
    assert shown(machine(allocation, member)).owner_name == "Bob"
    assert shown(machine(allocation, creator_name="zoe")).owner_name == "zoe"
    assert shown(machine(allocation)).owner_name == "someone outside the portal"


def test_a_waiting_resize_shows_until_when(allocation: Allocation) -> None:
    since = timezone.now() - timedelta(hours=1)
    lab = machine(allocation, status="VERIFY_RESIZE", state_since=since)
    assert shown(lab).resize_deadline == since + timedelta(hours=24)
    assert shown(machine(allocation)).resize_deadline is None


def test_an_unread_cloud_shows_since_when(allocation: Allocation) -> None:
    lab = machine(allocation)
    assert shown(lab).unread_since is None
    now = timezone.now()
    Poll.objects.create(allocation=allocation, what="servers", next_at=now, failing_since=now)
    assert shown(lab).unread_since == now


@pytest.mark.parametrize("count", [1, 20, 500])
def test_rows_take_three_queries_for_any_number(
    allocation: Allocation, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        machine(allocation, name=f"m{number}")
    found = list(Instance.objects.select_related("allocation", "owner"))
    with django_assert_num_queries(3):
        assert len([one.rulings for one in rows(found)]) == count


def test_only_open_pages_are_rendered_for(allocation: Allocation) -> None:
    lab = machine(allocation)
    with patch("instances.live.events.send") as send:
        live.push([lab.pk])
        send.assert_not_called()
        presence.touch([f"allocation.{allocation.pk}"])
        live.push([lab.pk])
        presence.touch([f"instance.{lab.pk}"])
        live.push([lab.pk])
    groups = [call.args[0][0] for call in send.call_args_list]
    assert groups == [f"allocation.{allocation.pk}", f"allocation.{allocation.pk}", f"instance.{lab.pk}"]


def test_pushed_markup_names_its_element_and_version(allocation: Allocation) -> None:
    lab = machine(allocation, name="<b>lab</b>", version=7)
    presence.touch([f"allocation.{allocation.pk}"])
    with patch("instances.live.events.send") as send:
        live.push([lab.pk])
    event = send.call_args.args[1]
    assert (event.element, event.version, event.name) == (f"row-{lab.pk}", 7, "instances:changed")
    assert f'id="row-{lab.pk}"' in event.html
    assert "<b>lab</b>" not in event.html


def test_a_push_that_fails_breaks_nothing(allocation: Allocation) -> None:
    lab = machine(allocation)
    presence.touch([f"allocation.{allocation.pk}"])
    with patch("instances.live.events.send", side_effect=OSError("redis is away")):
        live.push([lab.pk])


@pytest.mark.parametrize(
    ("role", "sees", "acts"),
    [
        ("pi", True, True),
        ("assistant", True, True),
        ("member", True, True),
        ("colleague", True, False),
        ("reader", True, False),
        ("operator", True, False),
        ("stranger", False, False),
        ("former_member", False, False),
        ("newcomer", False, False),
    ],
)
def test_the_door_to_a_machine(
    allocation: Allocation, member: User, role: str, sees: bool, acts: bool, request: pytest.FixtureRequest
) -> None:
    lab = machine(allocation, member)
    person = request.getfixturevalue(role)
    for need, allowed in ((Need.SEE, sees), (Need.ACT, acts)):
        if allowed:
            found = instance_for(person, str(lab.pk), need)
            assert may(person, found, need)
        else:
            with pytest.raises(PortalError):
                instance_for(person, lab.pk, need)


@pytest.mark.parametrize("key", ["nonsense", "", "0" * 32])
def test_a_machine_that_is_not_there_is_not_found(pi: User, key: str) -> None:
    with pytest.raises(PortalError, match="not-found"):
        instance_for(pi, key, Need.SEE)


def test_lists_have_no_deleted_machines(allocation: Allocation, member: User) -> None:
    lab = machine(allocation, member)
    machine(allocation, member, name="gone", deleted_at=timezone.now())
    assert list(instances_of(member, allocation)) == [lab]
