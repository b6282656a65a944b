"""The later life of credentials, against a Keystone in a process of its own."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts import connecting, credentials, renewing, services, tasks
from portal.accounts.models import CloudCredential, CloudLink, User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.cast import make_user
from tests.portal.accounts.conftest import Queue
from tests.world import World, at_cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def dave(world: World) -> User:
    user = make_user("dave", last_login=timezone.now())
    services.connect_with_password(
        user=user, cloud="demo", username="dave", password="demo", user_domain="Default", by=user
    )
    connecting.connect(CloudLink.objects.get().pk)
    return user


def one(user: User) -> CloudCredential:
    found = user.cloud_credentials.filter(revoked_at=None).order_by("pk").first()
    assert found is not None
    return found


def near_its_end(user: User) -> CloudCredential:
    CloudCredential.objects.filter(pk=one(user).pk).update(expires_at=timezone.now() + timedelta(days=5))
    return one(user)


def test_renewing_puts_a_new_one_in_its_place_with_a_whole_life(world: World, dave: User) -> None:
    old = near_its_end(dave)
    assert renewing.renew(old.pk)
    new = credentials.live(dave, "demo", old.project_id)
    assert new is not None
    assert new.pk != old.pk
    assert new.expires_at is not None
    assert new.expires_at > timezone.now() + timedelta(days=29)
    old.refresh_from_db()
    assert old.revoked_at is not None


def test_renewed_over_and_over_two_names_are_enough(world: World, dave: User) -> None:
    for _ in range(3):
        old = one(dave)
        assert renewing.renew(old.pk)
        renewing.revoke_at_cloud(old.pk)
    assert len(at_cloud("dave")) == dave.cloud_credentials.filter(revoked_at=None).count()


def test_due_are_those_near_their_end_whose_owner_was_here(world: World, dave: User) -> None:
    assert list(renewing.due()) == []
    old = near_its_end(dave)
    assert [found.pk for found in renewing.due()] == [old.pk]
    User.objects.update(last_login=timezone.now() - timedelta(days=40))
    assert list(renewing.due()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"made_here": False},
        {"refused_at": timezone.now()},
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(hours=1)},
    ],
)
def test_not_due_are_those_that_cannot_be_renewed(world: World, dave: User, change: dict[str, Any]) -> None:
    CloudCredential.objects.filter(pk=near_its_end(dave).pk).update(**change)
    assert list(renewing.due()) == []


def test_renew_due_hands_each_to_a_worker(world: World, dave: User, queue: Queue) -> None:
    old = near_its_end(dave)
    tasks.renew_due()
    assert queue.of("renew") == [old.pk]


def test_a_credential_that_the_cloud_refuses_cannot_renew_itself_and_is_marked(
    world: World, dave: User
) -> None:
    old = near_its_end(dave)
    world.cloud.control("POST", "/credentials/revoke", {"user": "dave"})
    world.cloud.control("POST", "/tokens/expire")
    assert not renewing.renew(old.pk)
    old.refresh_from_db()
    assert old.refused_at is not None
    with pytest.raises(PortalError) as caught:
        credentials.login_for(dave, "demo", old.project_id)
    assert (caught.value.id, caught.value.outcome) == ("accounts:credential-refused", "auth")


def test_a_cloud_that_is_down_costs_no_credential(world: World, dave: User) -> None:
    old = near_its_end(dave)
    world.fault("status", service="identity", status=503)
    assert not renewing.renew(old.pk)
    old.refresh_from_db()
    assert (old.refused_at, old.revoked_at) == (None, None)
    assert CloudLink.objects.get().lease_until is None


def test_while_the_person_is_being_connected_nobody_renews(world: World, dave: User) -> None:
    old = near_its_end(dave)
    CloudLink.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    assert not renewing.renew(old.pk)


def test_asked_after_a_401_a_good_credential_opens_the_door_after_all(world: World, dave: User) -> None:
    held = one(dave)
    world.cloud.control("POST", "/tokens/expire")
    assert credentials.renew(dave, "demo", held.project_id)
    assert one(dave).refused_at is None


def test_asked_after_a_401_a_revoked_one_does_not_and_the_person_is_told(world: World, dave: User) -> None:
    held = one(dave)
    world.cloud.control("POST", "/credentials/revoke", {"user": "dave"})
    assert not credentials.renew(dave, "demo", held.project_id)
    held.refresh_from_db()
    assert held.refused_at is not None
    assert AuditEvent.objects.filter(action="credential.refused").count() == 1
    assert not credentials.renew(dave, "demo", held.project_id)


def test_asked_while_the_cloud_is_down_nothing_is_concluded(world: World, dave: User) -> None:
    held = one(dave)
    world.fault("status", service="identity", status=503)
    with pytest.raises(PortalError):
        credentials.renew(dave, "demo", held.project_id)
    held.refresh_from_db()
    assert held.refused_at is None


def test_revoked_here_it_is_deleted_at_the_cloud_and_its_secret_erased(
    world: World, dave: User, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    held = one(dave)
    with django_capture_on_commit_callbacks(execute=True):
        credentials.revoke(credential=held, by=dave, reason="revoked by its owner")
    assert queue.of("revoke") == [held.pk]
    assert held.application_credential_id in {found.id for found in at_cloud("dave")}
    tasks.revoke(held.pk)
    assert held.application_credential_id not in {found.id for found in at_cloud("dave")}
    held.refresh_from_db()
    assert held.sealed_secret == ""
    with pytest.raises(PortalError, match="no-credential"):
        credentials.login_for(dave, "demo", held.project_id)


def test_the_last_of_all_deletes_itself(world: World, dave: User) -> None:
    services.disconnect(user=dave, cloud="demo", by=dave)
    for held in CloudCredential.objects.all():
        renewing.revoke_at_cloud(held.pk)
    assert at_cloud("dave") == []
    assert CloudLink.objects.get().state == "not_connected"


def test_a_revocation_waits_for_a_cloud_that_is_down_and_the_sweep_brings_it_back(
    world: World, dave: User, queue: Queue
) -> None:
    held = one(dave)
    credentials.revoke(credential=held, by=dave, reason="test")
    world.fault("status", service="identity", status=503)
    renewing.revoke_at_cloud(held.pk)
    held.refresh_from_db()
    assert held.sealed_secret
    CloudCredential.objects.filter(pk=held.pk).update(revoked_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep()
    assert queue.of("revoke") == [held.pk]
    world.mend()
    renewing.revoke_at_cloud(held.pk)
    held.refresh_from_db()
    assert held.sealed_secret == ""


def test_what_is_gone_already_counts_as_deleted(world: World, dave: User) -> None:
    held = one(dave)
    credentials.revoke(credential=held, by=dave, reason="test")
    world.cloud.control("POST", "/credentials/revoke", {"user": "dave", "id": held.application_credential_id})
    renewing.revoke_at_cloud(held.pk)
    assert AuditEvent.objects.get(action="credential.erase").detail["outcome"] == "was gone"


def test_the_owners_own_credential_is_forgotten_and_not_deleted(world: World, dave: User) -> None:
    held = one(dave)
    CloudCredential.objects.filter(pk=held.pk).update(made_here=False)
    credentials.revoke(credential=held, by=dave, reason="test")
    renewing.revoke_at_cloud(held.pk)
    held.refresh_from_db()
    assert held.sealed_secret == ""
    assert held.application_credential_id in {found.id for found in at_cloud("dave")}


def test_a_credential_in_use_is_not_touched_by_the_worker_that_revokes(world: World, dave: User) -> None:
    held = one(dave)
    renewing.revoke_at_cloud(held.pk)
    held.refresh_from_db()
    assert held.sealed_secret
    assert held.application_credential_id in {found.id for found in at_cloud("dave")}


def test_revoking_twice_is_one_revocation(world: World, dave: User) -> None:
    held = one(dave)
    for _ in range(2):
        credentials.revoke(credential=held, by=dave, reason="test")
    assert AuditEvent.objects.filter(action="credential.revoke").count() == 1
