"""The cloud names somebody else than we expect: the person is asked, and nothing is made before they answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts import connecting, credentials, pages, services, tasks
from portal.accounts.models import CloudCredential, CloudLink, User
from portal.cloud import identity
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.cast import make_user
from tests.portal.accounts.conftest import Queue
from tests.world import World, at_cloud, password_of

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def alice(world: World) -> User:
    return make_user("alice")


def connect_by_page(user: User, name: str) -> CloudLink:
    """What the cloud's own sign-in page leads to, when `name` is signed in there."""
    token = identity.whoami(password_of(name)).value
    services.connect_with_websso(user=user, cloud="demo", token=token, by=user)
    return work(user)


def connect_by_password(user: User, name: str) -> CloudLink:
    services.connect_with_password(
        user=user, cloud="demo", username=name, password="demo", user_domain="Default", by=user
    )
    return work(user)


def work(user: User) -> CloudLink:
    link = CloudLink.objects.get(user=user)
    connecting.connect(link.pk)
    link.refresh_from_db()
    return link


def acting(user: User) -> list[str]:
    (found,) = [one for one in pages.connections(user) if one.cloud.name == "demo"]
    return found.acts_as


def test_the_token_of_the_page_makes_a_credential_in_each_project(world: World, alice: User) -> None:
    link = connect_by_page(alice, "alice")
    assert (link.state, link.sealed_login, link.cloud_user_name) == ("connected", "", "alice")
    held = CloudCredential.objects.filter(user=alice)
    assert {row.project_name for row in held} == {"BIO220047", "CIS220046"}
    assert {row.cloud_user_name for row in held} == {"alice"}
    assert acting(alice) == ["alice"]
    login = credentials.login_for(alice, "demo", held[0].project_id)
    assert identity.validate(login).user_name == "alice"


def test_somebody_elses_session_at_the_cloud_connects_nothing_unasked(world: World, alice: User) -> None:
    link = connect_by_page(alice, "bob")
    assert (link.state, link.asked_user_name, link.cloud_user_name) == ("asking", "bob", "")
    assert link.sealed_login
    assert not CloudCredential.objects.exists()
    assert not alice.memberships.exists()
    assert at_cloud("bob") == []


def test_yes_connects_as_the_one_who_was_named(world: World, alice: User, queue: Queue) -> None:
    link = connect_by_page(alice, "bob")
    services.agree(user=alice, cloud="demo", named=link.asked_user_id, by=alice)
    link = work(alice)
    assert (link.state, link.cloud_user_name, link.sealed_login) == ("connected", "bob", "")
    assert acting(alice) == ["bob"]
    (found,) = pages.connections(alice)
    assert found.acts_as_another
    assert AuditEvent.objects.filter(action="cloud.agree", detail__cloud_user="bob").exists()


def test_no_forgets_the_sign_in_and_leaves_what_was_connected(world: World, alice: User) -> None:
    connect_by_page(alice, "alice")
    before = set(CloudCredential.objects.values_list("pk", "revoked_at"))
    connect_by_page(alice, "bob")
    services.decline(user=alice, cloud="demo", by=alice)
    link = CloudLink.objects.get()
    assert (link.state, link.sealed_login, link.error_id) == ("connected", "", "accounts:other-person")
    assert link.cloud_user_name == "alice"
    assert set(CloudCredential.objects.values_list("pk", "revoked_at")) == before


def test_who_was_never_connected_is_not_after_a_no(world: World, alice: User) -> None:
    connect_by_page(alice, "bob")
    services.decline(user=alice, cloud="demo", by=alice)
    assert CloudLink.objects.get().state == "not_connected"


