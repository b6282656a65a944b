"""The administration, as an operator finds it: every list opens, sealed things are not in it, and what happened stays."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from allocations.models import Allocation
from portal.accounts.models import User
from portal.core.audit import record

pytestmark = pytest.mark.django_db
# Django's and allauth's own: nothing of the portal's is decided there.
_FOREIGN = {"auth", "account", "socialaccount", "sites"}
# Who may come in is the one thing that an operator changes there.
_CHANGED = {"user"}
_HARMLESS = {"secret_until"}
OURS = [model for model in admin.site._registry if model._meta.app_label not in _FOREIGN]
SECRET = ("sealed", "secret", "digest", "password", "token_hash", "session_mark", "private_key")


def address(model: type[Model], page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def browser(operator: User) -> Client:
    client = Client()
    operator.is_staff = True
    operator.save()
    client.force_login(operator)
    return client


def test_the_index_names_everything_that_there_is_to_see(browser: Client) -> None:
    page = browser.get("/admin/").content.decode()
    missing = [model.__name__ for model in OURS if f'href="{address(model)}"' not in page]
    assert missing == []


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_opens_and_is_searched(model: type[Model], browser: Client, pi: User) -> None:
    assert browser.get(address(model)).status_code == 200
    if admin.site._registry[model].search_fields:
        assert browser.get(f"{address(model)}?q=alice").status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_nothing_is_added_or_deleted_there(model: type[Model], browser: Client) -> None:
    found = admin.site._registry[model]
    request = browser.get("/admin/").wsgi_request
    allowed = {"add": found.has_add_permission(request), "delete": found.has_delete_permission(request)}
    if model._meta.app_label not in {"notices"}:  # announcements are made there or on pages of their own
        assert allowed == {"add": False, "delete": False}
    if model._meta.model_name not in _CHANGED and model._meta.app_label != "notices":
        assert found.has_change_permission(request) is False


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_no_sealed_thing_is_shown(model: type[Model], browser: Client) -> None:
    found = admin.site._registry[model]
    request = browser.get("/admin/").wsgi_request
    shown = {str(name) for name in found.get_fields(request)} | {str(name) for name in found.list_display}
    assert [name for name in shown if name not in _HARMLESS and any(word in name for word in SECRET)] == []


def test_an_entry_is_opened_and_not_changed(browser: Client, allocation: Allocation) -> None:
    page = browser.get(address(Allocation, "change", allocation.pk))
    assert page.status_code == 200 and b"Save" not in page.content
    assert browser.post(address(Allocation, "change", allocation.pk), {"title": "mine"}).status_code == 403


def test_what_was_done_is_there_to_read(browser: Client, operator: User) -> None:
    record("test.done", by=operator, target_name="something")
    assert b"test.done" in browser.get(reverse("admin:core_auditevent_changelist")).content


@pytest.mark.parametrize("who", ["pi", "newcomer"])
def test_nobody_else_comes_in(who: str, request: pytest.FixtureRequest) -> None:
    client = Client()
    client.force_login(request.getfixturevalue(who))
    assert client.get("/admin/").status_code == 302
    assert client.get(address(Allocation)).status_code == 302


def test_groups_of_permissions_are_not_offered(browser: Client) -> None:
    assert browser.get(address(Group)).status_code == 403
