"""An error as page, fragment and JSON; ids of requests."""

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from redis.exceptions import ConnectionError as RedisConnectionError

from portal.core import context
from portal.core.errors import PortalError
from portal.core.logs import current_request_id
from portal.urls import handler400, handler403, handler404, handler500
from portal.urls import urlpatterns as portal_urls

HTMX = {"HX-Request": "true"}
ERRORS: dict[str, Exception] = {
    "refused": PortalError("portal:forbidden", need="launching", detail="<script>policy</script>"),
    "many": PortalError("portal:too-many", retry_after=7.4, seconds=7),
    "sign-in": PortalError("portal:sign-in"),
    "http404": Http404("x"),
    "denied": PermissionDenied(),
    "database": OperationalError("could not connect to server secret-host"),
    "redis": RedisConnectionError("refused"),
    "bug": KeyError("a mistake of ours"),
}


def failing(request: HttpRequest, name: str) -> HttpResponse:
    raise ERRORS[name]


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse(current_request_id())


urlpatterns = [
    path("test/fine/", fine),
    path("test/<name>/", failing),
    path("api/test/<name>/", failing),
    *portal_urls,
]
__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Iterator[Client]:
    with override_settings(ROOT_URLCONF=__name__):
        yield Client(raise_request_exception=False)


def get(client: Client, url: str, **headers: str) -> Any:
    return client.get(url, headers=headers)


def test_a_page_says_what_happened_and_what_to_do(client: Client) -> None:
    answer = get(client, "/test/refused/")
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "<html" in text
    assert "Your role on this allocation does not allow that (launching)." in text
    assert "Ask the PI" in text


def test_the_clouds_own_words_are_never_markup(client: Client) -> None:
    for headers in ({}, HTMX):
        text = get(client, "/test/refused/", **headers).content.decode()
        assert "<script>policy" not in text
        assert "&lt;script&gt;policy" in text


def test_htmx_gets_a_fragment_for_the_problems_of_the_page(client: Client) -> None:
    answer = get(client, "/test/refused/", **HTMX)
    assert answer.status_code == 403
    assert answer["HX-Retarget"] == "#problems"
    assert "<html" not in answer.content.decode()
    assert "Ask the PI" in answer.content.decode()


@pytest.mark.parametrize(
    ("url", "headers"),
    [("/api/test/refused/", {}), ("/test/refused/", {"Accept": "application/json"})],
)
def test_a_program_gets_json(client: Client, url: str, headers: dict[str, str]) -> None:
    answer = get(client, url, **headers)
    problem = json.loads(answer.content)
    assert answer.status_code == problem["status"] == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["title"] == "Not allowed"
    assert problem["type"].endswith("portal:forbidden")
    assert problem["request_id"] == answer["X-Request-ID"]


def test_a_browser_that_takes_anything_gets_a_page(client: Client) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert get(client, "/test/refused/", Accept=accept)["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("headers", [{}, HTMX, {"Accept": "application/json"}])
def test_retry_after_is_passed_on(client: Client, headers: dict[str, str]) -> None:
    answer = get(client, "/test/many/", **headers)
    assert (answer.status_code, answer["Retry-After"]) == (429, "7")


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(client: Client) -> None:
    answer = get(client, "/test/sign-in/?a=1")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/test/sign-in/%3Fa%3D1"


def test_a_fragment_for_who_is_not_signed_in_moves_the_whole_page(client: Client) -> None:
    here = {"HX-Current-URL": "https://testserver/instances/?q=1", **HTMX}
    assert get(client, "/test/sign-in/", **here)["HX-Redirect"] == "/accounts/login/?next=/instances/%3Fq%3D1"


@pytest.mark.parametrize(
    "url", ["https://evil.example//evil.example/x", "javascript:alert(1)", "//evil.example"]
)
def test_only_a_path_of_ours_is_come_back_to(client: Client, url: str) -> None:
    answer = get(client, "/test/sign-in/", **{"HX-Current-URL": url, **HTMX})
    assert "evil" not in answer["HX-Redirect"]
    assert "javascript" not in answer["HX-Redirect"]


@pytest.mark.parametrize(("name", "status"), [("http404", 404), ("denied", 403)])
def test_djangos_own_refusals_are_explained_too(client: Client, name: str, status: int) -> None:
    for headers in ({}, HTMX, {"Accept": "application/json"}):
        assert get(client, f"/test/{name}/", **headers).status_code == status


@pytest.mark.parametrize(("name", "culprit"), [("database", "The database"), ("redis", "Redis")])
def test_what_is_away_is_named_and_its_address_is_not(client: Client, name: str, culprit: str) -> None:
    answer = get(client, f"/test/{name}/")
    assert answer.status_code == 503
    assert culprit in answer.content.decode()
    assert "secret-host" not in answer.content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX, {"Accept": "application/json"}])
def test_a_mistake_of_ours_is_explained_without_its_traceback(
    client: Client, headers: dict[str, str]
) -> None:
    answer = get(client, "/test/bug/", **headers)
    assert answer.status_code == 500
    assert "a mistake of ours" not in answer.content.decode()
    assert answer["X-Request-ID"] in answer.content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX, {"Accept": "application/json"}])
def test_an_address_that_is_none_is_explained(client: Client, headers: dict[str, str]) -> None:
    assert get(client, "/nowhere/at/all/", **headers).status_code == 404


def test_a_database_that_is_away_before_the_view_is_named_too(client: Client) -> None:
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    away = OperationalError("could not connect to server secret-host")
    with patch("django.contrib.sessions.backends.cached_db.SessionStore.load", side_effect=away):
        answer = get(client, "/no-allocation/")
    assert answer.status_code == 503
    assert "The database" in answer.content.decode()
    assert "secret-host" not in answer.content.decode()


def test_a_page_that_cannot_be_framed_is_explained_all_the_same(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What failed may be what every page needs."""

    def broken(request: HttpRequest) -> dict[str, Any]:
        raise KeyError("a provider's own mistake")

    monkeypatch.setattr(context, "_providers", [broken])
    answer = get(client, "/test/refused/")
    assert answer.status_code == 500
    assert "Something went wrong in the portal" in answer.content.decode()


def test_a_form_without_its_token_is_refused_with_words(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    for headers in ({}, HTMX):
        answer = strict.post("/accounts/logout/", headers=headers)
        assert answer.status_code == 403
        assert "This form is too old" in answer.content.decode()


def test_each_request_has_a_name_of_its_own(client: Client) -> None:
    one, two = get(client, "/test/fine/"), get(client, "/test/fine/")
    assert one.content.decode() == one["X-Request-ID"] != two["X-Request-ID"]


def test_a_proxys_name_for_the_request_is_kept(client: Client) -> None:
    assert get(client, "/test/fine/", **{"X-Request-ID": "abc-12345678"})["X-Request-ID"] == "abc-12345678"


@pytest.mark.parametrize("name", ["short", "x" * 65, "evil\tline", "a;b=12345678", "Ünïcödé123"])
def test_a_name_that_could_do_harm_is_not_kept(client: Client, name: str) -> None:
    assert get(client, "/test/fine/", **{"X-Request-ID": name})["X-Request-ID"] != name
