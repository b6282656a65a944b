"""The profile: mine, and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from portal.accounts import pages, services
from portal.accounts.models import CloudCredential, CloudLink, User
from portal.core.models import AuditEvent
from portal.core.seal import unseal
from tests.cast import make_user
from tests.portal.accounts.conftest import Queue

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
PAGES = [
    "/profile/",
    "/profile/tokens/",
    "/profile/clouds/",
    "/profile/clouds/demo/connect/password/",
    "/profile/clouds/demo/connect/application_credential/",
]


@pytest.fixture
def browser(client: Client, member: User) -> Client:
    client.force_login(member, backend=BACKEND)
    return client


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_there_for_whoever_is_signed_in(browser: Client, path: str) -> None:
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_whoever_is_not_is_asked_to_sign_in_and_comes_back(client: Client, db: None, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


def test_what_came_from_a_provider_is_shown_as_text(client: Client, db: None) -> None:
    user = make_user("eve", display_name="<script>alert(1)</script>")
    client.force_login(user, backend=BACKEND)
    page = client.get("/profile/").content
    assert b"<script>alert" not in page
    assert b"&lt;script&gt;alert" in page


def test_clouds_show_credentials_with_their_end_and_never_a_secret(
    browser: Client, member: User, allocation: Allocation
) -> None:
    page = browser.get("/profile/clouds/").content.decode()
    assert allocation.project_name in page
    assert "Revoke" in page
    credential = CloudCredential.objects.get(user=member)
    assert credential.sealed_secret not in page
    assert unseal(credential.sealed_secret) not in page


@pytest.mark.parametrize("number", [1, 30])
def test_the_page_of_clouds_takes_two_queries_of_its_own(
    member: User, allocation: Allocation, number: int, django_assert_num_queries: Any
) -> None:
    template = CloudCredential.objects.get(user=member)
    for index in range(number):
        template.pk, template.project_id = None, f"p{index}"
        template.save()
    with django_assert_num_queries(2):
        (found,) = pages.connections(member)
    assert len(found.credentials) == number + 1


def test_a_connection_whose_credentials_all_ended_has_ended(member: User, allocation: Allocation) -> None:
    CloudLink.objects.create(user=member, cloud="demo", state="connected")
    assert pages.connections(member)[0].state == "connected"
    CloudCredential.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert pages.connections(member)[0].state == "ended"


def test_a_sign_in_that_failed_does_not_hide_what_still_works(
    browser: Client, member: User, allocation: Allocation
) -> None:
    CloudLink.objects.create(user=member, cloud="demo", state="failed", error_id="accounts:login-too-old")
    assert pages.connections(member)[0].state == "connected"
    page = browser.get("/profile/clouds/").content.decode()
    assert "Nothing new was connected" in page
    assert "Not connected" not in page
    CloudCredential.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert pages.connections(member)[0].state == "failed"


def test_without_a_link_a_cloud_is_not_connected(newcomer: User) -> None:
    assert pages.connections(newcomer)[0].state == "not_connected"


def test_a_password_goes_sealed_to_a_worker_and_is_shown_nowhere(
    browser: Client, member: User, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    form = {"username": "bob", "password": "hunter2 ", "user_domain": "Default"}
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post("/profile/clouds/demo/connect/password/", form)
    assert (response.status_code, response["Location"]) == (302, "/profile/clouds/")
    link = CloudLink.objects.get(user=member)
    assert (link.state, queue) == ("connecting", [("connect", link.pk)])
    assert '"password": "hunter2 "' in unseal(link.sealed_login)
    assert b"hunter2" not in browser.get("/profile/clouds/").content
    assert not any("hunter2" in str(event.detail) for event in AuditEvent.objects.all())


def test_a_form_with_something_missing_sends_no_secret_back(browser: Client) -> None:
    response = browser.post("/profile/clouds/demo/connect/password/", {"password": "hunter2"})
    assert response.status_code == 422
    assert b"hunter2" not in response.content
    assert not CloudLink.objects.exists()


def test_a_pasted_file_connects_the_cloud_that_it_is_for(browser: Client, member: User) -> None:
    from portal.cloud.config import clouds

    pasted = f"""export OS_AUTH_URL={clouds().cloud("demo").auth_url}
