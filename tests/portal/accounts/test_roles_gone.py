"""Roles that come through a group, and roles that go and come back: what becomes of the credentials."""

from typing import Any

import pytest
from django.test import Client

from portal.accounts import connecting, credentials, services, tasks
from portal.accounts.models import CloudCredential, CloudLink, User
from portal.core.errors import PortalError
from tests.cast import make_user
from tests.portal.accounts.conftest import Queue
from tests.world import World, at_cloud

pytestmark = pytest.mark.django_db
BY_GROUP = "Invalid application credential: Could not find role assignment with role: 9fe2, user or group: 1b, project: 2c."


def connect(user: User) -> CloudLink:
    services.connect_with_password(
        user=user, cloud="demo", username=user.username, password="demo", user_domain="Default", by=user
    )
    link = CloudLink.objects.get(user=user)
    connecting.connect(link.pk)
    link.refresh_from_db()
    return link


def change_role(world: World, user: str, project: str, *, grant: bool) -> None:
    for role in ("member", "reader", "manager"):
        asked = {"user": user, "project": project, "role": role, "grant": grant}
        world.cloud.control("POST", "/roles", asked)


def by_group(world: World, count: int = 1) -> None:
    world.fault(
        "status",
        service="identity",
        method="POST",
        path="application_credentials",
        status=400,
        message=BY_GROUP,
        count=count,
    )


def test_a_role_that_comes_through_a_group_is_told_apart_and_names_the_setting(
    world: World, client: Client
) -> None:
    alice = make_user("alice")
    by_group(world, count=2)
    link = connect(alice)
    assert (link.state, link.error_id) == ("connected", "accounts:only-by-group")
    assert "Could not find role assignment" in link.error_detail
    assert not CloudCredential.objects.exists()
    assert alice.memberships.filter(ended_at=None).exists()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/profile/clouds/").content.decode()
    assert "authorization_ttl" in page
    assert "BIO220047" in page


def test_one_project_by_a_group_beside_one_that_works_is_named_alone(world: World) -> None:
    by_group(world)
    link = connect(make_user("alice"))
    assert link.error_id == "accounts:only-by-group"
    assert len(link.error_params["projects"].split(", ")) == 1
    assert CloudCredential.objects.count() == 1


def test_a_role_that_is_gone_ends_the_credential_and_one_that_is_back_works_with_a_new_one(
    world: World, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    """Keystone answers 401, keeps the credential listed, and would take it again when the role is back."""
    bob = make_user("bob")
    connect(bob)
    held = CloudCredential.objects.get(user=bob, project_name="BIO220047")
    change_role(world, "bob", "BIO220047", grant=False)
    assert not credentials.renew(bob, "demo", held.project_id)
    with pytest.raises(PortalError, match="credential-refused"):
        credentials.login_for(bob, "demo", held.project_id)
    with django_capture_on_commit_callbacks(execute=True):
        connect(bob)
    for pk in queue.of("revoke"):
        tasks.revoke(pk)
    assert held.application_credential_id not in {found.id for found in at_cloud("bob")}
    change_role(world, "bob", "BIO220047", grant=True)
    connect(bob)
    new = CloudCredential.objects.get(user=bob, project_name="BIO220047", revoked_at=None)
    assert new.usable()
    assert credentials.renew(bob, "demo", new.project_id)


def test_what_no_login_could_delete_is_deleted_at_the_next_sign_in(
    world: World, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    """The only project is lost: the credential does not even open its own door, and stays at the cloud."""
    carol = make_user("carol")
    connect(carol)
    assert len(at_cloud("carol")) == 1
    change_role(world, "carol", "TRA220028", grant=False)
    with django_capture_on_commit_callbacks(execute=True):
        services.disconnect(user=carol, cloud="demo", by=carol)
    for pk in queue.of("revoke"):
        tasks.revoke(pk)
    assert len(at_cloud("carol")) == 1
    assert not CloudCredential.objects.exclude(sealed_secret="").exists()
    connect(carol)
    assert at_cloud("carol") == []
