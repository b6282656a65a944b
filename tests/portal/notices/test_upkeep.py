"""What is old goes; what is needed stays; lost messages are no loss; secrets move to new keys."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from cryptography.fernet import Fernet
from django.core import mail as outbox
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import Settings

from portal.accounts.models import Look, User
from portal.core.ids import first_of
from portal.core.resealing import reseal_all
from portal.core.seal import unseal
from portal.notices import services, tasks
from portal.notices.models import Mail, Notice, Sending, Told, Webhook
from tests.portal.notices.things import announce, webhook_of

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def notice(user: User, days: float) -> Notice:
    return Notice.objects.create(pk=first_of(days_ago(days)), user=user, kind="test.plain", title=f"{days}")


def mail(days: float, **more: Any) -> Mail:
    fields = {"to_address": "a@example.edu", "subject": f"{days}", "state": Mail.State.SENT, **more}
    return Mail.objects.create(pk=first_of(days_ago(days)), **fields)


def test_the_inbox_forgets_after_its_days_and_is_not_told_again(member: User) -> None:
    services.tell("test.plain", to=[member], key="old", title="t", text="x")
    Notice.objects.all().delete()
    notice(member, 181), notice(member, 179)
    tasks.tidy()
    assert [one.title for one in Notice.objects.all()] == ["179"]
    assert Told.objects.count() == 1
    assert services.tell("test.plain", to=[member], key="old", title="t", text="x") == 0


def test_mails_go_and_those_that_wait_stay(member: User) -> None:
    mail(31), mail(29), mail(32, state=Mail.State.WAITING)
    tasks.tidy()
    assert {one.subject for one in Mail.objects.all()} == {"29", "32"}


def test_a_mail_to_an_address_keeps_its_key_so_that_it_goes_once(db: None) -> None:
    mail(40, key="invitation:1", url="/join/")
    tasks.tidy()
    assert Mail.objects.get().url == ""
    assert services.mail(to_address="a@example.edu", subject="s", text="t", key="invitation:1") is False


def test_deliveries_announcements_and_looks_go_in_their_time(member: User, operator: User) -> None:
    hook = webhook_of(member)
    for days, state in ((40, "done"), (41, "waiting"), (3, "done")):
        Sending.objects.create(
            pk=first_of(days_ago(days)),
            webhook=hook,
            kind="k",
            title=f"{days}",
            key=f"{days}",
            body="{}",
            state=state,
        )
    announce(operator, starts_at=days_ago(300), ends_at=days_ago(200))
    announce(operator)
    for days in (2000, 10):
        Look.objects.create(operator=operator, person=member, started_at=days_ago(days), until=days_ago(days))
    tasks.tidy()
    assert {one.title for one in Sending.objects.all()} == {"41", "3"}
    assert Look.objects.count() == 1
    from portal.notices.models import Announcement

    assert Announcement.objects.count() == 1


def test_what_an_invitation_says_is_sealed_and_gone_once_it_was_sent(db: None) -> None:
    services.mail(
        to_address="a@example.edu", subject="Join", text="https://portal/join/secret-token", key="i"
    )
    kept = Mail.objects.get()
    assert "secret-token" not in (kept.text + kept.sealed_text) and "secret-token" in unseal(kept.sealed_text)
    tasks.send_mails()
    kept.refresh_from_db()
    assert "secret-token" in outbox.outbox[0].body
    assert (kept.state, kept.sealed_text) == (Mail.State.SENT, "")


def test_it_is_gone_too_once_it_was_given_up(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    services.mail(to_address="a@example.edu", subject="Join", text="secret-token", key="i")
    Mail.objects.update(created_at=days_ago(4))

    def refuse(*args: Any, **more: Any) -> int:
        raise OSError("no route")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    tasks.send_mails()
    kept = Mail.objects.get()
    assert (kept.state, kept.sealed_text) == (Mail.State.FAILED, "")


def test_one_that_no_key_opens_is_given_up_and_holds_up_no_other(db: None) -> None:
    services.mail(to_address="a@example.edu", subject="Join", text="x", key="1")
    Mail.objects.update(sealed_text=Fernet(Fernet.generate_key()).encrypt(b"x").decode())
    services.mail(to_address="b@example.edu", subject="Join", text="x", key="2")
    tasks.send_mails()
    assert {one.to_address: one.state for one in Mail.objects.all()} == {
        "a@example.edu": "failed",
        "b@example.edu": "sent",
    }


def test_secrets_move_to_a_new_key(member: User, settings: Settings) -> None:
    hook = webhook_of(member)
    services.mail(to_address="a@example.edu", subject="Join", text="x", key="1")
    before = unseal(hook.sealed_secret)
    settings.SEAL_KEYS = ["another-key-of-at-least-thirty-two-characters", *settings.SEAL_KEYS]
    assert reseal_all().unopened == 0
    settings.SEAL_KEYS = settings.SEAL_KEYS[:1]
    assert unseal(Webhook.objects.get().sealed_secret) == before
    assert unseal(Mail.objects.get().sealed_text) == "x"


def test_a_message_that_is_lost_is_no_loss(
    member: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(*args: Any, **more: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app, "send_task", away)
    with django_capture_on_commit_callbacks(execute=True):
        services.mail(to_address="a@example.edu", subject="s", text="t", key="1")
    tasks.send_mails()
    assert len(outbox.outbox) == 1
