"""Removing somebody: rights end at once, things are handed over, and no process that dies leaves it half done."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations import hooks_people
from allocations.hooks_people import HAND, LEAVE, SHELVE, STOP, Choice
from allocations.members import adding, removing, sheets, tasks
from allocations.members.models import Decision, Departure
from allocations.members.people import key_of
from allocations.models import Allocation, LedgerEntry, Membership
from allocations.services import apply_projects
from allocations.sources.models import MembershipRequest
from allocations.sources.people import login_name
from instances import left
from instances.models import CatalogueItem, Instance, Teammate
from instances.remote.models import Certificate, PlacedKey, RemoteSession
from portal.accounts.models import CloudCredential, CloudLink, ToolCredential, User
from portal.core import events
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.notices.models import Notice
from portal.operations.models import Operation
from tests.allocations.members.conftest import BY_HAND, Source, key, seen_by
from tests.allocations.members.test_adding import listed
from tests.allocations.test_services import granted
from tests.cast import join, make_allocation, make_user
from tests.instances.remote.people import session_on

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def can_do(source: Source) -> Source:
    return source


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The worker dies before it began: what is left of the message."""
    sent: list[str] = []
    monkeypatch.setattr(tasks.settle, "delay", sent.append)
    return sent


def remove(by: User, whom: User, allocation: Allocation, **choices: Choice) -> Departure:
    given = {("machine", id): choice for id, choice in choices.items()}
    return removing.remove(allocation=seen_by(by, allocation), by=by, key=key(whom), choices=given)


def is_in(user: User, allocation: Allocation) -> bool:
    return Membership.objects.filter(user=user, allocation=allocation, ended_at=None).exists()


def test_rights_sessions_and_credentials_end_in_the_same_moment(
    pi: User, member: User, machine: Instance, allocation: Allocation
) -> None:
    live, other = session_on(machine, member), session_on(machine, pi)
    remove(pi, member, allocation)
    assert not is_in(member, allocation)
    live.refresh_from_db()
    other.refresh_from_db()
    assert (live.end_reason, live.ended_at is not None) == ("no-access", True)
    assert other.ended_at is None
    credential = CloudCredential.objects.get(user=member)
    assert credential.revoked_at is not None
    request = MembershipRequest.objects.get()
    assert (request.action, request.username, request.state) == ("remove", login_name(member), "asked")


