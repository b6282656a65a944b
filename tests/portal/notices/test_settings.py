"""Mail settings by environment are strict, safe by default, and what is missing is said to operators."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from portal import env_mail
from portal.core.doctor import Plan
from portal.notices import checks, doctor_checks
from portal.notices.models import Mail, Webhook

NAMES = (
    *("EMAIL_URL", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_SECURITY"),
    *("DEFAULT_FROM_ADDRESS", "EMAIL_TIMEOUT", "EMAIL_URL_FILE", "EMAIL_HOST_PASSWORD_FILE"),
)


def read(monkeypatch: pytest.MonkeyPatch, **given: str) -> dict[str, Any]:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return env_mail.settings()


SENDER = {"DEFAULT_FROM_ADDRESS": "portal@example.edu"}


def test_without_settings_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch)["EMAIL_BACKEND"] == ""


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp+starttls://u:p%40ss@mail.example.edu", 587, True, False),
        ("smtps://u:p%40ss@mail.example.edu", 465, False, True),
        ("smtps://u:p%40ss@mail.example.edu:2465/", 2465, False, True),
    ],
)
def test_one_address_says_it_all(
    monkeypatch: pytest.MonkeyPatch, url: str, port: int, tls: bool, ssl: bool
) -> None:
    found = read(monkeypatch, EMAIL_URL=url, **SENDER)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.edu", port)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("u", "p@ss")
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (tls, ssl)


def test_or_each_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(
        monkeypatch, EMAIL_HOST="mail.example.edu", EMAIL_HOST_USER="u", EMAIL_HOST_PASSWORD="p", **SENDER
    )
    assert found["EMAIL_PORT"] == 587 and found["EMAIL_USE_TLS"] is True


def test_a_folder_takes_them_in_a_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch, EMAIL_URL="file:///tmp/a%20b/mail", **SENDER)
    assert found["EMAIL_BACKEND"] == env_mail.FILES and found["EMAIL_FILE_PATH"] == "/tmp/a b/mail"


@pytest.mark.parametrize(
    "wrong",
    [
        {"EMAIL_URL": "smtps://mail.example.edu"},  # as whom?
        {"EMAIL_URL": "http://mail.example.edu", **SENDER},
        {"EMAIL_URL": "smtps://", **SENDER},
        {"EMAIL_URL": "smtps://mail.example.edu/box", **SENDER},
        {"EMAIL_URL": "smtps://mail.example.edu:x", **SENDER},
        {"EMAIL_URL": "file://relative", **SENDER},
        {"EMAIL_URL": "smtp://u:p@mail.example.edu", **SENDER},  # a password in the clear
        {"EMAIL_URL": "smtps://u@mail.example.edu", **SENDER},
        {"EMAIL_URL": "smtps://a.example", "EMAIL_HOST": "b.example", **SENDER},
        {"EMAIL_HOST": "mail.example.edu", "EMAIL_SECURITY": "maybe", **SENDER},
        {"EMAIL_HOST": "mail.example.edu", "EMAIL_PORT": "x", **SENDER},
        {"EMAIL_HOST": "mail.example.edu", "DEFAULT_FROM_ADDRESS": "Portal <portal@example.edu>"},
        {"EMAIL_HOST": "mail.example.edu", "DEFAULT_FROM_ADDRESS": "a@b\nBcc: c@d"},
        {"EMAIL_HOST": "mail.example.edu", "DEFAULT_FROM_ADDRESS": "nobody"},
    ],
)
def test_what_cannot_be_meant_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        read(monkeypatch, **wrong)
    assert "u:p" not in str(refusal.value)


def test_a_password_may_travel_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, EMAIL_URL="smtp://u:p@127.0.0.1:1025", **SENDER)["EMAIL_PORT"] == 1025


def test_operators_are_told_that_no_mail_goes_out(settings: Settings) -> None:
    settings.DEVELOPMENT = False
    assert list(checks.mail_is_configured(None)) == []
    settings.DEFAULT_FROM_EMAIL = ""
    assert [message.id for message in checks.mail_is_configured(None)] == ["portal.W010"]


def test_a_refused_network_that_is_none_is_an_error(settings: Settings) -> None:
    settings.WEBHOOK_REFUSED_NETWORKS = ["10.0.0.0/8", "nonsense"]
    assert [message.id for message in checks.refused_networks_are_networks(None)] == ["portal.E010"]


@pytest.mark.django_db
class TestDoctor:
    def findings(self, network: bool = False) -> dict[str, str]:
        return {one.name: one.level for one in doctor_checks.outgoing(Plan(network=network))}

    def test_all_is_well(self, settings: Settings) -> None:
        settings.EMAIL_HOST = "mail.example.edu"
        assert self.findings() == {"mail server": "untried", "mails": "ok", "webhooks": "ok"}

    def test_no_mail_server(self, settings: Settings) -> None:
        settings.DEFAULT_FROM_EMAIL = ""
        assert self.findings()["mail server"] == "degraded"

    def test_one_that_does_not_answer(self, settings: Settings) -> None:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = env_mail.SMTP, "127.0.0.1", 9
        assert self.findings(network=True)["mail server"] == "degraded"

    def test_files_reach_nobody(self, settings: Settings) -> None:
        settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = env_mail.FILES, "/tmp/mail"
        assert self.findings()["mail server"] == "note"

    def test_what_waits_too_long_and_what_was_given_up(self, db: None) -> None:
        old = "2026-01-01T00:00:00Z"
        Mail.objects.create(to_address="a@b.c", subject="s", attempts=3, error="greylisted", created_at=old)
        Mail.objects.create(to_address="a@b.c", subject="s", state=Mail.State.FAILED)
        found = [
            (one.level, one.says)
            for one in doctor_checks.outgoing(Plan(network=False))
            if one.name == "mails"
        ]
        assert [level for level, _ in found] == ["degraded", "note"] and "greylisted" in found[0][1]

    def test_webhooks_that_fail(self, django_user_model: Any) -> None:
        owner = django_user_model.objects.create(username="x")
        Webhook.objects.create(
            owner=owner, name="n", url="u", sealed_secret="s", failing_since="2026-01-01T00:00:00Z"
        )
        assert self.findings()["webhooks"] == "note"
