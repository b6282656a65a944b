"""The page of advice, its dialogs, and everybody to whom they say no."""

from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from instances.advice.models import Dismissal
from instances.models import CatalogueItem, Instance
from portal.accounts.models import User
from portal.core.models import AuditEvent
from portal.operations.models import Operation

HTMX = {"HX-Request": "true"}


def as_person(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def base(allocation: Allocation) -> str:
    return f"/allocations/{allocation.slug}/advice/"


def test_the_page_says_what_to_do_why_and_what_it_saves(base: str, member: User, stopped: Instance) -> None:
    page = as_person(member).get(base).content.decode()
    assert "Shelve it" in page and "SU a week" in page and "has been stopped for 10 days" in page
    assert f"/instances/{stopped.pk}/actions/shelve/" in page


def test_where_there_is_nothing_it_says_when_there_would_be(base: str, member: User) -> None:
    assert "Nothing to save" in as_person(member).get(base).content.decode()
    assert as_person(member).get(f"{base}brief/").content.strip() == b""


def test_the_line_for_the_allocations_page_counts_and_sums(
    base: str, member: User, stopped: Instance
) -> None:
    found = as_person(member).get(f"{base}brief/").content.decode()
    assert "1 piece of advice" in found and base in found and "<html" not in found


def test_a_link_to_a_size_has_it_chosen_in_the_form(base: str, member: User, stopped: Instance) -> None:
    Instance.objects.update(status="ACTIVE", flavor_name="m3.quad", vcpus=4, ram_mb=15_360, disk_gb=20)
    page = as_person(member).get(f"/instances/{stopped.pk}/actions/resize/?flavor=2").content.decode()
    chosen = page.split('value="2"')[1].split(">")[0]
    assert "checked" in chosen


def test_what_is_not_wanted_now_is_not_shown_for_a_month_and_comes_back_on_request(
    base: str, allocation: Allocation, member: User, stopped: Instance
) -> None:
    owner, key = as_person(member), f"resting:{stopped.pk}"
    assert owner.post(f"{base}dismiss/", {"key": key}).status_code == 302
    row = Dismissal.objects.get()
    assert 29 <= (row.until - timezone.now()).days <= 30
    page = owner.get(base).content.decode()
    assert "1 not shown for now" in page and "Show again" in page
    assert (
        AuditEvent.objects.filter(action="advice.dismiss", scope=f"allocation.{allocation.pk}").count() == 1
    )
    answer = owner.post(f"{base}dismiss/", {"key": key, "again": "1"}, headers=HTMX)
    assert answer.status_code == 204 and "advice:changed" in answer.headers["HX-Trigger"]
    assert not Dismissal.objects.exists()


def test_who_cannot_follow_it_cannot_hide_it_from_others(
    base: str, colleague: User, reader: User, stopped: Instance
) -> None:
    for user in (colleague, reader):
        assert as_person(user).post(f"{base}dismiss/", {"key": f"resting:{stopped.pk}"}).status_code == 403
    assert not Dismissal.objects.exists()


def test_advice_that_is_not_given_can_neither_be_hidden_nor_followed(base: str, pi: User) -> None:
    manager = as_person(pi)
    assert manager.post(f"{base}dismiss/", {"key": "resting:nothing"}).status_code == 404
    assert manager.get(f"{base}follow/volume:nothing/").status_code == 404


def test_a_volume_is_deleted_after_its_name_was_typed(base: str, pi: User, volume: CatalogueItem) -> None:
    manager, address = as_person(pi), f"{base}follow/{quote('volume:vol-1')}/"
    dialog = manager.get(address).content.decode()
    assert "gone for good" in dialog and volume.name in dialog
    wrong = manager.post(address, {"confirm_name": "data"})
    assert wrong.status_code == 422 and "That is not its name" in wrong.content.decode()
    assert not Operation.objects.exists()
    done = manager.post(address, {"confirm_name": volume.name}, headers=HTMX)
    assert done.status_code == 204 and "close-dialog" in done.headers["HX-Trigger"]
    op = Operation.objects.get()
    assert (op.kind, op.target_type, op.target_id, op.by) == ("volume.delete", "volume", "vol-1", pi)
    manager.post(address, {"confirm_name": volume.name})
    assert Operation.objects.count() == 1, "a second click finds the first one"


@pytest.mark.parametrize("role", ["member", "colleague", "assistant", "reader"])
def test_who_does_not_manage_the_allocation_deletes_nothing(
    base: str, volume: CatalogueItem, role: str, request: pytest.FixtureRequest
) -> None:
    client = as_person(request.getfixturevalue(role))
    address = f"{base}follow/volume:vol-1/"
    assert client.get(address).status_code == 403
    assert client.post(address, {"confirm_name": volume.name}).status_code == 403
    assert not Operation.objects.exists()


@pytest.mark.parametrize("path", ["", "brief/", "follow/volume:vol-1/"])
def test_strangers_learn_nothing(base: str, volume: CatalogueItem, stranger: User, path: str) -> None:
    assert as_person(stranger).get(base + path).status_code == 404
    assert Client().get(base + path).status_code == 302


def test_the_api_says_the_same(allocation: Allocation, member: User, stopped: Instance) -> None:
    found = as_person(member).get(f"/api/v1/allocations/{allocation.slug}/advice").json()
    assert [one["kind"] for one in found["items"]] == ["resting"]
    assert found["items"][0]["subject"] == "resting" and float(found["su_per_week"]) > 0