export OS_APPLICATION_CREDENTIAL_ID=abc
export OS_APPLICATION_CREDENTIAL_SECRET=s3cret
"""
    response = browser.post("/profile/clouds/demo/connect/application_credential/", {"pasted": pasted})
    assert response.status_code == 302
    assert '"secret": "s3cret"' in unseal(CloudLink.objects.get().sealed_login)


@pytest.mark.parametrize("form", [{}, {"id": "abc"}, {"secret": "x"}, {"pasted": "clouds: {}"}])
def test_half_a_credential_is_refused_in_words(browser: Client, form: dict[str, str]) -> None:
    response = browser.post("/profile/clouds/demo/connect/application_credential/", form)
    assert response.status_code == 422
    assert response.context["form"].non_field_errors()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/profile/clouds/nowhere/connect/password/", 404),
        ("/profile/clouds/demo/connect/oidc_token/", 403),
        ("/profile/clouds/demo/connect/magic/", 403),
        ("/profile/clouds/nowhere/disconnect/", 404),
    ],
)
def test_what_is_not_offered_is_refused(browser: Client, path: str, status: int) -> None:
    assert browser.post(path, {}).status_code == status


def test_disconnecting_revokes_everything_at_that_cloud(
    browser: Client, member: User, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post("/profile/clouds/demo/disconnect/").status_code == 302
    held = CloudCredential.objects.get(user=member)
    assert held.revoked_at is not None
    assert queue == [("revoke", held.pk)]


def test_i_revoke_and_renew_mine(
    browser: Client, member: User, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    held = CloudCredential.objects.get(user=member)
    assert browser.post(f"/profile/credentials/{held.pk}/renew/").status_code == 302
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post(f"/profile/credentials/{held.pk}/revoke/").status_code == 302
    assert queue == [("renew", held.pk), ("revoke", held.pk)]
    assert browser.post(f"/profile/credentials/{held.pk}/renew/").status_code == 404


@pytest.mark.parametrize("act", ["renew", "revoke"])
def test_a_credential_of_somebody_else_does_not_exist_for_me(
    browser: Client, pi: User, queue: Queue, act: str
) -> None:
    held = CloudCredential.objects.get(user=pi)
    assert browser.post(f"/profile/credentials/{held.pk}/{act}/").status_code == 404
    held.refresh_from_db()
    assert (held.revoked_at, queue) == (None, [])


@pytest.mark.parametrize(
    "path", ["/profile/end-sessions/", "/profile/clouds/demo/disconnect/", "/profile/credentials/1/revoke/"]
)
def test_a_link_alone_changes_nothing(browser: Client, path: str) -> None:
    assert browser.get(path).status_code == 405


def test_changes_need_the_token_of_the_form(member: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member, backend=BACKEND)
    assert strict.post("/profile/end-sessions/").status_code == 403
    assert strict.post("/profile/clouds/demo/disconnect/").status_code == 403
    assert CloudCredential.objects.get(user=member).revoked_at is None


def test_ending_all_my_sessions_ends_the_others_too_and_nobody_elses(
    browser: Client,
    member: User,
    pi: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    sent: list[tuple[list[str], Any]] = []
    monkeypatch.setattr("portal.core.events.send", lambda groups, event: sent.append((list(groups), event)))
    elsewhere, of_pi = Client(), Client()
    elsewhere.force_login(member, backend=BACKEND)
    of_pi.force_login(pi, backend=BACKEND)
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/profile/end-sessions/")
    assert browser.get("/profile/").status_code == 302
    assert elsewhere.get("/profile/").status_code == 302
    assert of_pi.get("/profile/").status_code == 200
    assert [(groups, event.session) for groups, event in sent] == [([f"user.{member.pk}"], "")]


def test_signing_out_ends_the_sockets_of_that_session_only(
    browser: Client, member: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("portal.core.events.send", lambda groups, event: sent.append(event))
    key = browser.session.session_key
    assert key is not None
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/accounts/logout/")
    (event,) = sent
    assert event.session
    assert key not in event.session


def test_an_operator_may_switch_an_account_off_and_it_is_recorded(
    client: Client, operator: User, member: User
) -> None:
    client.force_login(operator, backend=BACKEND)
    User.objects.filter(pk=operator.pk).update(is_staff=True)
    page = f"/admin/accounts/user/{member.pk}/change/"
    assert client.get(page).status_code == 200
    assert client.post(page, {}).status_code == 302
    member.refresh_from_db()
    assert not member.is_active
    assert AuditEvent.objects.get(action="account.disable").target_id == str(member.pk)


@pytest.mark.parametrize("model", ["cloudcredential", "cloudlink", "apitoken", "user"])
def test_operators_look_at_what_is_stored_and_never_at_a_secret(
    client: Client, operator: User, member: User, model: str
) -> None:
    User.objects.filter(pk=operator.pk).update(is_staff=True)
    client.force_login(operator, backend=BACKEND)
    services.connect_with_password(
        user=member, cloud="demo", username="bob", password="x", user_domain="Default", by=member
    )
    assert client.get(f"/admin/accounts/{model}/").status_code == 200
    if model in {"cloudcredential", "cloudlink"}:
        row = CloudCredential.objects.get() if model == "cloudcredential" else CloudLink.objects.get()
        page = client.get(f"/admin/accounts/{model}/{row.pk}/change/").content
        assert b"gAAAA" not in page


def test_staff_who_are_no_operators_see_nothing_there(client: Client, member: User) -> None:
    User.objects.filter(pk=member.pk).update(is_staff=True)
    client.force_login(member, backend=BACKEND)
    assert client.get("/admin/accounts/user/").status_code == 403
