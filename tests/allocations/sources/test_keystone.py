"""Clouds without ACCESS: role assignments at Keystone, read and changed as the members themselves."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation, Membership
from allocations.sources import carrying, people, requests, syncing
from allocations.sources.capabilities import capabilities
from allocations.sources.models import MemberRecord, MembershipRequest, SourceState
from portal.accounts.models import CloudCredential, User
from portal.cloud import identity
from portal.cloud.schema_sources import KeystoneMembers
from portal.democloud.seed_identity import project_id
from tests.allocations.sources.conftest import connected
from tests.world import World, password_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(db: None, world: World, reconfigured: Callable[..., None]) -> Iterator[Allocation]:
    """BIO220047 on a cloud that has nothing but Keystone, whose policy lets managers give roles. Alice is one."""
    reconfigured(projects=None, access=None, keystone=KeystoneMembers(change=True))
    world.cloud.control("POST", "/policy", {"managers_assign": True})
    connected("alice")
    found = Allocation.objects.get(slug="bio220047-iu")
    found.memberships.update(role="manager")
    yield found


@pytest.fixture
def alice(lab: Allocation) -> User:
    return User.objects.get(username="alice")


def read() -> SourceState:
    syncing.meet()
    found = SourceState.objects.get(source="keystone", project_id=project_id("BIO220047"))
    SourceState.objects.filter(pk=found.pk).update(due_at=timezone.now(), lease_until=None)
    syncing.sync(found.pk)
    found.refresh_from_db()
    return found


def carried(
    lab: Allocation, by: User, *names: str, action: Any = "add", **more: Any
) -> list[tuple[str, str]]:
    rows = requests.ask(allocation=lab, by=by, action=action, usernames=names, **more)
    carrying.carry(lab.pk)
    for row in rows:
        row.refresh_from_db()
    return [(row.state, row.problem_id) for row in rows]


def roles_of(name: str) -> dict[str, str]:
    """{project: role in the portal}, as Keystone has it."""
    read()
    return dict(MemberRecord.objects.filter(username=name).values_list("allocation__project_name", "role"))


def test_a_manager_reads_who_is_in(lab: Allocation) -> None:
    assert read().error_id == ""
    found = {person.username: (person.role, person.state) for person in people.roster(lab)}
    assert found == {
        "alice": ("manager", "active"),
        "bob": ("member", "active"),
        "olivia": ("reader", "active"),
    }
    assert MemberRecord.objects.get(allocation=lab, username="alice").user == User.objects.get(
        username="alice"
    )


def test_where_policy_hides_assignments_it_says_so_and_shows_who_has_signed_in(
    lab: Allocation, world: World
) -> None:
    world.cloud.control("POST", "/policy", {"managers_assign": False})
    assert read().error_id == "sources:assignments-hidden"
    assert [person.username for person in people.roster(lab)] == ["alice"]


def test_a_member_who_may_not_ask_leaves_it_to_a_manager(lab: Allocation) -> None:
    connected("bob")
    CloudCredential.objects.filter(user__username="bob").update(last_used_at=timezone.now())
    assert read().error_id == ""


def test_without_anybody_connected_nothing_is_read(lab: Allocation) -> None:
    CloudCredential.objects.update(revoked_at=timezone.now())
    assert read().error_id == "allocations:nobody-connected"


def test_somebody_is_added_with_a_role_of_the_cloud(lab: Allocation, alice: User) -> None:
    assert capabilities(lab).can_add
    assert carried(lab, alice, "dave") == [("done", "")]
    assert roles_of("dave")["BIO220047"] == "member"
    projects = [project.name for project in identity.projects(password_of("dave"))]
    assert "BIO220047" in projects


def test_adding_twice_is_adding_once(lab: Allocation, alice: User) -> None:
    assert carried(lab, alice, "dave") == carried(lab, alice, "dave") == [("done", "")]


def test_somebody_is_removed_with_all_that_they_held(lab: Allocation, alice: User) -> None:
    read()
    assert carried(lab, alice, "bob", action="remove") == [("done", "")]
    assert "BIO220047" not in roles_of("bob")
    assert "BIO220047" not in [project.name for project in identity.projects(password_of("bob"))]


def test_a_manager_is_made_and_made_a_member_again(lab: Allocation, alice: User) -> None:
    assert carried(lab, alice, "bob", action="role", role="manager") == [("done", "")]
    assert roles_of("bob")["BIO220047"] == "manager"
    assert carried(lab, alice, "bob", action="role", role="member") == [("done", "")]
    assert roles_of("bob")["BIO220047"] == "member"


def test_nobody_of_that_name_is_told_as_such(lab: Allocation, alice: User) -> None:
    assert carried(lab, alice, "nobody", "dave") == [("refused", "sources:unknown-person"), ("done", "")]


def test_who_may_not_at_the_cloud_is_told_what_to_do(lab: Allocation, world: World) -> None:
    """A manager by the portal alone: the cloud sees a member, and refuses."""
    bob = connected("bob")
    Membership.objects.filter(user=bob, allocation=lab).update(role="manager", source="portal")
    [(state, problem)] = carried(lab, bob, "dave")
    assert (state, problem) == ("refused", "sources:roles-not-yours")
    words = requests.recent(lab)[0].words
    assert "does not let you change roles" in words


def test_without_a_credential_it_waits_for_its_person(lab: Allocation, alice: User) -> None:
    CloudCredential.objects.update(revoked_at=timezone.now())
    assert carried(lab, alice, "dave") == [("asked", "accounts:no-credential")]
    CloudCredential.objects.update(revoked_at=None)
    MembershipRequest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    carrying.carry(lab.pk)
    assert MembershipRequest.objects.get().state == "done"


def test_a_keystone_in_trouble_is_tried_again(lab: Allocation, alice: User, world: World) -> None:
    world.fault("status", service="identity", method="PUT", status=500, count=1)
    assert carried(lab, alice, "dave") == [("sent", "cloud:server-error")]
    MembershipRequest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    carrying.carry(lab.pk)
    assert MembershipRequest.objects.get().state == "done"


def test_where_nothing_is_configured_the_pi_is_told_whom_to_ask(
    lab: Allocation, alice: User, reconfigured: Callable[..., None]
) -> None:
    reconfigured(keystone=None, access=None, manage_text="Write to the operators.")
    can = capabilities(lab)
    assert (can.can_add, can.needs, can.url) == (
        False,
        "Write to the operators.",
        "https://allocations.access-ci.org/",
    )
    assert carried(lab, alice, "dave") == [("refused", "sources:cannot")]
    assert "Write to the operators." in requests.recent(lab)[0].words


def test_what_was_asked_before_the_operators_changed_their_mind_ends_in_words(
    lab: Allocation, alice: User, reconfigured: Callable[..., None]
) -> None:
    [row] = requests.ask(allocation=lab, by=alice, action="add", usernames=["dave"])
    reconfigured(keystone=None, access=None)
    carrying.carry(lab.pk)
    row.refresh_from_db()
    assert (row.state, row.problem_id) == ("refused", "sources:cannot")
