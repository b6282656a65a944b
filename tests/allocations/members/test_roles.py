"""Changing roles: here, at the source where it can, across sign-ins, and never the last PI."""

import pytest

from allocations.members import roles
from allocations.members.models import Decision
from allocations.models import Allocation, Membership
from allocations.services import apply_projects
from allocations.sources.models import MembershipRequest
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.notices.models import Notice
from tests.allocations.members.conftest import KEYSTONE, Source, key, seen_by
from tests.allocations.test_services import granted
from tests.cast import join, make_allocation, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def can_do(source: Source) -> Source:
    return source


def role_of(user: User, allocation: Allocation) -> str:
    return Membership.objects.get(user=user, allocation=allocation, ended_at=None).role


def test_a_pi_makes_a_member_a_manager_and_it_is_written_down(
    pi: User, manager: User, member: User, allocation: Allocation
) -> None:
    roles.change(allocation=seen_by(pi, allocation), by=pi, key=key(member), role="manager")
    assert role_of(member, allocation) == "manager"
    event = AuditEvent.objects.get(action="membership.change")
    assert (event.actor_name, event.detail["before"], event.detail["after"]) == ("Alice", "member", "manager")
    assert event.scope == f"allocation.{allocation.pk}"
    told = {notice.user.username: notice.title for notice in Notice.objects.select_related("user")}
    assert told == {
        "bob": "You are allocation manager of BIO220047 now",
        "mary": "Bob is allocation manager of BIO220047 now",
    }


def test_it_holds_at_the_next_sign_in_and_no_more_than_the_cloud_allows(
    pi: User, member: User, allocation: Allocation
) -> None:
    roles.change(allocation=seen_by(pi, allocation), by=pi, key=key(member), role="ta")
    apply_projects(member, "demo", [granted("BIO220047", "manager")], [])
    assert role_of(member, allocation) == "ta"
    apply_projects(member, "demo", [granted("BIO220047", "reader")], [])
    assert role_of(member, allocation) == "reader"


def test_who_may_only_look_at_the_cloud_is_not_promised_more(
    pi: User, reader: User, allocation: Allocation
) -> None:
    with pytest.raises(PortalError, match="members:looks-only"):
        roles.change(allocation=seen_by(pi, allocation), by=pi, key=key(reader), role="member")
    assert not Decision.objects.exists()


def test_a_manager_does_not_demote_the_pi_nor_the_pi_the_last_one(
    pi: User, manager: User, allocation: Allocation
) -> None:
    for by in (manager, pi):
        with pytest.raises(PortalError, match="members:refused"):
            roles.change(allocation=seen_by(by, allocation), by=by, key=key(pi), role="member")
    assert role_of(pi, allocation) == "pi"


def test_of_two_pis_who_step_down_at_once_one_stays(pi: User, member: User, allocation: Allocation) -> None:
    """Both came through the door while there were two: the rows decide, not what was seen there."""
    Membership.objects.filter(user=member).update(role="pi")
    first, second = seen_by(pi, allocation), seen_by(member, allocation)
    roles.change(allocation=first, by=pi, key=key(pi), role="member")
    with pytest.raises(PortalError, match="members:refused"):
        roles.change(allocation=second, by=member, key=key(member), role="member")
    assert role_of(member, allocation) == "pi"


def test_a_member_changes_nobody(member: User, colleague: User, allocation: Allocation) -> None:
    with pytest.raises(PortalError, match="portal:forbidden"):
        roles.change(allocation=seen_by(member, allocation), by=member, key=key(colleague), role="ta")


def test_whose_role_ended_meanwhile_changes_nobody_any_more(
    manager: User, member: User, allocation: Allocation
) -> None:
    """The door was passed as a manager; by the time of the change they are none."""
    seen = seen_by(manager, allocation)
    Membership.objects.filter(user=manager).update(role="member")
    with pytest.raises(PortalError, match="portal:forbidden"):
        roles.change(allocation=seen, by=manager, key=key(member), role="ta")


def test_of_several_what_cannot_be_done_is_told_beside_what_was(
    pi: User, manager: User, member: User, reader: User, allocation: Allocation
) -> None:
    results = roles.change_many(
        allocation=seen_by(manager, allocation),
        by=manager,
        keys=[key(member), key(pi), key(reader)],
        role="ta",
    )
    assert [result.problem.id if result.problem else "" for result in results] == [
        "",
        "members:refused",
        "members:looks-only",
    ]
    assert role_of(member, allocation) == "ta"


def test_the_role_is_the_projects_in_all_its_regions(pi: User, member: User, allocation: Allocation) -> None:
    elsewhere = make_allocation(region="TACC")
    join(member, elsewhere)
    roles.change(allocation=seen_by(pi, allocation), by=pi, key=key(member), role="manager")
    assert role_of(member, elsewhere) == "manager"


def test_a_source_that_can_is_asked_and_one_that_cannot_is_not(
    pi: User, member: User, allocation: Allocation, source: Source
) -> None:
    roles.change(allocation=seen_by(pi, allocation), by=pi, key=key(member), role="ta")
    assert not MembershipRequest.objects.exists()
    source(KEYSTONE)
    roles.change(allocation=seen_by(pi, allocation), by=pi, key=key(member), role="manager")
    request = MembershipRequest.objects.get()
    assert (request.action, request.role, request.source) == ("role", "manager", "keystone")


def test_open_pages_and_sockets_hear_of_it(
    pi: User, member: User, allocation: Allocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[list[str], object]] = []
    monkeypatch.setattr(events, "publish", lambda groups, event: sent.append((list(groups), event)))
    roles.change(allocation=seen_by(pi, allocation), by=pi, key=key(member), role="ta")
    assert ([f"user.{member.pk}"], events.AccessChanged()) in sent
    changed = events.Changed("members:changed", {"slug": allocation.slug})
    assert ([f"allocation.{allocation.pk}"], changed) in sent


def test_somebody_who_is_unknown_here_is_not_found(pi: User, allocation: Allocation) -> None:
    with pytest.raises(PortalError, match="members:unknown"):
        roles.change(allocation=seen_by(pi, allocation), by=pi, key=key(make_user("zed")), role="ta")