def test_no_answer_is_a_no_when_the_login_is_too_old(world: World, alice: User) -> None:
    connect_by_page(alice, "bob")
    tasks.sweep()
    assert CloudLink.objects.get().state == "asking"
    CloudLink.objects.update(login_expires_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    link = CloudLink.objects.get()
    assert (link.state, link.sealed_login, link.error_id) == ("not_connected", "", "accounts:other-person")


def test_yes_to_somebody_whom_the_page_did_not_name_is_refused(world: World, alice: User) -> None:
    """The page was open while another sign-in came back: the answer is about the first."""
    first = connect_by_page(alice, "bob").asked_user_id
    connect_by_page(alice, "carol")
    with pytest.raises(PortalError, match="question-over"):
        services.agree(user=alice, cloud="demo", named=first, by=alice)
    assert CloudLink.objects.get().state == "asking"


def test_the_same_answer_twice_is_refused_the_second_time(world: World, alice: User) -> None:
    named = connect_by_page(alice, "bob").asked_user_id
    services.agree(user=alice, cloud="demo", named=named, by=alice)
    with pytest.raises(PortalError, match="question-over"):
        services.agree(user=alice, cloud="demo", named=named, by=alice)


def test_an_agreement_is_for_that_sign_in_only(world: World, alice: User) -> None:
    link = connect_by_page(alice, "bob")
    services.agree(user=alice, cloud="demo", named=link.asked_user_id, by=alice)
    work(alice)
    assert connect_by_page(alice, "bob").state == "connected"
    assert connect_by_page(alice, "alice").state == "asking"


def test_a_sign_in_does_not_silently_replace_the_account_a_person_chose(world: World, client: Client) -> None:
    world.sign_in(client, "alice")
    alice = User.objects.get()
    connect_by_password(alice, "bob")
    assert acting(alice) == ["bob"]
    Client()
    world.sign_in(client, "alice")
    link = work(alice)
    assert (link.state, link.asked_user_name) == ("asking", "alice")
    assert acting(alice) == ["bob"]


def test_a_name_and_password_that_the_person_typed_need_no_question(world: World, alice: User) -> None:
    connect_by_page(alice, "alice")
    link = connect_by_password(alice, "bob")
    assert (link.state, link.cloud_user_name) == ("connected", "bob")


def test_changing_the_account_revokes_the_credentials_of_the_other(
    world: World, alice: User, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    connect_by_page(alice, "alice")
    with django_capture_on_commit_callbacks(execute=True):
        connect_by_password(alice, "bob")
    for pk in queue.of("revoke"):
        tasks.revoke(pk)
    assert at_cloud("alice") == []
    live = CloudCredential.objects.filter(user=alice, revoked_at=None)
    assert {row.cloud_user_name for row in live} == {"bob"}
    assert not CloudCredential.objects.exclude(revoked_at=None).exclude(sealed_secret="").exists()


def test_two_people_who_act_as_one_account_do_not_take_each_others_credentials(
    world: World, alice: User
) -> None:
    other = make_user("zoe")
    connect_by_password(alice, "bob")
    connect_by_password(other, "bob")
    connect_by_password(alice, "bob")
    live = set(
        CloudCredential.objects.filter(revoked_at=None).values_list("application_credential_id", flat=True)
    )
    assert {found.id for found in at_cloud("bob")} == live
    assert CloudCredential.objects.filter(user=other, revoked_at=None).exists()


def test_a_credential_of_another_account_shows_as_whom_it_acts(world: World, alice: User) -> None:
    connect_by_page(alice, "alice")
    project = identity.projects(password_of("bob"))[0]
    own = identity.create_app_credential(
        password_of("bob"), project_id=project.id, name="bobs", expires_at=None
    )
    services.connect_with_application_credential(
        user=alice, cloud="demo", id=own.id, secret=own.secret, by=alice
    )
    work(alice)
    assert sorted(acting(alice)) == ["alice", "bob"]


def answer(browser: Client, **form: str) -> int:
    return browser.post("/profile/clouds/demo/answer/", form).status_code


def test_the_question_is_on_the_page_and_answered_there(
    world: World, alice: User, client: Client, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    link = connect_by_page(alice, "bob")
    client.force_login(alice, backend=BACKEND)
    page = client.get("/profile/clouds/").content.decode()
    assert "says that you are" in page
    assert link.sealed_login not in page
    assert b"bob" in client.get("/home/parts/").content
    queue.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert answer(client, answer="yes", named=link.asked_user_id) == 302
    assert queue == [("connect", link.pk)]
    assert answer(client, answer="yes", named=link.asked_user_id) == 409


def test_anything_but_yes_is_a_no(world: World, alice: User, client: Client) -> None:
    connect_by_page(alice, "bob")
    client.force_login(alice, backend=BACKEND)
    assert answer(client, answer="maybe") == 302
    assert CloudLink.objects.get().state == "not_connected"


def test_nobody_answers_for_somebody_else(world: World, alice: User, client: Client) -> None:
    link = connect_by_page(alice, "bob")
    client.force_login(make_user("mallory"), backend=BACKEND)
    assert answer(client, answer="yes", named=link.asked_user_id) == 409
    assert answer(client, answer="no") == 302
    assert CloudLink.objects.get(user=alice).state == "asking"
    assert client.get("/profile/clouds/demo/answer/").status_code == 405
