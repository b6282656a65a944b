"""What every page has from the configuration and the person: branding, words, notices, the bar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import resolve
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance
from portal.accounts import template_context as configuration
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.cloud.schema import Notice
from portal.home import template_context
from tests.cast import join, make_allocation

pytestmark = pytest.mark.django_db


def bar(user: Any, path: str = "/") -> dict[str, Any]:
    request = RequestFactory().get(path)
    request.user = user
    request.resolver_match = resolve(path)
    return template_context._bar(request)


def test_signed_out_there_is_nothing_to_switch_between() -> None:
    assert bar(AnonymousUser()) == {}


def test_allocations_are_grouped_by_where_they_are(member: User, allocation: Allocation) -> None:
    for name, region in (("AAA000001", "TACC"), ("AAA000001", "IU")):
        join(member, make_allocation(name, region=region, project_id="p-aaa"))
    groups = bar(member)["groups"]
    assert [(group["region"], [item["name"] for item in group["allocations"]]) for group in groups] == [
        ("Indiana University", ["AAA000001", "BIO220047"]),
        ("Texas Advanced Computing Center", ["AAA000001"]),
    ]


def test_the_allocation_of_the_page_is_marked_and_has_its_pages(member: User, allocation: Allocation) -> None:
    found = bar(member, f"/allocations/{allocation.slug}/launch/")
    assert found["current"]["name"] == "BIO220047"
    assert [(item["label"], item["current"]) for item in found["nav"]] == [
        ("Instances", False),
        ("Launch", True),
    ]


def test_the_page_of_a_machine_is_in_its_allocation(member: User, allocation: Allocation) -> None:
    now = timezone.now()
    machine = Instance.objects.create(allocation=allocation, name="one", created_at=now, state_since=now)
    assert bar(member, f"/instances/{machine.pk}/")["current"]["name"] == "BIO220047"


def test_a_machine_of_others_gives_nothing_away(stranger: User, allocation: Allocation) -> None:
    now = timezone.now()
    machine = Instance.objects.create(allocation=allocation, name="one", created_at=now, state_since=now)
    assert bar(stranger, f"/instances/{machine.pk}/")["current"] is None
    assert bar(stranger, f"/allocations/{allocation.slug}/instances/")["current"] is None


def test_a_reader_is_shown_no_way_to_launch(reader: User, allocation: Allocation) -> None:
    nav = bar(reader, f"/allocations/{allocation.slug}/instances/")["nav"]
    assert [item["label"] for item in nav] == ["Instances"]


def test_parts_of_pages_pay_nothing_for_the_bar(
    member: User, rf: RequestFactory, django_assert_num_queries: Any
) -> None:
    request = rf.get("/")
    request.user = member
    with django_assert_num_queries(0):
        template_context.bar(request)


def test_notices_are_shown_in_their_time(rf: RequestFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    notices = (
        Notice(text="always"),
        Notice(text="now", starts_at=now - hour, ends_at=now + hour),
        Notice(text="over", ends_at=now - hour),
        Notice(text="later", starts_at=now + hour),
    )
    found = clouds()
    demo = found.cloud("demo")
    noticed = replace(demo, portal=demo.portal.model_copy(update={"notices": notices}))
    monkeypatch.setattr(configuration, "clouds", lambda: replace(found, clouds={"demo": noticed}))
    shown = configuration.configuration(rf.get("/"))
    assert [notice.text for notice in shown["notices"]] == ["always", "now"]
    assert shown["branding"].title == "Heliosphere"
    assert shown["words"]["server"] == "instance"
