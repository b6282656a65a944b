"""Mails go out once, in a form that mail programs act upon, again when the server does not take them, and not too many."""

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from portal.accounts import time_zones
from portal.accounts.models import User
from portal.notices import digests, mailing, services, unsubscribing
from portal.notices.attachments import Attachment
from portal.notices.kinds import MAIL
from portal.notices.models import Choice, Mail
from tests.cast import make_user

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=1)


@pytest.fixture
def ann(db: None) -> User:
    return make_user("ann", display_name="Ann Example")


def tell(user: User, number: int = 1, **more: Any) -> None:
    words = {"title": f"Event {number}", "text": "First line.\n\nSecond part.", **more}
    services.tell("test.plain", to=[user], key=f"event-{number}", **words)


def send(after: timedelta = LATER) -> int:
    return mailing.send_due(timezone.now() + after)


def refusing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[str]:
    """A mail server that takes nothing; what it was asked to take."""
    tried: list[str] = []

    def send_message(self: EmailMessage, fail_silently: bool = False) -> int:
        tried.append(str(self.subject))
        raise error

    monkeypatch.setattr(EmailMessage, "send", send_message)
    return tried


def test_a_mail_waits_a_moment_and_goes_once(ann: User) -> None:
    tell(ann)
    assert mailing.send_due() == 0
    assert send() == 1
    assert send() == 0
    [message] = outbox.outbox
    assert message.to == ["ann@example.edu"] and message.subject == "Event 1"
    assert (
        message.from_email == "Heliosphere demo <portal@example.edu>"
        or "portal@example.edu" in message.from_email
    )
    row = Mail.objects.get()
    assert row.state == Mail.State.SENT and row.sent_at is not None


def test_it_reads_as_plain_text_and_as_html(ann: User) -> None:
    tell(ann, url="/instances/list/", title="<b>blast</b>")
    send()
    message: Any = outbox.outbox[0]
    assert "Hello Ann Example" in message.body
    assert "<b>blast</b>" in message.body, "plain text is not escaped"
    assert "http://testserver/instances/list/" in message.body
    [(html, kind)] = message.alternatives
    assert kind == "text/html" and "&lt;b&gt;blast" in html and "<b>" not in html


def test_programs_are_told_what_it_is(ann: User) -> None:
    tell(ann)
    send()
    headers = outbox.outbox[0].extra_headers
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<http://testserver/notices/unsubscribe/")
    assert headers["Message-ID"] == f"<{Mail.objects.get().pk}@testserver>"


def test_times_are_in_the_persons_zone(ann: User) -> None:
    time_zones.choose(ann, "America/Indiana/Indianapolis")
    tell(ann)
    Mail.objects.update(created_at="2026-03-03T17:30:00Z")
    send()
    assert "2026-03-03 12:30 EST" in outbox.outbox[0].body


def test_attachments_go_along_and_are_kept_no_longer(ann: User) -> None:
    tell(ann, attachments=[Attachment("usage.csv", b"a,b\n", "text/csv")])
    send()
    assert outbox.outbox[0].attachments[0][:2] == ("usage.csv", "a,b\n")
    assert Mail.objects.get().attachments == []


def test_no_name_makes_a_header_of_its_own(ann: User) -> None:
    tell(ann, title="Ready\r\nBcc: everybody@example.edu")
    Mail.objects.update(subject="Ready\r\nBcc: everybody@example.edu")
    send()
    headers = outbox.outbox[0].message()
    assert headers["Bcc"] is None and headers["Subject"] == "Ready Bcc: everybody@example.edu"
    assert outbox.outbox[0].recipients() == ["ann@example.edu"]


