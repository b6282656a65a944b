"""Back from a cloud's own sign-in page: a token is taken only into the session that asked for it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from portal.accounts import pages, stored_login, websso
from portal.accounts.models import CloudLink, User, WebSsoAttempt
from portal.cloud.config import clouds
from portal.cloud.logins import TokenLogin
from portal.cloud.websso import RETURN_PATH, form_origins, return_url, start_url
from portal.core.models import AuditEvent
from portal.core.seal import seal
from tests.cast import make_user
from tests.portal.accounts.conftest import Queue

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
HERE = "testserver"
TOKEN = "gAAAAAB" + "x" * 150


class Browser(Client):
    """A browser that keeps SameSite=Lax cookies from a post of another site, as all of them do."""

    def press(self, cloud: str = "demo") -> Any:
        return self.post(f"/profile/clouds/{cloud}/websso/", HTTP_HOST=HERE)

    def posted(self, token: str = TOKEN, origin: str | None = None, **more: Any) -> HttpResponse:
        """What the cloud's page does: no cookie of ours comes with it."""
        bare = Client(enforce_csrf_checks=True)
        origin = cloud_origin() if origin is None else origin
        answer = bare.post(RETURN_PATH, {"token": token}, HTTP_HOST=HERE, HTTP_ORIGIN=origin, **more)
        for name, morsel in answer.cookies.items():
            self.cookies[name] = morsel.value
        return answer  # type: ignore[return-value]

    def finish(self) -> Any:
        return self.get(f"{RETURN_PATH}finish/", HTTP_HOST=HERE)


def cloud_origin() -> str:
    return next(iter(form_origins(clouds().cloud("demo"))))


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice")


@pytest.fixture
def browser(alice: User) -> Browser:
    made = Browser()
    made.force_login(alice, backend=BACKEND)
    return made


def refused_with(answer: Any, id: str) -> bool:
    return answer.context is not None and answer.context["error"].id == id and not CloudLink.objects.exists()


def test_the_button_leads_to_the_cloud_with_the_address_it_has_to_come_back_to(browser: Browser) -> None:
    page = browser.press()
    address = page.context["address"]
    assert page.status_code == 200
    assert address == start_url(clouds().cloud("demo"))
    assert address.endswith(
        "/auth/OS-FEDERATION/websso/openid?origin=http%3A%2F%2Ftestserver%2Fauth%2Fwebsso%2F"
    )
    assert f'href="{address}"' in page.content.decode()
    assert "form-action 'self'" in page["Content-Security-Policy"]


def test_the_address_to_register_is_the_one_that_is_served() -> None:
    assert reverse("websso-return") == RETURN_PATH
    assert return_url() == f"{django_settings.SITE_URL}{RETURN_PATH}"


