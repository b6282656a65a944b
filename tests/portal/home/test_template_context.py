"""What every page has from the configuration and the person: branding, words, notices, the bar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import RequestFactory
from django.urls import resolve

from allocations.models import Allocation
from portal.accounts import template_context as configuration
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.cloud.schema import Notice
from portal.home import template_context

pytestmark = pytest.mark.django_db


def test_a_reader_is_shown_no_way_to_launch(reader: User, allocation: Allocation) -> None:
    request = RequestFactory().get(f"/allocations/{allocation.slug}/instances/")
    request.user = reader
    request.resolver_match = resolve(request.path)
    labels = [item["label"] for item in template_context._bar(request)["nav"]]
    assert labels[:2] == ["Overview", "Instances"] and "Launch" not in labels


def test_the_pages_of_the_allocation_are_in_the_bar_and_the_open_one_is_marked(
    member: User, allocation: Allocation
) -> None:
    request = RequestFactory().get(f"/allocations/{allocation.slug}/launch/")
    request.user = member
    request.resolver_match = resolve(request.path)
    found = template_context._bar(request)["nav"]
    assert [item["label"] for item in found[:3]] == ["Overview", "Instances", "Launch"]
    assert [item["label"] for item in found if item["current"]] == ["Launch"]


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
