"""A login becomes credentials, against a Keystone in a process of its own."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation, Membership
from portal.accounts import connecting, credentials, hooks, making, services, tasks
from portal.accounts.models import CloudCredential, CloudLink, User
from portal.cloud import identity
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.core.seal import unseal
from tests.cast import make_user
from tests.portal.accounts.conftest import Queue
from tests.world import World, at_cloud, password_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(world: World) -> User:
    return make_user("alice", claimed_groups=["ACCESS:BIO220047:pi", "ACCESS:NEW999999:pi"])


def begin(user: User, name: str | None = None) -> CloudLink:
    services.connect_with_password(
        user=user,
        cloud="demo",
        username=name or user.username,
        password="demo",
        user_domain="Default",
        by=user,
    )
    return CloudLink.objects.get(user=user)


def connect(user: User, name: str | None = None) -> CloudLink:
    link = begin(user, name)
    connecting.connect(link.pk)
    link.refresh_from_db()
    return link


class Killed(BaseException):
    """What kill -9 is to a worker: no handler runs on its way out."""


def test_each_project_gets_a_credential_that_works_and_ends(world: World, alice: User) -> None:
    link = connect(alice)
    assert (link.state, link.error_id, link.sealed_login) == ("connected", "", "")
    assert link.login_expires_at is None
    assert link.cloud_user_name == "alice"
    held = CloudCredential.objects.filter(user=alice)
    assert {credential.project_name for credential in held} == {"BIO220047", "CIS220046"}
    for credential in held:
        assert credential.expires_at is not None
        assert abs(credential.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=5)
        login = credentials.login_for(alice, "demo", credential.project_id)
        assert identity.validate(login).project_id == credential.project_id


def test_the_secret_is_sealed_and_is_in_no_record_of_what_happened(world: World, alice: User) -> None:
    connect(alice)
    credential = CloudCredential.objects.first()
    assert credential is not None
    secret = unseal(credential.sealed_secret)
    assert secret not in credential.sealed_secret
    assert not any(
        secret in str(event.detail) or event.detail.get("password") == "demo"
        for event in AuditEvent.objects.all()
    )


def test_memberships_follow_the_projects_and_take_their_roles_from_the_claims(
    world: World, alice: User
) -> None:
    connect(alice)
    seats = Membership.objects.filter(user=alice, ended_at=None).select_related("allocation")
    roles = {(seat.allocation.project_name, seat.allocation.region): seat.role for seat in seats}
    assert roles[("BIO220047", "IU")] == "pi"
    assert roles[("CIS220046", "IU")] == "manager"
    assert Allocation.objects.get(slug="bio220047-iu").pi_name == "Alice"


def test_the_oidc_token_of_a_sign_in_is_exchanged(
    world: World, client: Client, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        world.sign_in(client, "bob")
    for pk in queue.of("connect"):
        tasks.connect(pk)
    link = CloudLink.objects.get()
    assert (link.state, link.error_id) == ("connected", "")
    bob = User.objects.get()
    assert {seat.allocation.project_name for seat in bob.memberships.all()} >= {"BIO220047"}


def test_somebody_without_a_project_is_connected_and_a_member_of_nothing(
    world: World, client: Client
) -> None:
    world.sign_in(client, "newbie")
    newbie = User.objects.get()
    link = newbie.cloud_links.get()
    connecting.connect(link.pk)
    link.refresh_from_db()
    assert (link.state, link.error_id) == ("connected", "")
    assert not newbie.memberships.exists()
    assert not newbie.cloud_credentials.exists()


def test_connecting_again_keeps_good_credentials_and_leaves_no_second_one(world: World, alice: User) -> None:
    connect(alice)
    before = set(CloudCredential.objects.values_list("application_credential_id", flat=True))
    connect(alice)
    assert set(CloudCredential.objects.values_list("application_credential_id", flat=True)) == before
    assert {found.id for found in at_cloud("alice")} == before


def test_connecting_when_there_is_nothing_to_do_calls_nobody(world: World, alice: User) -> None:
    link = connect(alice)
    world.cloud.control("DELETE", "/calls")
    connecting.connect(link.pk)
    assert {call for call in world.calls() if not call.startswith("_control")} == set()


def test_an_old_credential_is_replaced_and_then_deleted_at_the_cloud(
    world: World, alice: User, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    connect(alice)
    CloudCredential.objects.update(expires_at=timezone.now() + timedelta(days=15))
    with django_capture_on_commit_callbacks(execute=True):
        connect(alice)
    assert CloudCredential.objects.filter(revoked_at=None).count() == 2
    assert len(queue.of("revoke")) == 2
    for pk in queue.of("revoke"):
        tasks.revoke(pk)
    live = CloudCredential.objects.filter(revoked_at=None)
    assert {found.id for found in at_cloud("alice")} == {row.application_credential_id for row in live}
    assert set(CloudCredential.objects.exclude(revoked_at=None).values_list("sealed_secret", flat=True)) == {
        ""
    }


def test_a_credential_that_somebody_deleted_at_the_cloud_is_made_anew(world: World, alice: User) -> None:
    connect(alice)
    world.cloud.control("POST", "/credentials/revoke", {"user": "alice"})
    connect(alice)
    live = set(
        CloudCredential.objects.filter(revoked_at=None).values_list("application_credential_id", flat=True)
    )
    assert {found.id for found in at_cloud("alice")} == live
    assert len(live) == 2


def test_a_changed_role_makes_a_credential_with_it(world: World) -> None:
    bob = make_user("bob")
    connect(bob)
    role = {"user": "bob", "project": "BIO220047", "role": "manager"}
    world.cloud.control("POST", "/roles", role)
    connect(bob)
    live = CloudCredential.objects.get(user=bob, project_name="BIO220047", revoked_at=None)
    assert "manager" in live.roles


def test_losing_the_project_ends_membership_and_credential(world: World) -> None:
    bob = make_user("bob")
    connect(bob)
    for role in ("member", "reader", "manager"):
        lost = {"user": "bob", "project": "BIO220047", "role": role, "grant": False}
        world.cloud.control("POST", "/roles", lost)
    connect(bob)
    assert not bob.memberships.filter(ended_at=None, allocation__project_name="BIO220047").exists()
    assert not bob.cloud_credentials.filter(revoked_at=None, project_name="BIO220047").exists()
    assert bob.memberships.filter(ended_at=None, allocation__project_name="PHY220011").exists()


@pytest.mark.parametrize("deaths", [1, 3])
def test_killed_between_making_and_storing_there_is_never_more_than_one_stray(
    world: World, alice: User, monkeypatch: pytest.MonkeyPatch, deaths: int
) -> None:
    link = begin(alice)

    def die(**kwargs: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(making, "store", die)
        for _ in range(deaths):
            with pytest.raises(Killed):
                connecting.connect(link.pk)
            assert len(at_cloud("alice")) == 1
            assert not CloudCredential.objects.exists()
    connecting.connect(link.pk)
    stored = set(CloudCredential.objects.values_list("application_credential_id", flat=True))
    assert {found.id for found in at_cloud("alice")} == stored
    assert len(stored) == 2


def test_what_a_person_made_at_the_cloud_themselves_is_left_alone(world: World, alice: User) -> None:
    project = identity.projects(password_of("alice"))[0]
    own = identity.create_app_credential(
        password_of("alice"), project_id=project.id, name="my scripts", expires_at=None
    )
    connect(alice)
    services.disconnect(user=alice, cloud="demo", by=alice)
    for credential in CloudCredential.objects.all():
        tasks.revoke(credential.pk)
    assert [found.id for found in at_cloud("alice")] == [own.id]


def test_a_lost_answer_to_making_one_does_not_leave_two(world: World, alice: User) -> None:
    world.fault("lost-reply", service="identity", method="POST", path="application_credentials", count=1)
    link = connect(alice)
    assert link.state == "connecting"
    assert link.next_attempt_at is not None
    CloudLink.objects.update(next_attempt_at=timezone.now())
    connecting.connect(link.pk)
    stored = set(CloudCredential.objects.values_list("application_credential_id", flat=True))
    assert {found.id for found in at_cloud("alice")} == stored
    assert len(stored) == 2


def test_a_wrong_password_fails_at_once_with_the_reason_and_is_erased(world: World, alice: User) -> None:
    services.connect_with_password(
        user=alice, cloud="demo", username="alice", password="wrong", user_domain="Default", by=alice
    )
    link = CloudLink.objects.get()
    connecting.connect(link.pk)
    link.refresh_from_db()
    assert (link.state, link.error_id, link.sealed_login) == ("failed", "cloud:unauthorized", "")


def test_a_cloud_that_is_down_is_tried_again_until_the_login_is_too_old(world: World, alice: User) -> None:
    world.fault("status", service="identity", status=503)
    link = connect(alice)
    assert (link.state, link.attempts) == ("connecting", 1)
    assert link.error_id
    assert link.sealed_login
    world.mend()
    CloudLink.objects.update(next_attempt_at=timezone.now(), login_expires_at=timezone.now())
    connecting.connect(link.pk)
    link.refresh_from_db()
    assert (link.state, link.error_id, link.sealed_login) == ("failed", "accounts:login-too-old", "")


def test_it_is_not_tried_for_ever(world: World, alice: User) -> None:
    world.fault("status", service="identity", status=500)
    link = begin(alice)
    for _ in range(connecting.MOST_ATTEMPTS):
        CloudLink.objects.update(next_attempt_at=None)
        connecting.connect(link.pk)
    link.refresh_from_db()
    assert (link.state, link.sealed_login) == ("failed", "")


def test_two_workers_do_not_connect_the_same_person_at_once(world: World, alice: User) -> None:
    link = begin(alice)
    CloudLink.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    connecting.connect(link.pk)
    assert not CloudCredential.objects.exists()
    CloudLink.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    connecting.connect(link.pk)
    assert CloudCredential.objects.count() == 2


def test_a_login_given_while_another_is_tried_is_tried_next(
    world: World, alice: User, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = begin(alice)
    exchange = connecting._exchange

    def slow(waiting: CloudLink) -> connecting.Found | connecting.Stranger:
        found = exchange(waiting)
        begin(alice)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(connecting, "_exchange", slow)
        connecting.connect(link.pk)
    link.refresh_from_db()
    assert link.state == "connecting"
    assert link.sealed_login
    assert queue.of("connect")[-1] == link.pk
    connecting.connect(link.pk)
    link.refresh_from_db()
    assert link.state == "connected"


def test_one_project_without_the_right_to_make_credentials_does_not_hold_up_the_others(
    world: World, alice: User
) -> None:
    world.fault(
        "status", service="identity", method="POST", path="application_credentials", status=403, count=1
    )
    link = connect(alice)
    assert (link.state, link.error_id) == ("connected", "accounts:partly-connected")
    assert CloudCredential.objects.count() == 1
    assert alice.memberships.filter(ended_at=None, allocation__region="IU").count() == 2


def test_a_credential_that_a_person_brings_serves_for_its_one_project(world: World, alice: User) -> None:
    project = next(found for found in identity.projects(password_of("alice")) if found.name == "BIO220047")
    own = identity.create_app_credential(
        password_of("alice"), project_id=project.id, name="for the portal", expires_at=None
    )
    services.connect_with_application_credential(
        user=alice, cloud="demo", id=own.id, secret=own.secret, by=alice
    )
    connecting.connect(CloudLink.objects.get().pk)
    assert CloudLink.objects.get().state == "connected"
    held = CloudCredential.objects.get()
    assert (held.made_here, held.project_name, held.name) == (False, "BIO220047", "for the portal")
    names = set(alice.memberships.filter(ended_at=None).values_list("allocation__project_name", flat=True))
    assert names == {"BIO220047"}


def test_bringing_one_credential_ends_no_other_membership(world: World, alice: User) -> None:
    connect(alice)
    before = alice.memberships.filter(ended_at=None).count()
    project = next(found for found in identity.projects(password_of("alice")) if found.name == "BIO220047")
    own = identity.create_app_credential(
        password_of("alice"), project_id=project.id, name="for the portal", expires_at=None
    )
    services.connect_with_application_credential(
        user=alice, cloud="demo", id=own.id, secret=own.secret, by=alice
    )
    connecting.connect(CloudLink.objects.get().pk)
    assert alice.memberships.filter(ended_at=None).count() == before


def test_a_way_that_the_operator_does_not_offer_is_refused(
    world: World, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PortalError, match="method-not-offered"):
        services.connect_with_password(
            user=alice, cloud="elsewhere", username="a", password="b", user_domain="c", by=alice
        )
    assert not CloudLink.objects.exists()


def test_layers_above_hear_of_it_once_the_credentials_are_stored(
    world: World, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, str, int]] = []

    def resume(user: User, cloud: str) -> None:
        heard.append((user.username, cloud, CloudCredential.objects.count()))

    monkeypatch.setattr(hooks, "_on_usable", [resume])
    connect(alice)
    assert heard == [("alice", "demo", 2)]


def test_the_sweep_finds_lost_messages_and_nothing_that_is_being_done(
    world: World, alice: User, queue: Queue
) -> None:
    link = begin(alice)
    tasks.sweep()
    assert queue.of("connect") == []
    CloudLink.objects.filter(pk=link.pk).update(changed_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep()
    assert queue.of("connect") == [link.pk]
    CloudLink.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    tasks.sweep()
    assert queue.of("connect") == [link.pk]