def test_whoever_comes_back_is_connected_with_the_token_sealed(
    browser: Browser, queue: Queue, alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    browser.press()
    back = browser.posted()
    assert (back.status_code, back["Location"]) == (303, "finish/")
    with django_capture_on_commit_callbacks(execute=True):
        done = browser.finish()
    assert (done.status_code, done["Location"]) == (302, "/profile/clouds/")
    link = CloudLink.objects.get(user=alice)
    assert (link.state, queue) == ("connecting", [("connect", link.pk)])
    assert stored_login.unpack(link.sealed_login) == TokenLogin("demo", TOKEN)
    assert TOKEN not in link.sealed_login


def test_the_token_is_in_no_address_page_log_or_record(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    browser.press()
    back = browser.posted()
    done = browser.finish()
    shown = browser.get("/profile/clouds/")
    assert TOKEN not in back["Location"] + str(back.cookies) + back.content.decode()
    assert TOKEN not in done["Location"] + shown.content.decode()
    assert not any(TOKEN in str(event.detail) for event in AuditEvent.objects.all())
    assert TOKEN not in caplog.text


def test_the_post_sets_one_cookie_and_leaves_the_sessions_own_alone(browser: Browser) -> None:
    back = browser.posted()
    (cookie,) = back.cookies.values()
    assert (cookie.key, cookie["samesite"], cookie["httponly"], cookie["path"]) == (
        "websso",
        "Lax",
        True,
        "/",
    )
    assert int(cookie["max-age"]) <= 120
    assert "no-store" in back["Cache-Control"]


def test_under_tls_browsers_take_the_cookie_from_this_host_only(browser: Browser, settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = True
    (cookie,) = browser.posted().cookies.values()
    assert (cookie.key, cookie["secure"], cookie["domain"]) == ("__Host-websso", True, "")
    gone = browser.finish().cookies["__Host-websso"]
    assert (gone.key, gone.value, gone["secure"]) == ("__Host-websso", "", True)


def test_a_token_that_nobody_here_asked_for_is_thrown_away(browser: Browser) -> None:
    """Login CSRF: a page brings the victim's browser to post the attacker's own token."""
    browser.posted()
    answer = browser.finish()
    assert answer.status_code == 403
    assert refused_with(answer, "accounts:websso-unexpected")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "http://127.0.0.1:1",
        "http://127.0.0.1.evil.example",
        "<script>alert(1)</script>",
    ],
)
def test_a_page_that_is_not_the_clouds_is_refused_even_while_an_attempt_is_open(
    browser: Browser, origin: str
) -> None:
    browser.press()
    browser.posted(origin=origin)
    answer = browser.finish()
    assert refused_with(answer, "accounts:websso-origin")
    assert b"<script>alert" not in answer.content
    assert WebSsoAttempt.objects.filter(used_at=None).exists()


def test_an_attempt_is_good_once(browser: Browser) -> None:
    browser.press()
    browser.posted()
    browser.finish()
    CloudLink.objects.all().delete()
    browser.posted()
    assert refused_with(browser.finish(), "accounts:websso-unexpected")


def test_an_attempt_is_good_for_ten_minutes(browser: Browser) -> None:
    browser.press()
    WebSsoAttempt.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    browser.posted()
    assert refused_with(browser.finish(), "accounts:websso-unexpected")
    assert websso.LASTS.total_seconds() == 600


def test_an_attempt_of_another_browser_of_mine_is_not_this_ones(browser: Browser, alice: User) -> None:
    browser.press()
    elsewhere = Browser()
    elsewhere.force_login(alice, backend=BACKEND)
    elsewhere.posted()
    assert refused_with(elsewhere.finish(), "accounts:websso-unexpected")


def test_an_attempt_of_somebody_else_in_this_browser_is_not_mine(browser: Browser) -> None:
    browser.press()
    browser.logout()
    browser.force_login(make_user("bob"), backend=BACKEND)
    browser.posted()
    assert refused_with(browser.finish(), "accounts:websso-unexpected")


def test_an_attempt_at_another_cloud_does_not_take_this_ones_token(browser: Browser, alice: User) -> None:
    browser.press()
    WebSsoAttempt.objects.update(cloud="elsewhere")
    browser.posted()
    assert refused_with(browser.finish(), "accounts:websso-unexpected")


def test_whoever_is_signed_out_meanwhile_is_told(browser: Browser) -> None:
    browser.press()
    browser.logout()
    browser.posted()
    answer = browser.finish()
    assert refused_with(answer, "accounts:websso-signed-out")
    assert answer.cookies["websso"].value == ""


@pytest.mark.parametrize("token", ["", "x" * (websso.LONGEST_TOKEN + 1), "a\nb", "tökén"])
def test_what_is_no_token_is_refused(browser: Browser, token: str) -> None:
    browser.press()
    browser.posted(token=token)
    assert refused_with(browser.finish(), "accounts:websso-no-token")


def test_the_longest_token_fits_into_a_cookie(browser: Browser) -> None:
    (cookie,) = browser.posted(token="x" * websso.LONGEST_TOKEN).cookies.values()
    assert len(cookie.OutputString()) < 4096


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        "not json",
        json.dumps({"kind": "password", "token": TOKEN, "at": 9e9}),
        json.dumps({"kind": "websso", "token": TOKEN, "origin": "x", "at": 1}),
    ],
)
def test_a_cookie_that_we_did_not_make_just_now_is_nothing(browser: Browser, content: str) -> None:
    browser.press()
    browser.cookies["websso"] = seal(content)
    assert refused_with(browser.finish(), "accounts:websso-unexpected")


