"""Letting members of the allocation into one machine, and shutting them out."""

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from allocations.models import Allocation, Membership
from instances.access import connectable
from instances.models import Instance, Teammate
from instances.remote import teammates
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.instances.rows import machine

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    return machine(allocation, member)


def session(lab: Instance, person: User, **changes: Any) -> RemoteSession:
    given = {"kind": "shell", "login": "exouser", "asked_at": timezone.now(), **changes}
    return RemoteSession.objects.create(instance=lab, person=person, **given)


def test_a_colleague_is_let_in_and_nothing_more(lab: Instance, member: User, colleague: User) -> None:
    with pytest.raises(PortalError):
        connectable(colleague, lab.pk)
    teammates.let_in(by=member, instance=lab, person=colleague.pk)
    assert connectable(colleague, lab.pk) == lab
    event = AuditEvent.objects.get(action="remote.teammate-added")
    assert (event.actor_name, event.detail["person_id"]) == (str(member), colleague.pk)


def test_twice_is_once(lab: Instance, member: User, pi: User, colleague: User) -> None:
    first = teammates.let_in(by=member, instance=lab, person=colleague.pk)
    assert teammates.let_in(by=pi, instance=lab, person=colleague.pk) == first
    assert AuditEvent.objects.count() == 1


def test_only_the_owner_and_who_manages_lets_in(
    lab: Instance, colleague: User, pi: User, reader: User
) -> None:
    for refused_one in (colleague, reader):
        with pytest.raises(PortalError) as refused:
            teammates.let_in(by=refused_one, instance=lab, person=colleague.pk)
        assert refused.value.id == "portal:forbidden"
    teammates.let_in(by=pi, instance=lab, person=colleague.pk)


def test_one_who_was_let_in_does_not_let_in_others(
    lab: Instance, member: User, colleague: User, reader: User
) -> None:
    teammates.let_in(by=member, instance=lab, person=colleague.pk)
    with pytest.raises(PortalError):
        teammates.let_in(by=colleague, instance=lab, person=reader.pk)


def test_only_members_who_may_use_machines_can_be_let_in(
    lab: Instance, member: User, stranger: User, reader: User, former_member: User, newcomer: User
) -> None:
    for person in (stranger, reader, former_member, newcomer, member):
        with pytest.raises(PortalError) as refused:
            teammates.let_in(by=member, instance=lab, person=person.pk)
        assert refused.value.id == "remote:teammate-unknown"
    assert not Teammate.objects.exists()


def test_who_can_log_in_anyway_is_not_offered(
    lab: Instance, member: User, colleague: User, pi: User, manager: User, assistant: User
) -> None:
    assert list(teammates.candidates(lab)) == [colleague]
    teammates.let_in(by=member, instance=lab, person=colleague.pk)
    assert list(teammates.candidates(lab)) == []


def test_a_machine_without_a_known_owner_offers_every_member(
    allocation: Allocation, colleague: User, member: User
) -> None:
    assert set(teammates.candidates(machine(allocation, None))) == {colleague, member}


def test_who_is_shut_out_is_off_at_once_everywhere_on_that_machine(
    lab: Instance,
    member: User,
    colleague: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    teammates.let_in(by=member, instance=lab, person=colleague.pk)
    shell, files = session(lab, colleague), session(lab, colleague, kind="files")
    elsewhere = session(machine(lab.allocation, colleague), colleague)
    mine = session(lab, member)
    sent: list[tuple[list[str], object]] = []
    monkeypatch.setattr(events, "send_best_effort", lambda groups, event: sent.append((list(groups), event)))
    with django_capture_on_commit_callbacks(execute=True):
        teammates.shut_out(by=member, instance=lab, person=colleague.pk)
    for one in (shell, files, elsewhere, mine):
        one.refresh_from_db()
    assert (shell.end_reason, shell.ended_by) == ("no-access", member)
    assert files.end_reason == "no-access"
    assert elsewhere.ended_at is None and mine.ended_at is None
    assert ([f"user.{colleague.pk}"], events.AccessChanged()) in sent
    assert any(f"remote.{shell.pk}" in groups for groups, _ in sent)
    with pytest.raises(PortalError):
        connectable(colleague, lab.pk)
    assert AuditEvent.objects.get(action="remote.teammate-removed").detail["person"] == str(colleague)


def test_who_has_a_right_of_their_own_by_now_keeps_what_is_open(
    lab: Instance, member: User, colleague: User
) -> None:
    teammates.let_in(by=member, instance=lab, person=colleague.pk)
    shell = session(lab, colleague)
    Membership.objects.filter(user=colleague).update(role=Membership.Role.MANAGER)
    teammates.shut_out(by=member, instance=lab, person=colleague.pk)
    shell.refresh_from_db()
    assert shell.ended_at is None


def test_one_who_was_not_let_in_cannot_be_shut_out(lab: Instance, member: User, colleague: User) -> None:
    with pytest.raises(PortalError) as refused:
        teammates.shut_out(by=member, instance=lab, person=colleague.pk)
    assert refused.value.id == "portal:not-found"


def test_a_teammate_cannot_shut_out_another(lab: Instance, member: User, colleague: User) -> None:
    teammates.let_in(by=member, instance=lab, person=colleague.pk)
    with pytest.raises(PortalError):
        teammates.shut_out(by=colleague, instance=lab, person=colleague.pk)
    assert Teammate.objects.exists()


def test_who_leaves_the_allocation_is_let_in_no_more(lab: Instance, member: User, colleague: User) -> None:
    teammates.let_in(by=member, instance=lab, person=colleague.pk)
    Membership.objects.filter(user=colleague).update(ended_at=timezone.now())
    with pytest.raises(PortalError):
        connectable(colleague, lab.pk)