def test_what_the_server_does_not_take_is_tried_again_later_and_later(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(ann)
    with monkeypatch.context() as patch:
        tried = refusing(patch, smtplib.SMTPServerDisconnected("gone"))
        assert send() == 0
        row = Mail.objects.get()
        assert (row.state, row.attempts, row.error) == (Mail.State.WAITING, 1, "gone")
        assert row.due_at > timezone.now()
        send(timedelta(hours=1))
        assert len(tried) == 2 and Mail.objects.get().attempts == 2
    assert send(timedelta(hours=12)) == 1


def test_the_same_mail_has_the_same_id_each_time(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(ann)
    from portal.notices.mail_message import message_of

    row = Mail.objects.get()
    assert message_of(row).message()["Message-ID"] == message_of(row).message()["Message-ID"]


def test_an_address_that_the_server_refuses_for_ever_is_not_tried_again(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(ann)
    refusing(monkeypatch, smtplib.SMTPRecipientsRefused({"ann@example.edu": (550, b"no such\r\nuser")}))
    send()
    row = Mail.objects.get()
    assert row.state == Mail.State.FAILED
    assert row.error == "the mail server answered 550 no such user"


def test_one_that_is_refused_for_now_is(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(ann)
    refusing(monkeypatch, smtplib.SMTPRecipientsRefused({"ann@example.edu": (451, b"greylisted")}))
    send()
    assert Mail.objects.get().state == Mail.State.WAITING


def test_after_some_days_it_is_given_up(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(ann)
    Mail.objects.update(created_at=timezone.now() - timedelta(days=4))
    refusing(monkeypatch, OSError("no route"))
    send()
    assert Mail.objects.get().state == Mail.State.FAILED


def test_a_worker_that_died_between_the_server_and_its_mark_leaves_a_repetition(ann: User) -> None:
    tell(ann)
    now = timezone.now() + LATER
    row = mailing.take(Mail.objects.get().pk, now)
    assert row is not None
    assert mailing.take(row.pk, now) is None, "another worker has it"
    assert send(LATER) == 0
    assert send(LATER + mailing.LEASE + LATER) == 1
    assert outbox.outbox[0].extra_headers["Message-ID"] == f"<{row.pk}@testserver>"


def test_two_workers_send_it_once(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(ann)
    real = mailing.due

    def other_first(now: Any) -> Any:
        Mail.objects.filter(state="waiting").update(state="sending", lease_until=now + mailing.LEASE)
        return real(now)

    now = timezone.now() + LATER
    pk = Mail.objects.get().pk
    monkeypatch.setattr(mailing, "due", other_first)
    assert mailing.take(pk, now) is None


def test_many_at_once_come_as_one(ann: User) -> None:
    for number in range(25):
        tell(ann, number, level="danger" if number == 7 else "info")
    assert send() == 1
    [message] = outbox.outbox
    assert message.subject == "Event 7 and 24 more", "the worst first"
    assert "25 things happened" in message.body and "and 5 more" in message.body
    assert "http://testserver/notices/" in message.body
    assert Mail.objects.filter(state=Mail.State.FOLDED).count() == 25
    assert send(timedelta(hours=2)) == 0


def test_three_come_each_by_itself(ann: User) -> None:
    for number in range(3):
        tell(ann, number)
    assert send() == 3


def test_what_carries_files_is_not_folded(ann: User) -> None:
    tell(ann, 0, attachments=[Attachment("a.csv", b"a")])
    for number in range(1, 6):
        tell(ann, number)
    assert send() == 2


def test_a_digest_is_made_once_by_two_workers(ann: User) -> None:
    for number in range(6):
        tell(ann, number)
    now = timezone.now() + LATER
    assert digests.fold(now) == 1
    assert digests._fold_of(ann.pk, now + LATER) is True  # only the digest itself is left to fold …
    assert Mail.objects.exclude(state=Mail.State.FOLDED).count() == 1, "… and one mail remains to be sent"


def test_nobody_gets_more_than_so_many_in_an_hour(ann: User) -> None:
    now = timezone.now()
    for _ in range(12):
        Mail.objects.create(
            user=ann,
            to_address=ann.email,
            subject="x",
            text="x",
            state=Mail.State.SENT,
            sent_at=now - timedelta(minutes=30),
        )
    tell(ann)
    assert send() == 0
    row = Mail.objects.get(state=Mail.State.WAITING)
    assert row.due_at > now + timedelta(minutes=25)
    assert send(timedelta(minutes=31)) == 1


def test_others_are_written_to_meanwhile(ann: User) -> None:
    for _ in range(12):
        Mail.objects.create(
            to_address=ann.email, subject="x", text="x", state=Mail.State.SENT, sent_at=timezone.now()
        )
    bea = make_user("bea")
    tell(ann)
    tell(bea, 2)
    assert send() == 1
    assert outbox.outbox[0].to == [bea.email]


def test_an_invitation_says_why_it_came_and_offers_nothing_to_turn_off(db: None) -> None:
    services.mail(to_address="new@example.edu", subject="Join us", text="Alice invites you.", key="i1")
    assert send() == 1
    message = outbox.outbox[0]
    assert "somebody who uses" in message.body
    assert "List-Unsubscribe" not in message.extra_headers


def test_without_a_mail_server_nothing_is_touched(ann: User, settings: Settings) -> None:
    tell(ann)
    settings.DEFAULT_FROM_EMAIL = ""
    assert send() == 0
    assert Mail.objects.get().attempts == 0


class TestUnsubscribing:
    def path(self, user: User) -> str:
        return unsubscribing.path(user, "test.plain")

    def test_a_mail_program_turns_the_kind_off_by_one_post_without_signing_in(self, ann: User) -> None:
        stranger = Client(enforce_csrf_checks=True)
        answer = stranger.post(self.path(ann), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        choice = Choice.objects.get(user=ann)
        assert (choice.kind, choice.mail, choice.page) == ("test.plain", False, True)
        tell(ann)
        assert not Mail.objects.exists()

    def test_a_scanner_that_follows_links_changes_nothing(self, ann: User) -> None:
        assert Client().get(self.path(ann)).status_code == 200
        assert not Choice.objects.exists()

    def test_twice_is_the_same(self, ann: User) -> None:
        Client().post(self.path(ann))
        assert Client().post(self.path(ann)).status_code == 200
        assert Choice.objects.count() == 1

    @pytest.mark.parametrize("token", ["nonsense", "WzEsInRlc3QucGxhaW4iXQ:1abc:forged"])
    def test_a_link_that_we_did_not_make_does_nothing(self, ann: User, token: str) -> None:
        assert Client().post(f"/notices/unsubscribe/{token}/").status_code == 404
        assert not Choice.objects.exists()

    def test_a_link_for_one_kind_is_good_for_no_other(self, ann: User) -> None:
        path = self.path(ann)
        other = path.replace(path.split("/")[3].split(":")[0], "WzEsInRlc3QuYWx3YXlzIl0")
        assert Client().post(other).status_code == 404

    def test_it_says_nothing_about_whose_it_is(self, ann: User) -> None:
        page = Client().get(self.path(ann)).content.decode()
        assert "Ann Example" not in page and "ann@example.edu" not in page

    def test_the_way_is_named_as_the_choice_is(self) -> None:
        assert MAIL == "mail"