def test_a_cookie_that_we_did_not_seal_is_nothing(browser: Browser) -> None:
    browser.press()
    browser.cookies["websso"] = "nonsense"
    assert refused_with(browser.finish(), "accounts:websso-unexpected")


def test_opening_the_addresses_by_hand_leads_to_the_connected_clouds(browser: Browser) -> None:
    for path in (RETURN_PATH, f"{RETURN_PATH}finish/"):
        assert browser.get(path, HTTP_HOST=HERE)["Location"] == "/profile/clouds/"


def test_begun_under_another_address_of_the_portal_it_would_never_end(browser: Browser) -> None:
    answer = browser.post("/profile/clouds/demo/websso/", HTTP_HOST="localhost:8000")
    assert answer.status_code == 409
    assert b"http://testserver" in answer.content
    assert not WebSsoAttempt.objects.exists()


def test_it_is_begun_by_a_form_of_ours_only(browser: Browser, alice: User) -> None:
    assert browser.get("/profile/clouds/demo/websso/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice, backend=BACKEND)
    assert strict.post("/profile/clouds/demo/websso/", HTTP_HOST=HERE).status_code == 403
    assert Client().post("/profile/clouds/demo/websso/", HTTP_HOST=HERE).status_code == 302
    assert browser.press("nowhere").status_code == 404
    assert not WebSsoAttempt.objects.exists()


def test_a_cloud_that_does_not_offer_it_is_not_gone_to(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websso, "offered_by", lambda cloud: False)
    assert browser.press().status_code == 403
    browser.posted()
    assert refused_with(browser.finish(), "accounts:websso-origin")


def test_pressing_again_begins_anew_and_one_is_open(browser: Browser) -> None:
    browser.press()
    browser.press()
    assert WebSsoAttempt.objects.count() == 1


def test_nobody_opens_any_number(browser: Browser, alice: User) -> None:
    later = timezone.now() + timedelta(minutes=5)
    for number in range(20):
        WebSsoAttempt.objects.create(user=alice, cloud="demo", session=f"s{number}", expires_at=later)
    assert browser.press().status_code == 429


def shown(alice: User) -> WebSsoAttempt | None:
    (found,) = pages.with_attempts(alice, pages.connections(alice))
    return found.attempt


def test_who_is_not_back_is_told_what_it_may_be(browser: Browser, alice: User) -> None:
    browser.press()
    page = browser.get("/profile/clouds/").content.decode()
    assert "You went to the sign-in page of" in page
    assert "never came back" not in page


def test_an_attempt_that_never_came_back_explains_itself_with_the_address_to_register(
    browser: Browser,
) -> None:
    browser.press()
    WebSsoAttempt.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page = browser.get("/profile/clouds/").content.decode()
    assert "never came back" in page
    assert "http://testserver/auth/websso/" in page


def test_the_explanation_goes_with_the_next_attempt_a_connection_or_a_day(
    browser: Browser, alice: User
) -> None:
    browser.press()
    assert shown(alice) is not None
    CloudLink.objects.create(user=alice, cloud="demo", state="connected", connected_at=timezone.now())
    assert shown(alice) is None
    CloudLink.objects.all().delete()
    assert shown(alice) is not None
    WebSsoAttempt.objects.update(begun_at=timezone.now() - timedelta(days=2))
    assert shown(alice) is None


def test_one_that_came_back_is_not_waited_for(browser: Browser, alice: User) -> None:
    browser.press()
    browser.posted()
    browser.finish()
    assert shown(alice) is None
