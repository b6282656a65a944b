"""Ids, claims, audit, context, checks, admin."""

import time
from typing import Any

import pytest
from django.contrib import admin
from django.core.checks import run_checks
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from portal.core import audit, checks, context
from portal.core.claims import claim
from portal.core.ids import uuid7
from portal.core.logs import set_request_id
from portal.core.models import AuditEvent
from portal.core.version import PORTAL_VERSION


def test_ids_sort_by_time_and_are_version_seven() -> None:
    one = uuid7()
    time.sleep(0.002)
    two = uuid7()
    assert one < two
    assert (one.version, one.variant) == (7, "specified in RFC 4122")
    assert len({uuid7() for _ in range(1000)}) == 1000


@pytest.mark.django_db
def test_of_two_claims_on_one_row_the_second_gets_nothing() -> None:
    row = audit.record("test", by=None, target_name="free")
    free = AuditEvent.objects.filter(pk=row.pk, target_name="free")
    assert claim(free, target_name="mine")
    assert not claim(free, target_name="yours")
    row.refresh_from_db()
    assert row.target_name == "mine"


class Actor:
    pk = 7

    def __str__(self) -> str:
        return "A" * 300


@pytest.mark.django_db
def test_an_audit_event_outlives_what_it_speaks_of() -> None:
    set_request_id("req-1")
    event = audit.record("instance.delete", by=Actor(), target_id=12, target_name="x" * 300, address="kept")
    set_request_id("-")
    event.refresh_from_db()
    assert (event.actor_id, len(event.actor_name), len(event.target_name)) == ("7", 255, 255)
    assert (event.detail, event.request_id) == ({"address": "kept"}, "req-1")
    assert not [field for field in AuditEvent._meta.get_fields() if field.is_relation]


@pytest.mark.django_db
def test_what_the_portal_does_by_itself_has_the_portal_as_its_actor() -> None:
    assert audit.record("credential.refused", by=None).actor_name == "the portal"


@pytest.mark.parametrize("model", [AuditEvent])
def test_the_admin_cannot_rewrite_what_happened(model: Any) -> None:
    shown = admin.site._registry[model]
    request = HttpRequest()
    assert not shown.has_add_permission(request)
    assert not shown.has_change_permission(request)
    assert not shown.has_delete_permission(request)


def test_templates_get_what_layers_above_provide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "_providers", [])
    provided = context.provide(lambda request: {"words": {"server": "instance"}})
    context.provide(provided)
    variables = context.portal(RequestFactory().get("/"))
    assert variables == {"portal_version": PORTAL_VERSION, "words": {"server": "instance"}}
    assert len(context._providers) == 1


class TestChecks:
    def test_a_short_key_is_refused(self, settings: Settings) -> None:
        settings.SEAL_KEYS = ["x" * 32, "short"]
        [found] = list(checks.keys_are_long(None))
        assert found.id == "portal.E001"
        assert "number 2" in found.msg
        assert "short" not in found.msg

    def test_long_keys_are_fine(self, settings: Settings) -> None:
        settings.SEAL_KEYS = ["x" * 32]
        assert not list(checks.keys_are_long(None))

    @pytest.mark.parametrize(
        ("development", "hosts", "fine"),
        [
            (True, ["127.0.0.1", "localhost"], True),
            (True, ["portal.example.org"], False),
            (False, ["portal.example.org"], True),
        ],
    )
    def test_development_stays_at_home(
        self, settings: Settings, development: bool, hosts: list[str], fine: bool
    ) -> None:
        settings.DEVELOPMENT, settings.ALLOWED_HOSTS = development, hosts
        assert bool(list(checks.development_stays_at_home(None))) is not fine

    @pytest.mark.parametrize(
        ("site", "fine"),
        [
            ("https://portal.example.org", True),
            ("http://127.0.0.1:8000", True),
            ("http://portal.example.org", False),
        ],
    )
    def test_people_come_by_tls(self, settings: Settings, site: str, fine: bool) -> None:
        settings.SITE_URL = site
        assert bool(list(checks.people_come_by_tls(None))) is not fine

    def test_the_checks_run_at_every_start(self, settings: Settings) -> None:
        settings.SEAL_KEYS = ["short"]
        assert "portal.E001" in {found.id for found in run_checks()}
