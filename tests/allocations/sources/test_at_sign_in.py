"""From the PI's click to the newcomer's own allocation, through real protocols: ACCESS, OpenID, Keystone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation, Membership
from allocations.sources import carrying, people, requests, syncing
from allocations.sources.models import MemberRecord, MembershipRequest, SourceState
from portal.accounts import connecting
from portal.accounts.models import User
from tests.allocations.sources.conftest import AccessWorld, connected

pytestmark = pytest.mark.django_db


def signed_in(access: AccessWorld, name: str) -> User:
    """A whole sign-in at the provider, and the connection to the cloud that follows it."""
    access.world.sign_in(Client(), name)
    user = User.objects.get(access_id=f"{name}@access-ci.org")
    connecting.connect(user.cloud_links.get(cloud="demo").pk)
    return user


def turn(bio: Allocation) -> None:
    MembershipRequest.objects.filter(state__in=MembershipRequest.LIVE).update(
        due_at=timezone.now() - timedelta(seconds=1), lease_until=None
    )
    carrying.carry(bio.pk)


def test_who_was_added_finds_the_allocation_at_the_next_sign_in(db: None, access: AccessWorld) -> None:
    alice = signed_in(access, "alice")
    bio = Allocation.objects.get(slug="bio220047-iu")
    assert bio.memberships.get(user=alice).role == "pi"
    newbie = signed_in(access, "newbie")
    assert not newbie.memberships.exists()

    [row] = requests.ask(allocation=bio, by=alice, action="add", usernames=["newbie"])
    turn(bio)
    signed_in(access, "newbie")
    assert not newbie.memberships.exists(), "ACCESS has it, the cloud does not yet"
    shown = next(person for person in people.roster(bio) if person.username == "newbie")
    assert (shown.user, shown.state) == (newbie, "pending")

    access.finish()
    signed_in(access, "newbie")
    assert {seat.allocation.slug for seat in newbie.memberships.filter(ended_at=None)} >= {"bio220047-iu"}
    turn(bio)
    row.refresh_from_db()
    assert row.state == "done"
    shown = next(person for person in people.roster(bio) if person.username == "newbie")
    assert (shown.state, shown.role, shown.advisory) == ("active", "member", False)


def test_who_was_removed_loses_the_allocation_at_the_next_sign_in(db: None, access: AccessWorld) -> None:
    alice, bob = signed_in(access, "alice"), signed_in(access, "bob")
    bio = Allocation.objects.get(slug="bio220047-iu")
    assert bio.memberships.filter(user=bob, ended_at=None).exists()
    requests.ask(allocation=bio, by=alice, action="remove", usernames=["bob"])
    turn(bio)
    access.finish()
    signed_in(access, "bob")
    assert not bio.memberships.filter(user=bob, ended_at=None).exists()
    assert not bob.cloud_credentials.filter(project_id=bio.project_id, revoked_at=None).exists()


def test_the_sign_in_makes_the_sources_due_at_once(
    db: None, access: AccessWorld, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("allocations.sources.queue._send", lambda task, ids, expires: sent.append(task))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        connected("alice")
    assert sent == ["sync_due"]
    syncing.meet()
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        connected("alice")
    assert sent == []


def told_by_access(bio: Allocation) -> None:
    syncing.meet()
    state = SourceState.objects.get(source="access", project_id=bio.project_id)
    SourceState.objects.filter(pk=state.pk).update(due_at=timezone.now())
    syncing.sync(state.pk)


def role(user: User) -> tuple[str, str]:
    seat = Membership.objects.get(user=user, allocation__slug="bio220047-iu", ended_at=None)
    return seat.role, seat.source


def test_a_role_at_access_is_only_shown_unless_it_decides(
    db: None, access: AccessWorld, reconfigured: Callable[..., None]
) -> None:
    signed_in(access, "alice")
    bio = Allocation.objects.get(slug="bio220047-iu")
    told_by_access(bio)
    MemberRecord.objects.filter(username="bob").update(role="manager")
    bob = signed_in(access, "bob")
    assert role(bob) == ("member", "keystone")
    shown = next(person for person in people.roster(bio) if person.username == "bob")
    assert [(said.source, said.role) for said in shown.said] == [("access", "manager")]

    reconfigured(access={"roles_decide": True})
    signed_in(access, "bob")
    assert role(bob) == ("manager", "claim")


def test_a_role_that_decides_goes_before_a_claim(
    db: None, access: AccessWorld, reconfigured: Callable[..., None]
) -> None:
    """The identity provider says pi; ACCESS, whose word decides here, says member since this morning."""
    alice = signed_in(access, "alice")
    assert role(alice)[0] == "pi"
    told_by_access(Allocation.objects.get(slug="bio220047-iu"))
    MemberRecord.objects.filter(username="alice").update(role="member")
    reconfigured(access={"roles_decide": True})
    signed_in(access, "alice")
    # Keystone's own role is what is left: a manager of the project.
    assert role(alice) == ("manager", "keystone")


def test_a_role_of_somebody_who_is_not_active_there_decides_nothing(
    db: None, access: AccessWorld, reconfigured: Callable[..., None]
) -> None:
    signed_in(access, "alice")
    told_by_access(Allocation.objects.get(slug="bio220047-iu"))
    MemberRecord.objects.filter(username="bob").update(role="manager", state="inactive")
    reconfigured(access={"roles_decide": True})
    assert role(signed_in(access, "bob")) == ("member", "keystone")


def test_a_namesake_from_elsewhere_gets_no_role(
    db: None, access: AccessWorld, reconfigured: Callable[..., None]
) -> None:
    reconfigured(access={"roles_decide": True})
    signed_in(access, "alice")
    told_by_access(Allocation.objects.get(slug="bio220047-iu"))
    MemberRecord.objects.filter(username="bob").update(role="manager")
    bob = connected("bob")
    User.objects.filter(pk=bob.pk).update(access_id="")
    Membership.objects.filter(user=bob).update(role="member")
    connected("bob")
    assert role(bob)[0] == "manager", "linked while it was theirs"
    MemberRecord.objects.filter(username="bob").update(user=None)
    Membership.objects.filter(user=bob).update(source="keystone", role="member")
    connected("bob")
    assert role(bob) == ("member", "keystone")
