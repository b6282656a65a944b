import json

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from portal.core.htmx import page_or_part, toast, trigger, wants_part


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_only_a_swap_gets_the_part(headers: dict[str, str], part: bool) -> None:
    request = RequestFactory().get("/", headers=headers)
    assert wants_part(request) is part


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
@pytest.mark.django_db
def test_no_cache_may_give_the_part_for_the_page(headers: dict[str, str]) -> None:
    from portal.core.errors import explain

    request = RequestFactory().get("/", headers=headers)
    context = {"problem": explain("portal:not-found")}
    answer = page_or_part(request, "errors/plain.html", "_problem.html", context, status=409)
    assert answer.status_code == 409
    assert "HX-Request" in answer["Vary"]
    assert ("<html" in answer.content.decode()) is not bool(headers)


def test_events_of_one_answer_add_up() -> None:
    answer = trigger(trigger(HttpResponse(), "one", {"id": 1}), "two")
    assert json.loads(answer["HX-Trigger"]) == {"one": {"id": 1}, "two": {}}


def test_toasts_of_one_answer_add_up_and_are_ascii() -> None:
    answer = toast(toast(HttpResponse(), "success", "Größe geändert\r\nX: y"), "danger", "no")
    assert answer["HX-Trigger"].isascii()
    toasts = json.loads(answer["HX-Trigger"])["toast"]["toasts"]
    assert [(one["level"], one["text"]) for one in toasts] == [
        ("success", "Größe geändert\r\nX: y"),
        ("danger", "no"),
    ]