def test_whoever_holds_a_session_and_every_open_page_is_told(
    pi: User, member: User, machine: Instance, allocation: Allocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = session_on(machine, member)
    sent: list[tuple[list[str], Any]] = []
    monkeypatch.setattr(events, "publish", lambda groups, event: sent.append((list(groups), event)))
    remove(pi, member, allocation)
    assert ([f"user.{member.pk}"], events.AccessChanged()) in sent
    assert any(groups == [f"remote.{live.pk}"] for groups, _ in sent)


def test_credentials_for_ones_own_tools_end_too(pi: User, member: User, allocation: Allocation) -> None:
    tool = ToolCredential.objects.create(
        user=member,
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        project_name=allocation.project_name,
        name="laptop",
        state="shown",
        expires_at=timezone.now() + timedelta(days=9),
    )
    shown = removing.left_by(allocation, member)
    assert {thing.name for thing in shown if thing.kind == "credential"} == {
        "what the portal acts with",
        "for tools: laptop",
    }
    remove(pi, member, allocation)
    tool.refresh_from_db()
    assert tool.revoked_at is not None


def test_if_the_cloud_still_lists_them_they_do_not_come_back_until_they_are_added_again(
    pi: User, member: User, allocation: Allocation
) -> None:
    remove(pi, member, allocation)
    apply_projects(member, "demo", [granted()], [])
    assert not is_in(member, allocation)
    sheet = sheets.read(login_name(member))
    adding.add(allocation=seen_by(pi, allocation), by=pi, sheet=sheet, role="member")
    apply_projects(member, "demo", [granted()], [])
    assert is_in(member, allocation)


def test_who_was_removed_before_they_ever_signed_in_stays_out(pi: User, allocation: Allocation) -> None:
    listed(allocation, "eve")
    removing.remove(allocation=seen_by(pi, allocation), by=pi, key=key_of("eve"), choices={})
    late = make_user("eve", access_id="eve@access-ci.org")
    apply_projects(late, "demo", [granted()], [])
    assert not is_in(late, allocation)


def test_a_machine_is_the_heirs_at_once_and_its_past_stays_with_who_had_it(
    pi: User, member: User, colleague: User, machine: Instance, allocation: Allocation
) -> None:
    Instance.objects.update(charged_until=timezone.now() - timedelta(hours=2))
    Teammate.objects.create(instance=machine, user=colleague, at=timezone.now())
    departure = remove(pi, member, allocation, **{str(machine.pk): Choice(HAND, colleague)})
    machine.refresh_from_db()
    assert machine.owner == colleague
    assert not Teammate.objects.exists()
    assert {entry.owner_name for entry in LedgerEntry.objects.all()} == {"Bob"}
    item = departure.items.get()
    assert (item.to_name, item.problem, item.done_at is not None) == ("Colin", "", True)
    event = AuditEvent.objects.get(action="instance.hand-over")
    assert (event.actor_name, event.detail) == ("Alice", {"before": "Bob", "after": "Colin"})
    assert Notice.objects.filter(user=colleague, kind="machine.handed").exists()


def test_an_heir_who_may_not_use_machines_gets_none(
    pi: User, member: User, reader: User, machine: Instance, allocation: Allocation
) -> None:
    departure = remove(pi, member, allocation, **{str(machine.pk): Choice(HAND, reader)})
    machine.refresh_from_db()
    assert machine.owner == member
    assert "no member of this allocation who may use machines" in departure.items.get().problem


def test_stopping_and_shelving_are_operations_in_the_name_of_who_removed(
    pi: User, member: User, machine: Instance, allocation: Allocation
) -> None:
    departure = remove(pi, member, allocation, **{str(machine.pk): Choice(SHELVE)})
    assert not Operation.objects.exists()
    removing.settle_later(departure.pk, timezone.now())
    operation = Operation.objects.get()
    assert (operation.kind, operation.by) == ("instance.shelve", pi)
    departure.refresh_from_db()
    assert departure.settled_at is not None


def test_when_the_process_dies_after_the_end_a_worker_goes_on_and_nothing_is_done_twice(
    pi: User, member: User, machine: Instance, allocation: Allocation, no_worker: list[str]
) -> None:
    departure = remove(pi, member, allocation, **{str(machine.pk): Choice(STOP)})
    assert removing.unsettled(timezone.now()) == [departure.pk]
    tasks.settle_all()
    assert no_worker[-1] == str(departure.pk)
    for _ in range(2):
        tasks.settle(str(departure.pk))
    assert Operation.objects.count() == 1
    assert removing.unsettled(timezone.now()) == []


def test_a_worker_that_died_at_it_is_followed_by_another_once_its_lease_is_over(
    pi: User, member: User, machine: Instance, allocation: Allocation
) -> None:
    departure = remove(pi, member, allocation, **{str(machine.pk): Choice(STOP)})
    now = timezone.now()
    Departure.objects.update(lease_until=now + timedelta(minutes=4))
    removing.settle_later(departure.pk, now)
    assert not Operation.objects.exists()
    removing.settle_later(departure.pk, now + timedelta(minutes=5))
    assert Operation.objects.count() == 1


def test_when_the_process_dies_in_the_middle_nothing_was_done(
    pi: User, member: User, machine: Instance, allocation: Allocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("allocations.members.telling.removed", dies)
    with pytest.raises(KeyboardInterrupt):
        remove(pi, member, allocation, **{str(machine.pk): Choice(HAND, pi)})
    machine.refresh_from_db()
    assert is_in(member, allocation)
    assert machine.owner == member
    assert not Departure.objects.exists()
    assert not Decision.objects.exists()


def test_what_could_not_be_done_is_told_and_can_be_tried_again(
    pi: User, member: User, machine: Instance, allocation: Allocation
) -> None:
    departure = remove(pi, member, allocation, **{str(machine.pk): Choice(STOP)})
    CloudCredential.objects.filter(user=pi).update(refused_at=timezone.now())
    removing.settle_later(departure.pk, timezone.now())
    assert "no credential of yours" in departure.items.get().problem
    CloudCredential.objects.filter(user=pi).update(refused_at=None)
    assert removing.try_again(allocation=seen_by(pi, allocation), by=pi, departure=departure) == 1
    removing.settle_later(departure.pk, timezone.now())
    assert departure.items.get().problem == ""
    assert Operation.objects.count() == 1


def test_twice_is_once(pi: User, member: User, allocation: Allocation) -> None:
    listed(allocation, login_name(member), user=member)
    first = remove(pi, member, allocation)
    assert remove(pi, member, allocation).pk == first.pk
    assert MembershipRequest.objects.count() == 1


def test_nobody_removes_the_last_pi_nor_a_manager_the_pi(
    pi: User, manager: User, member: User, allocation: Allocation
) -> None:
    for by, whom in ((pi, pi), (manager, pi)):
        with pytest.raises(PortalError, match="members:refused"):
            remove(by, whom, allocation)
    with pytest.raises(PortalError, match="portal:forbidden"):
        remove(member, manager, allocation)
    assert is_in(pi, allocation)


def test_a_manager_may_leave_and_leaves_things_or_hands_them_over(
    pi: User, manager: User, machine: Instance, allocation: Allocation
) -> None:
    Instance.objects.update(owner=manager)
    with pytest.raises(PortalError, match="portal:bad-input"):
        remove(manager, manager, allocation, **{str(machine.pk): Choice(STOP)})
    remove(manager, manager, allocation, **{str(machine.pk): Choice(HAND, pi)})
    machine.refresh_from_db()
    assert machine.owner == pi
    assert not is_in(manager, allocation)


def test_it_holds_in_every_region_of_the_project(pi: User, member: User, allocation: Allocation) -> None:
    elsewhere = make_allocation(region="TACC")
    join(member, elsewhere)
    remove(pi, member, allocation)
    assert not is_in(member, elsewhere)


def test_where_the_source_takes_nothing_they_are_out_here_and_the_request_says_why(
    pi: User, member: User, allocation: Allocation, source: Source
) -> None:
    source(BY_HAND)
    remove(pi, member, allocation)
    assert not is_in(member, allocation)
    assert MembershipRequest.objects.get().problem_id == "sources:cannot"


def test_the_person_and_those_who_manage_are_told(
    pi: User, manager: User, member: User, allocation: Allocation
) -> None:
    remove(pi, member, allocation)
    told = {notice.user.username: notice.title for notice in Notice.objects.select_related("user")}
    assert told == {"bob": "You were removed from BIO220047", "mary": "Alice removed Bob from BIO220047"}
    event = AuditEvent.objects.get(action="member.remove")
    assert (event.actor_name, event.target_name, event.detail["before"]) == ("Alice", "Bob", "member")


def test_what_they_leave_behind_is_told_in_a_fixed_number_of_queries(
    pi: User, member: User, machine: Instance, allocation: Allocation
) -> None:
    now = timezone.now()
    CloudLink.objects.create(user=member, cloud="demo", cloud_user_id="u-bob", cloud_user_name="bob")
    for name, made_by in (("data", "u-bob"), ("hers", "u-alice")):
        data = {"id": name, "name": name, "size_gb": 40, "user_id": made_by, "status": "available"}
        CatalogueItem.objects.create(
            allocation=allocation, kind="volume", cloud_id=name, name=name, data=data, seen_at=now
        )
    session_on(machine, member)
    PlacedKey.objects.create(
        instance=machine, person=member, login="exouser", key="ssh-ed25519 x", placed_by=pi, at=now
    )
    for name, hours in (("holds", 1), ("over", -1)):
        Certificate.objects.create(
            instance=machine,
            person=member,
            login="exouser",
            serial=len(name),
            text=name,
            key_fingerprint="SHA256:x",
            issued_at=now - timedelta(hours=2),
            expires_at=now + timedelta(hours=hours),
        )
    found = removing.left_by(allocation, member)
    assert {(thing.kind, thing.name) for thing in found} == {
        ("credential", "what the portal acts with"),
        ("machine", "blast-node"),
        ("volume", "data"),
        ("session", "shell on blast-node"),
        ("key", "key of exouser on blast-node"),
        ("certificate", "for exouser on blast-node"),
    }
    assert len(found) == 6
    (shown,) = [thing for thing in found if thing.kind == "machine"]
    assert shown.su_per_hour is not None
    assert set(shown.choices) == {HAND, STOP, SHELVE, LEAVE}
    assert removing.left_by(allocation, None) == []
    assert left.hold([allocation.pk])[member.pk] == hooks_people.Holding(machines=1)


def test_somebody_elses_machine_is_not_stopped_by_a_departure(
    pi: User, member: User, colleague: User, machine: Instance, allocation: Allocation
) -> None:
    departure = remove(pi, member, allocation, **{str(machine.pk): Choice(STOP)})
    Instance.objects.update(owner=colleague)
    removing.settle_later(departure.pk, timezone.now())
    assert not Operation.objects.exists()
    assert "not theirs any more" in departure.items.get().problem


def test_a_session_of_another_allocation_goes_on(
    pi: User, member: User, machine: Instance, allocation: Allocation, other_allocation: Allocation
) -> None:
    elsewhere = Instance.objects.get(pk=machine.pk)
    elsewhere.pk, elsewhere.allocation, elsewhere.server_id = None, other_allocation, "another"
    elsewhere.pk = Instance._meta.pk.get_default()
    elsewhere.save(force_insert=True)
    goes_on = session_on(elsewhere, member)
    remove(pi, member, allocation)
    assert RemoteSession.objects.get(pk=goes_on.pk).ended_at is None
