"""Webhooks: signed, sent once per event, again when not taken, given up in the end, and never inwards."""

import base64
import hashlib
import hmac
import json
import socket
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from allocations.models import Allocation, Membership
from portal.accounts.models import User
from portal.core.models import AuditEvent
from portal.notices import delivering, posting, reaching, services, webhooks
from portal.notices.models import Notice, Sending, Webhook
from portal.notices.posting import Answer, NoAnswer
from tests.portal.notices.receiver import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the world answers, and what it was sent; without a network."""

    class World:
        def __init__(self) -> None:
            self.sent: list[tuple[Any, str, bytes, dict[str, str]]] = []
            self.next: Answer | Exception = Answer(204, "", b"")

        def post(self, target: Any, address: str, body: bytes, headers: dict[str, str]) -> Answer:
            self.sent.append((target, address, body, dict(headers)))
            if isinstance(self.next, Exception):
                raise self.next
            return self.next

    world = World()
    monkeypatch.setattr(delivering, "post", world.post)
    monkeypatch.setattr(
        reaching, "look_up", lambda host, port: ["93.184.215.14"] if "example" in host else []
    )
    return world


def hook_of(user: User, **more: Any) -> Webhook:
    words = {"name": "lab chat", "url": "https://hooks.example.edu/in", **more}
    made, _ = webhooks.add(owner=user, by=user, **words)
    return made


def tell(*people: User, key: str = "event-1", **more: Any) -> None:
    words = {"title": "blast is ready", "text": "Log in now.", **more}
    services.tell(words.pop("kind", "test.plain"), to=people, key=key, **words)


def send(after: timedelta = timedelta()) -> int:
    return delivering.send_due(timezone.now() + after)


def test_what_a_person_hears_their_webhook_is_sent_signed(member: User, answers: Any) -> None:
    hook, secret = webhooks.add(
        owner=member, by=member, name="lab chat", url="https://hooks.example.edu/in?x=1"
    )
    tell(member, url="/instances/", scope="allocation.1", level="success")
    assert send() == 1
    [(target, address, body, headers)] = answers.sent
    assert (target.host, target.path, address) == ("hooks.example.edu", "/in?x=1", "93.184.215.14")
    event = json.loads(body)
    assert event["type"] == "test.plain"
    assert event["data"] == {
        "title": "blast is ready",
        "text": "Log in now.",
        "level": "success",
        "url": "http://testserver/instances/",
        "scope": "allocation.1",
        "person": "bob@access-ci.org",
    }
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    hook.refresh_from_db()
    assert hook.last_ok_at is not None and hook.sealed_secret != secret and secret not in hook.sealed_secret


def test_what_others_hear_it_is_not_sent(member: User, colleague: User, answers: Any) -> None:
    hook_of(member)
    tell(colleague)
    assert send() == 0 and not Sending.objects.exists()


def test_only_the_kinds_that_were_chosen(member: User, answers: Any) -> None:
    hook_of(member, chosen=["test.quiet"])
    tell(member)
    tell(member, key="2", kind="test.quiet")
    assert [s.kind for s in Sending.objects.all()] == ["test.quiet"]


def test_the_webhook_of_an_allocation_hears_once_what_many_are_told(
    pi: User, member: User, colleague: User, allocation: Allocation, answers: Any
) -> None:
    hook_of(pi, scope=f"allocation.{allocation.pk}")
    tell(member, colleague, scope=f"allocation.{allocation.pk}")
    assert send() == 1
    assert json.loads(answers.sent[0][2])["data"]["person"] == ""


def test_the_webhook_of_an_allocation_hears_nothing_of_others(
    pi: User, member: User, allocation: Allocation, answers: Any
) -> None:
    hook_of(pi, scope=f"allocation.{allocation.pk}")
    tell(member, scope=f"allocation.{allocation.pk + 1}")
    tell(member, key="2")
    assert send() == 0


def test_a_member_cannot_listen_to_a_whole_allocation(member: User, allocation: Allocation) -> None:
    from portal.core.errors import PortalError

    with pytest.raises(PortalError) as refusal:
        hook_of(member, scope=f"allocation.{allocation.pk}")
    assert refusal.value.id == "notices:not-your-scope"
    assert not Webhook.objects.exists()


def test_who_manages_no_longer_hears_no_longer(
    pi: User, member: User, allocation: Allocation, answers: Any
) -> None:
    hook = hook_of(pi, scope=f"allocation.{allocation.pk}")
    tell(member, scope=hook.scope)
    Membership.objects.filter(user=pi).update(role=Membership.Role.MEMBER)
    assert send() == 0 and answers.sent == []
    hook.refresh_from_db()
    assert hook.disabled_at is not None
    assert Notice.objects.filter(user=pi, kind="webhook.disabled").count() == 1


def test_one_who_is_switched_off_hears_nothing(member: User, answers: Any) -> None:
    hook_of(member)
    tell(member)
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert send() == 0 and answers.sent == []


def test_what_is_not_taken_is_sent_again_under_the_same_id(member: User, answers: Any) -> None:
    hook_of(member)
    tell(member)
    answers.next = Answer(503, "", b"<h1>busy</h1>\x1b[31m" + b"x" * 500)
    assert send() == 0
    row = Sending.objects.get()
    assert (row.state, row.attempts, row.status_code, row.error) == ("waiting", 1, 503, "answered 503")
    assert "\x1b" not in row.answer and len(row.answer) <= 300
    assert row.due_at > timezone.now()
    answers.next = Answer(200, "", b"")
    assert send(timedelta(minutes=1)) == 1
    first, second = answers.sent
    assert first[3]["webhook-id"] == second[3]["webhook-id"] and first[2] == second[2]


def test_a_server_that_asks_for_time_gets_it(member: User, answers: Any) -> None:
    hook_of(member)
    tell(member)
    answers.next = Answer(429, "600", b"")
    send()
    assert Sending.objects.get().due_at > timezone.now() + timedelta(minutes=9)


@pytest.mark.parametrize("asked", ["-5", "99999999999", "soon", "1e9", ""])
def test_a_silly_wish_for_time_is_not_granted(member: User, answers: Any, asked: str) -> None:
    hook_of(member)
    tell(member)
    answers.next = Answer(429, asked, b"")
    send()
    assert Sending.objects.get().due_at < timezone.now() + timedelta(hours=2)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(member: User, answers: Any, status: int) -> None:
    hook_of(member)
    tell(member)
    answers.next = Answer(status, "", b"")
    assert send() == 0
    assert len(answers.sent) == 1
    assert "redirects are not followed" in Sending.objects.get().error


def test_an_event_is_given_up_after_its_last_try(member: User, answers: Any) -> None:
    hook_of(member)
    tell(member)
    answers.next = NoAnswer("no answer within 15 s")
    for _ in range(delivering.MOST_TRIES):
        send(timedelta(days=2))
        Sending.objects.update(due_at=timezone.now())
    row = Sending.objects.get()
    assert (row.state, row.attempts) == ("failed", delivering.MOST_TRIES)


def test_after_days_of_failure_it_is_switched_off_and_its_owner_told(member: User, answers: Any) -> None:
    hook = hook_of(member)
    answers.next = NoAnswer("no connection")
    tell(member)
    send()
    hook.refresh_from_db()
    assert hook.failing_since is not None and hook.disabled_at is None
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=6))
    send(timedelta(hours=1))
    hook.refresh_from_db()
    assert hook.disabled_at is not None and "5 days" in hook.disabled_why
    told = Notice.objects.get(user=member, kind="webhook.disabled")
    assert told.url == f"/profile/webhooks/{hook.pk}/"
    assert AuditEvent.objects.filter(action="webhook.disable", actor_name="the portal").count() == 1
    assert not Sending.objects.filter(state="waiting", kind="test.plain").exists()


def test_one_that_took_something_meanwhile_is_not(member: User, answers: Any) -> None:
    hook = hook_of(member)
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=6))
    tell(member)
    assert send() == 1
    hook.refresh_from_db()
    assert hook.failing_since is None and hook.disabled_at is None


def test_410_switches_it_off_at_once(member: User, answers: Any) -> None:
    hook = hook_of(member)
    tell(member)
    answers.next = Answer(410, "", b"")
    send()
    hook.refresh_from_db()
    assert hook.disabled_at is not None and Sending.objects.filter(kind="test.plain").get().state == "failed"


def test_one_that_is_switched_off_is_sent_nothing(member: User, answers: Any) -> None:
    hook = hook_of(member)
    tell(member)
    webhooks.switch(hook=hook, on=False, by=member)
    tell(member, key="2")
    assert send() == 0 and answers.sent == []


def test_a_worker_that_died_leaves_a_repetition_with_the_same_id(member: User, answers: Any) -> None:
    hook_of(member)
    tell(member)
    now = timezone.now()
    taken = delivering.take(Sending.objects.get().pk, now)
    assert taken is not None and delivering.take(taken.pk, now) is None
    assert send() == 0
    assert send(delivering.LEASE + timedelta(seconds=1)) == 1
    assert answers.sent[0][3]["webhook-id"] == f"msg_{taken.pk.hex}"


def test_one_that_does_not_answer_keeps_no_other_waiting(member: User, colleague: User, answers: Any) -> None:
    hook_of(member)
    for number in range(5):
        tell(member, key=f"m{number}")
    answers.next = NoAnswer("no answer within 15 s")
    send()
    assert len(answers.sent) == 1, "the others of this webhook wait too"


def test_a_test_is_tried_once(member: User, answers: Any) -> None:
    hook = hook_of(member)
    webhooks.test(hook=hook, by=member)
    answers.next = Answer(500, "", b"")
    send()
    assert Sending.objects.get().state == "failed"
    assert json.loads(answers.sent[0][2])["type"] == "webhook.test"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("10.0.0.5", "private"),
        ("169.254.169.254", "metadata"),
        ("127.0.0.1", "own machine"),
        ("fe80::1", "link-local"),
    ],
)
def test_a_name_that_leads_inwards_is_sent_nothing(
    member: User, answers: Any, monkeypatch: pytest.MonkeyPatch, settings: Settings, address: str, why: str
) -> None:
    settings.DEVELOPMENT = False
    hook_of(member)
    tell(member)
    monkeypatch.setattr(reaching, "look_up", lambda host, port: [address] if "example" in host else [])
    assert send() == 0 and answers.sent == []
    assert why in Sending.objects.get().error


def test_a_name_that_leads_to_the_portal_itself_is_sent_nothing(
    member: User, answers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook_of(member)
    tell(member)
    monkeypatch.setattr(reaching, "look_up", lambda host, port: ["93.184.215.14"])  # as testserver too
    assert send() == 0 and answers.sent == []
    assert "portal itself" in Sending.objects.get().error


def test_a_name_is_looked_up_once_and_that_address_is_used(
    member: User, answers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second answer, to the connection, could lead elsewhere (DNS rebinding)."""
    asked: list[str] = []

    def changing(host: str, port: int, **more: Any) -> Any:
        asked.append(host)
        address = "93.184.215.14" if asked.count("hooks.example.edu") == 1 else "10.0.0.5"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))] if "example" in host else []

    monkeypatch.undo()
    monkeypatch.setattr(socket, "getaddrinfo", changing)
    sent: list[str] = []

    def post(target: Any, address: str, body: bytes, headers: Any) -> Answer:
        sent.append(address)
        return Answer(200, "", b"")

    monkeypatch.setattr(delivering, "post", post)
    hook_of(member)
    from portal.notices import kinds
    from tests.portal.notices.conftest import PLAIN

    monkeypatch.setitem(kinds._kinds, PLAIN.name, PLAIN)
    tell(member)
    assert send() == 1
    assert sent == ["93.184.215.14"] and asked.count("hooks.example.edu") == 1


