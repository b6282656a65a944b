"""Who manages what, where ACCESS's word decides and its lists may come without roles."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from allocations.models import Allocation, Membership
from allocations.sources import managing, reapplying, syncing
from allocations.sources.models import ManagedGrants, SourceState
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.allocations.sources.conftest import AccessWorld, connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(db: None, access: AccessWorld, reconfigured: Callable[..., None]) -> User:
    """Bob, whom Keystone knows as a member; ACCESS knows more about some of his projects."""
    reconfigured(access={"roles_decide": True})
    access.control(tells_roles=False)
    return connected("bob")


def role(user: User, slug: str = "bio220047-iu") -> tuple[str, str]:
    seat = Membership.objects.get(user=user, allocation__slug=slug, ended_at=None)
    return seat.role, seat.source


def ask_now(user: User) -> ManagedGrants:
    ManagedGrants.objects.update(due_at=timezone.now(), lease_until=None)
    row = ManagedGrants.objects.get(user=user)
    managing.read(row.pk)
    row.refresh_from_db()
    return row


def read_members(slug: str = "bio220047-iu") -> None:
    bio = Allocation.objects.get(slug=slug)
    syncing.meet()
    state = SourceState.objects.get(source="access", project_id=bio.project_id)
    SourceState.objects.filter(pk=state.pk).update(due_at=timezone.now(), lease_until=None)
    syncing.sync(state.pk)


def test_who_manages_there_manages_here_at_once(bob: User) -> None:
    assert role(bob, "phy220011-iu") == ("manager", "keystone")
    Membership.objects.filter(allocation__slug="phy220011-iu").update(role="member")
    assert ask_now(bob).grants == ["PHY220011"]
    assert role(bob, "phy220011-iu")[0] == "manager"
    assert role(bob)[0] == "member"
    assert AuditEvent.objects.filter(action="membership.change").exists()


def test_who_manages_no_more_is_a_member_again(bob: User) -> None:
    ManagedGrants.objects.update(grants=["BIO220047"], read_at=timezone.now() - timedelta(days=1))
    reapplying.reapply(bob, "demo")
    assert role(bob) == ("manager", "claim")
    assert ask_now(bob).grants == ["PHY220011"]
    assert role(bob) == ("member", "keystone")


def test_a_claim_does_not_go_before_what_is_not_managed_there(
    db: None, access: AccessWorld, reconfigured: Callable[..., None]
) -> None:
    reconfigured(access={"roles_decide": True})
    access.control(tells_roles=False)
    bob = connected("bob")
    User.objects.filter(pk=bob.pk).update(claimed_groups=["ACCESS:BIO220047:pi"])
    connected("bob")
    assert role(bob) == ("pi", "claim"), "nothing else is known yet"
    read_members()
    ask_now(bob)
    assert role(bob) == ("member", "keystone")


def test_where_it_only_advises_nobody_is_asked_about(db: None, access: AccessWorld) -> None:
    connected("bob")
    assert not ManagedGrants.objects.exists()


def test_one_question_for_each_sign_in_and_not_for_each_click(bob: User, access: AccessWorld) -> None:
    ask_now(bob)
    access.world.cloud.control("DELETE", "/calls")
    connected("bob")
    assert managing.due() == []
    ManagedGrants.objects.update(read_at=timezone.now() - timedelta(hours=1))
    connected("bob")
    assert managing.due() == [ManagedGrants.objects.get().pk]
    assert access.calls() == 0


def test_those_who_stay_are_asked_about_once_a_day_and_others_not(bob: User) -> None:
    row = ask_now(bob)
    assert row.due_at > timezone.now() + timedelta(hours=23)
    ManagedGrants.objects.update(due_at=timezone.now())
    assert managing.due() == [row.pk]
    Membership.objects.update(ended_at=timezone.now())
    assert managing.due() == []


def test_access_in_trouble_leaves_what_was_known(bob: User, access: AccessWorld) -> None:
    ask_now(bob)
    access.world.fault("status", service="access", status=503)
    row = ask_now(bob)
    assert (row.grants, row.error_id) == (["PHY220011"], "outside:unavailable")
    assert row.due_at > timezone.now() + timedelta(minutes=5)


def test_nobody_of_that_name_manages_nothing(bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(access_id="nobody-there@access-ci.org")
    assert ask_now(bob).grants == []


def test_two_workers_ask_once(bob: User, access: AccessWorld) -> None:
    row = ManagedGrants.objects.get(user=bob)
    access.world.cloud.control("DELETE", "/calls")
    managing.read(row.pk)
    managing.read(row.pk)
    assert access.calls() == 1


def test_the_cloud_that_lets_look_only_is_not_overruled(bob: User, access: AccessWorld) -> None:
    access.control(seats={"BIO220047/bob": "active"})
    bob.cloud_credentials.update(roles=["reader"])
    ManagedGrants.objects.update(grants=["BIO220047"], read_at=None)
    ask_now(bob)
    assert role(bob)[0] == "reader"


def test_a_role_that_changes_on_the_list_is_followed_without_a_sign_in(
    db: None, access: AccessWorld, reconfigured: Callable[..., None]
) -> None:
    reconfigured(access={"roles_decide": True})
    bob = connected("bob")
    read_members("phy220011-iu")
    read_members()
    assert role(bob) == ("member", "keystone")
    assert role(bob, "phy220011-iu") == ("pi", "claim")
