"""Signing in, against a real OpenID provider in a process of its own."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.test import Client

from portal.accounts.models import CloudLink, User
from portal.cloud.config import clouds
from portal.core.models import AuditEvent
from tests.cast import make_user
from tests.portal.accounts.conftest import Queue
from tests.world import HOST, World

pytestmark = pytest.mark.django_db


def question(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_the_button_leads_to_the_provider_with_pkce_and_the_hint(world: World, client: Client) -> None:
    asked = question(world.leave(client))
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["response_type"] == "code"
    assert asked["idphint"] == "https://access-ci.org/idp"
    assert set(asked["scope"].split()) >= {"openid", "org.cilogon.userinfo"}
    assert asked["redirect_uri"] == f"http://{HOST}/accounts/oidc/cilogon/login/callback/"


def test_a_link_alone_does_not_begin_a_sign_in(world: World, client: Client) -> None:
    response = client.get("/accounts/oidc/cilogon/login/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")


def test_signing_in_makes_a_person_of_issuer_and_subject(world: World, client: Client) -> None:
    response = world.sign_in(client, "alice", next_url="/profile/")
    assert (response.status_code, response["Location"]) == (302, "/profile/")
    user = User.objects.get()
    assert (user.issuer, user.subject) == (world.provider.facts["issuer"], world.sub("alice"))
    assert (user.access_id, user.username, str(user)) == ("alice@access-ci.org", "alice", "Alice Moreau")
    assert "ACCESS:BIO220047:pi" in user.claimed_groups
    assert not user.has_usable_password()
    assert not user.is_operator
    assert client.get("/profile/").status_code == 200
    assert AuditEvent.objects.get(action="account.create").actor_id == str(user.pk)


def test_the_next_time_it_is_the_same_person_with_todays_names(world: World, client: Client) -> None:
    world.sign_in(client, "alice")
    try:
        world.provider.control("PATCH", "/people/alice", {"name": "Alice Dupont", "email": "a@new.example"})
        world.sign_in(Client(), "alice")
    finally:
        world.provider.control(
            "PATCH", "/people/alice", {"name": "Alice Moreau", "email": "alice@example.edu"}
        )
    user = User.objects.get()
    assert (str(user), user.email) == ("Alice Dupont", "a@new.example")
    assert AuditEvent.objects.filter(action="account.sign-in").count() == 1


def test_the_same_subject_of_another_issuer_is_another_person(world: World, client: Client) -> None:
    other = make_user("alice", issuer="https://elsewhere.example", subject=world.sub("alice"))
    world.sign_in(client, "alice")
    mine = User.objects.exclude(pk=other.pk).get()
    assert mine.username == "alice-2"
    assert client.session["_auth_user_id"] == str(mine.pk)


def test_the_same_email_is_no_reason_to_be_the_same_person(world: World, client: Client) -> None:
    make_user("albert", email="alice@example.edu")
    world.sign_in(client, "alice")
    assert User.objects.count() == 2


def test_two_people_in_one_browser_are_two_people(world: World, client: Client) -> None:
    world.sign_in(client, "alice")
    world.sign_in(client, "bob")
    assert client.session["_auth_user_id"] == str(User.objects.get(username="bob").pk)


def test_an_operator_is_known_by_their_group(world: World, client: Client) -> None:
    world.sign_in(client, "olivia")
    user = User.objects.get()
    assert (user.is_operator, user.is_staff, user.is_superuser) == (True, True, False)


def test_an_operator_no_longer_is_one_when_the_group_is_gone(world: World, client: Client) -> None:
    world.sign_in(client, "olivia")
    groups = User.objects.get().claimed_groups
    try:
        world.provider.control("PATCH", "/people/olivia", {"is_member_of": []})
        world.sign_in(Client(), "olivia")
    finally:
        world.provider.control("PATCH", "/people/olivia", {"is_member_of": groups})
    assert (User.objects.get().is_operator, User.objects.get().is_staff) == (False, False)


def refused(response: Any) -> str:
    assert "_auth_user_id" not in response.client.session
    assert not User.objects.exists()
    return str(response.context["error_id"])


def test_a_provider_that_is_not_allowed_is_refused_on_a_page_that_says_so(
    world: World, client: Client
) -> None:
    response = world.sign_in(client, "mallory")
    assert refused(response) == "accounts:wrong-idp"
    assert response.status_code == 403
    assert b"Sign in again" in response.content


def test_without_an_access_id_the_page_says_how_to_get_one(world: World, client: Client) -> None:
    try:
        world.provider.control("PATCH", "/people/newbie", {"eppn": None})
        response = world.sign_in(client, "newbie")
    finally:
        world.provider.control("PATCH", "/people/newbie", {"eppn": "newbie@access-ci.org"})
    assert refused(response) == "accounts:no-access-id"
    assert b"https://operations.access-ci.org/identity/new-user" in response.content


def test_who_cancels_at_the_provider_comes_back_to_a_page_that_is_no_error(
    world: World, client: Client
) -> None:
    state = question(world.leave(client))["state"]
    response = client.get(
        f"/accounts/oidc/cilogon/login/callback/?error=access_denied&state={state}", HTTP_HOST=HOST
    )
    assert refused(response) == "accounts:cancelled"
    assert response.status_code == 200


def test_an_error_of_the_provider_is_told_as_one(world: World, client: Client) -> None:
    state = question(world.leave(client))["state"]
    response = client.get(
        f"/accounts/oidc/cilogon/login/callback/?error=server_error&state={state}", HTTP_HOST=HOST
    )
    assert refused(response) == "accounts:provider-refused"


def test_a_code_of_another_browser_signs_nobody_in(world: World, client: Client) -> None:
    back = world.choose(world.leave(client), "alice")
    assert refused(Client().get(back, HTTP_HOST=HOST)) == "accounts:sign-in-expired"


def test_coming_back_a_second_time_is_told_kindly(world: World, client: Client) -> None:
    back = world.choose(world.leave(client), "alice")
    client.get(back, HTTP_HOST=HOST)
    response = client.get(back, HTTP_HOST=HOST)
    assert response.context["error_id"] == "accounts:sign-in-expired"


def test_a_code_that_the_provider_does_not_know_is_refused(world: World, client: Client) -> None:
    state = question(world.leave(client))["state"]
    response = client.get(f"/accounts/oidc/cilogon/login/callback/?code=guess&state={state}", HTTP_HOST=HOST)
    assert refused(response) == "accounts:provider-refused"


@pytest.mark.parametrize("step", ["login", "callback"])
def test_a_provider_that_is_down_is_told_as_that(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    back = world.choose(world.leave(client), "alice")
    monkeypatch.setenv("OIDC_ISSUER", "http://127.0.0.1:9")
    clouds.cache_clear()
    if step == "callback":
        response = client.get(back, HTTP_HOST=HOST)
    else:
        response = client.post("/accounts/oidc/cilogon/login/", HTTP_HOST=HOST)
    assert refused(response) == "accounts:provider-down"
    assert response.status_code == 503


def test_a_person_who_was_disabled_does_not_come_back(world: World, client: Client) -> None:
    world.sign_in(client, "alice")
    User.objects.update(is_active=False)
    browser = Client()
    response = world.sign_in(browser, "alice")
    assert response.context["error_id"] == "accounts:disabled"
    assert "_auth_user_id" not in browser.session
    assert client.get("/profile/").status_code == 302


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere_after_signing_in(world: World, client: Client, wanted: str) -> None:
    assert urlsplit(world.sign_in(client, "alice", next_url=wanted)["Location"]).netloc in {"", HOST}
    page = Client().get("/accounts/login/", {"next": wanted})
    assert page.context["next"] == "/"


def test_the_cloud_is_connected_by_the_token_which_is_sealed_and_sent_to_nobody(
    world: World, client: Client, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        world.sign_in(client, "alice")
    link = CloudLink.objects.get()
    assert link.state == CloudLink.State.CONNECTING
    assert link.login_expires_at is not None
    assert queue == [("connect", link.pk)]
    assert "eyJ" not in link.sealed_login
    assert link.sealed_login.startswith("gAAAA")


def test_no_claim_and_no_token_is_kept_by_the_library(world: World, client: Client) -> None:
    from allauth.socialaccount.models import SocialAccount, SocialToken

    world.sign_in(client, "alice")
    assert not SocialToken.objects.exists()
    assert not SocialAccount.objects.exists()


def test_only_the_sign_in_of_the_library_is_reachable(client: Client) -> None:
    for path in ("signup", "password/reset", "email", "3rdparty", "3rdparty/signup"):
        assert client.get(f"/accounts/{path}/").status_code == 404, path


def test_signing_out_takes_a_post_and_ends_the_session(world: World, client: Client) -> None:
    world.sign_in(client, "alice")
    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session
    assert client.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in client.session
    assert AuditEvent.objects.filter(action="account.sign-out").count() == 1


def test_the_provider_is_asked_for_a_secret_in_no_address(world: World, client: Client) -> None:
    address = world.leave(client)
    page = httpx.get(address, trust_env=False)
    assert page.status_code == 200
    assert world.provider.facts["client_secret"] not in address