class TestPosting:
    """Over a real socket on loopback."""

    def post(self, receiver: Receiver, body: bytes = b"{}") -> Answer:
        from portal.notices.addresses import target_of

        target = target_of(f"http://localhost:{receiver.port}/in", local=True)
        return posting.post(target, "127.0.0.1", body, {"Content-Type": "application/json"})

    def test_it_arrives_whole(self) -> None:
        with Receiver(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok") as receiver:
            assert self.post(receiver, b'{"a":1}') == Answer(202, "", b"ok")
        assert receiver.got.startswith(b"POST /in HTTP/1.1\r\n") and receiver.got.endswith(b'{"a":1}')
        assert f"host: localhost:{receiver.port}".encode() in receiver.got.lower()

    def test_an_endless_answer_is_cut(self) -> None:
        with Receiver(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000) as receiver:
            assert len(self.post(receiver).start) == 4096

    def test_endless_headers_are_refused(self) -> None:
        with (
            Receiver(b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"x" * 100_000) as receiver,
            pytest.raises(NoAnswer),
        ):
            self.post(receiver)

    def test_what_is_not_http_is_refused(self) -> None:
        with (
            Receiver(b"SSH-2.0-OpenSSH_9.2\r\n") as receiver,
            pytest.raises(NoAnswer, match="does not speak HTTP"),
        ):
            self.post(receiver)

    def test_one_that_drips_is_left_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(posting, "ALL_SECONDS", 0.6)
        with (
            Receiver(b"HTTP/1.1 200 OK\r\nX: ", drip=0.1) as receiver,
            pytest.raises(NoAnswer, match="no answer"),
        ):
            self.post(receiver)

    def test_one_that_closes_without_a_word_gave_no_answer(self) -> None:
        with Receiver(b"") as receiver, pytest.raises(NoAnswer):
            self.post(receiver)

    def test_a_redirect_is_an_answer_and_nothing_more(self) -> None:
        reply = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        with Receiver(reply) as receiver:
            assert self.post(receiver).status == 302
        assert receiver.connections == 1

    def test_nobody_there_is_told(self) -> None:
        with Receiver(b"") as receiver:
            port = receiver.port
        from portal.notices.addresses import target_of

        with pytest.raises(NoAnswer, match="no connection"):
            posting.post(target_of(f"http://localhost:{port}/", local=True), "127.0.0.1", b"", {})


def test_the_cache_is_not_where_secrets_are(member: User, answers: Any) -> None:
    _, secret = webhooks.add(owner=member, by=member, name="n", url="https://hooks.example.edu/")
    tell(member)
    send()
    assert cache.get(secret) is None
    assert secret not in json.dumps(list(AuditEvent.objects.values("detail", "target_name")))
