"""Machines change hands: rights follow at once, costs stay where they arose, both are told."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation, LedgerEntry, Membership
from allocations.roles import Need
from instances.access import instance_for
from instances.models import Instance, Teammate
from instances.services.handing import hand_over
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.notices.models import Notice
from tests.cast import join
from tests.portal.api.conftest import machine

__all__ = ["machine"]
pytestmark = pytest.mark.django_db


def test_the_new_owner_may_at_once_and_the_old_one_no_more(
    pi: User, member: User, colleague: User, machine: Instance
) -> None:
    assert hand_over(by=pi, machines=[machine.pk], to=colleague) == {}
    assert instance_for(colleague, machine.pk, Need.ACT).owner == colleague
    with pytest.raises(PortalError, match="portal:forbidden"):
        instance_for(member, machine.pk, Need.ACT)


def test_an_owner_hands_over_their_own_and_nobody_elses(
    member: User, colleague: User, machine: Instance
) -> None:
    refused = hand_over(by=colleague, machines=[machine.pk], to=colleague)
    assert refused[machine.pk].id == "portal:forbidden"
    assert hand_over(by=member, machines=[machine.pk], to=colleague) == {}


def test_only_a_member_who_uses_machines_gets_one(
    pi: User, reader: User, stranger: User, former_member: User, machine: Instance
) -> None:
    for nobody in (reader, stranger, former_member):
        refused = hand_over(by=pi, machines=[machine.pk], to=nobody)
        assert refused[machine.pk].id == "instances:no-such-heir"
    assert not AuditEvent.objects.filter(action="instance.hand-over").exists()


def test_a_stranger_learns_nothing_of_the_machine(stranger: User, machine: Instance) -> None:
    with pytest.raises(PortalError, match="portal:not-found"):
        hand_over(by=stranger, machines=[machine.pk], to=stranger)


def test_what_it_cost_stays_with_who_had_it(
    pi: User, member: User, colleague: User, machine: Instance
) -> None:
    Instance.objects.update(charged_until=timezone.now() - timedelta(hours=1))
    hand_over(by=pi, machines=[machine.pk], to=colleague)
    entries = LedgerEntry.objects.filter(instance_id=str(machine.pk))
    assert {entry.owner_key for entry in entries} == {str(member.pk)}
    assert entries.exists()
    machine.refresh_from_db()
    assert machine.charged_until is not None
    assert machine.charged_until > timezone.now() - timedelta(minutes=1)


def test_it_is_written_down_told_to_both_and_seen_at_once(
    pi: User, member: User, colleague: User, machine: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[list[str], Any]] = []
    monkeypatch.setattr(events, "publish", lambda groups, event: sent.append((list(groups), event)))
    version = machine.version
    hand_over(by=pi, machines=[machine.pk], to=colleague)
    event = AuditEvent.objects.get(action="instance.hand-over")
    assert (event.actor_name, event.detail) == ("Alice", {"before": "Bob", "after": "Colin"})
    assert set(Notice.objects.values_list("user__username", "kind")) == {
        ("bob", "machine.handed"),
        ("colin", "machine.handed"),
    }
    machine.refresh_from_db()
    assert machine.version > version
    for person in (member, colleague):
        assert ([f"user.{person.pk}"], events.AccessChanged()) in sent


def test_who_was_let_in_and_owns_it_now_is_no_guest_of_their_own(
    pi: User, member: User, colleague: User, machine: Instance
) -> None:
    Teammate.objects.create(instance=machine, user=colleague, at=timezone.now())
    hand_over(by=pi, machines=[machine.pk], to=colleague)
    assert not Teammate.objects.exists()


def test_to_whom_it_belongs_already_nothing_happens(pi: User, member: User, machine: Instance) -> None:
    assert hand_over(by=pi, machines=[machine.pk], to=member) == {}
    assert not AuditEvent.objects.filter(action="instance.hand-over").exists()
    assert not Notice.objects.exists()


def test_a_machine_that_is_gone_is_told_of_beside_those_that_are_there(
    pi: User, colleague: User, machine: Instance
) -> None:
    gone = Instance.objects.get(pk=machine.pk)
    gone.pk, gone.server_id, gone.deleted_at = Instance._meta.pk.get_default(), "another", timezone.now()
    gone.save(force_insert=True)
    problems = hand_over(by=pi, machines=[machine.pk, gone.pk], to=colleague)
    assert set(problems) == {gone.pk}
    machine.refresh_from_db()
    assert machine.owner == colleague


def test_a_machine_that_nobody_here_owns_can_be_given_to_somebody(
    pi: User, colleague: User, machine: Instance
) -> None:
    Instance.objects.update(owner=None, creator_name="horizon-user")
    assert hand_over(by=pi, machines=[machine.pk], to=colleague) == {}
    assert AuditEvent.objects.get(action="instance.hand-over").detail["before"] == "horizon-user"


def test_machines_of_two_regions_go_where_the_heir_is_a_member(
    pi: User, colleague: User, machine: Instance, other_allocation: Allocation
) -> None:
    there = Instance.objects.get(pk=machine.pk)
    there.pk, there.server_id, there.allocation = Instance._meta.pk.get_default(), "another", other_allocation
    there.save(force_insert=True)
    join(pi, other_allocation, Membership.Role.PI)
    problems = hand_over(by=pi, machines=[machine.pk, there.pk], to=colleague)
    assert set(problems) == {there.pk}
