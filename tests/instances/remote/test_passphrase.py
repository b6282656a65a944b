"""Exosphere's passphrase: read by a worker as the person, once, sealed on its way, and in nothing that stays."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from allocations.models import Allocation
from instances.models import Instance
from instances.remote import passphrase
from portal.accounts.models import CloudCredential, User
from portal.cloud import servers
from portal.core import redis_client
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.instances.rows import machine
from tests.instances.servers import server

pytestmark = pytest.mark.django_db


def redis() -> Any:
    return redis_client.client()


SECRET = "bone aunt lap kite row sun tin map oak ill gym"
EXOSPHERE = {"exoServerVersion": "6"}


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    return machine(allocation, member, metadata=EXOSPHERE)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the cloud keeps, and as whom it was asked."""
    kept: dict[str, Any] = {
        "tags": (f"exoPw:{SECRET}", "other"),
        "metadata": {},
        "posted": "",
        "asked_as": [],
    }

    def as_person(allocation: Allocation, user: User) -> str:
        kept["asked_as"].append(user)
        if kept.get("refusal"):
            raise kept["refusal"]
        return "cloud"

    monkeypatch.setattr(passphrase, "as_person", as_person)
    monkeypatch.setattr(
        servers,
        "get_server",
        lambda cloud, id: replace(server(), tags=kept["tags"], metadata=kept["metadata"]),
    )
    monkeypatch.setattr(servers, "server_password", lambda cloud, id: kept["posted"])
    return kept


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    sent: list[tuple[object, ...]] = []
    monkeypatch.setattr(passphrase, "enqueue", lambda *what: sent.append(what))
    return sent


def asked(lab: Instance, by: User) -> str:
    question = passphrase.ask(by=by, instance=lab, to_show=False)
    passphrase.read(question)
    return question


def test_it_is_read_as_the_person_and_given_once(lab: Instance, member: User, cloud: dict[str, Any]) -> None:
    question = asked(lab, member)
    assert passphrase.fetch(by=member, instance=lab, ask=question) == SECRET
    assert passphrase.fetch(by=member, instance=lab, ask=question) is None
    assert cloud["asked_as"] == [member]


def test_on_its_way_it_is_sealed_and_short_lived(lab: Instance, member: User, cloud: dict[str, Any]) -> None:
    asked(lab, member)
    found = {name: redis().get(name) for name in redis().keys("passphrase*")}
    assert len(found) == 1
    assert not any(SECRET.split()[0].encode() in (text or b"") for text in found.values())
    assert all(0 < redis().ttl(name) <= passphrase.ANSWER_SECONDS for name in found)


def test_the_message_and_the_record_have_nothing_of_it(
    lab: Instance,
    member: User,
    cloud: dict[str, Any],
    messages: list[tuple[object, ...]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        question = asked(lab, member)
    assert messages == [("remote.read_passphrase", question)]
    event = AuditEvent.objects.get()
    assert event.action == "remote.passphrase-used"
    assert SECRET not in json.dumps(event.detail)
    lab.refresh_from_db()
    assert SECRET not in json.dumps([lab.tags, lab.metadata])


def test_a_message_that_comes_twice_reads_once(lab: Instance, member: User, cloud: dict[str, Any]) -> None:
    question = asked(lab, member)
    passphrase.read(question)
    passphrase.read("made up")
    assert len(cloud["asked_as"]) == 1


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ({"tags": (), "metadata": {"exouserPassword": "old one"}}, "old one"),
        ({"tags": (), "posted": SECRET}, SECRET),
        ({"tags": (), "posted": "c2VhbGVkIGZvciBhIGtleQ=="}, None),
        ({"tags": ("exoPw:" + "x" * 200,)}, None),
        ({"tags": ("exoPw:a\nb",)}, None),
        ({"tags": ()}, None),
    ],
)
def test_it_is_where_exosphere_keeps_it_and_nothing_else_is_taken_for_one(
    lab: Instance, member: User, cloud: dict[str, Any], kept: dict[str, Any], found: str | None
) -> None:
    cloud.update(kept)
    question = asked(lab, member)
    if found is None:
        with pytest.raises(PortalError) as refused:
            passphrase.fetch(by=member, instance=lab, ask=question)
        assert refused.value.id == "remote:no-passphrase"
    else:
        assert passphrase.fetch(by=member, instance=lab, ask=question) == found


def test_only_who_asked_gets_it_and_of_that_machine_only(
    lab: Instance, member: User, pi: User, cloud: dict[str, Any]
) -> None:
    question = asked(lab, member)
    other = machine(lab.allocation, member, metadata=EXOSPHERE)
    assert passphrase.fetch(by=pi, instance=lab, ask=question) is None
    assert passphrase.fetch(by=member, instance=other, ask=question) is None
    assert passphrase.fetch(by=member, instance=lab, ask=question) == SECRET


def test_a_colleague_may_not_ask(lab: Instance, colleague: User, stranger: User) -> None:
    for person, refusal in ((colleague, "portal:forbidden"), (stranger, "portal:not-found")):
        with pytest.raises(PortalError) as refused:
            passphrase.ask(by=person, instance=lab, to_show=True)
        assert refused.value.id == refusal
    assert not redis().keys("passphrase*")


def test_who_lost_the_right_meanwhile_gets_none(lab: Instance, pi: User, cloud: dict[str, Any]) -> None:
    question = passphrase.ask(by=pi, instance=lab, to_show=False)
    pi.memberships.all().delete()
    passphrase.read(question)
    assert cloud["asked_as"] == []
    assert not redis().keys("passphrase:*")


def test_a_machine_that_is_not_exospheres_is_never_asked_about(allocation: Allocation, member: User) -> None:
    for metadata in ({}, {**EXOSPHERE, "helioInstance": "x"}):
        lab = machine(allocation, member, metadata=metadata)
        if metadata:
            Instance.objects.filter(pk=lab.pk).update(metadata={**EXOSPHERE, "helioInstance": str(lab.pk)})
            lab.refresh_from_db()
        with pytest.raises(PortalError) as refused:
            passphrase.ask(by=member, instance=lab, to_show=True)
        assert refused.value.id == "remote:no-passphrase"


def test_a_credential_that_the_cloud_refuses_is_used_no_more(
    lab: Instance, member: User, cloud: dict[str, Any]
) -> None:
    cloud["refusal"] = PortalError("cloud:unauthorized", outcome="auth")
    question = asked(lab, member)
    with pytest.raises(PortalError) as refused:
        passphrase.fetch(by=member, instance=lab, ask=question)
    assert refused.value.id == "cloud:unauthorized"
    assert CloudCredential.objects.get(user=member).refused_at is not None


@pytest.mark.django_db(transaction=True)
async def test_a_session_waits_for_it_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, cloud: dict[str, Any], lab: Instance, member: User
) -> None:
    monkeypatch.setattr(passphrase, "enqueue", lambda task, question: passphrase.read(question))
    assert await passphrase.stored(lab, member) == SECRET
    monkeypatch.setattr(passphrase, "enqueue", lambda *what: None)
    monkeypatch.setattr(passphrase, "WAIT_SECONDS", 0.3)
    with pytest.raises(PortalError) as refused:
        await asyncio.wait_for(passphrase.stored(lab, member), 5)
    assert refused.value.id == "remote:passphrase-late"


class TestShowing:
    def ask(self, client: Client, lab: Instance, **given: str) -> str:
        answer = client.post(reverse("remote:passphrase", args=[lab.pk]), given)
        assert answer.headers["Cache-Control"].count("no-store")
        return answer.content.decode()

    def test_it_is_shown_to_who_asks_once_and_that_is_in_the_record(
        self, lab: Instance, member: User, cloud: dict[str, Any], client: Client
    ) -> None:
        client.force_login(member)
        waiting = self.ask(client, lab)
        question = waiting.split('name="ask" value="')[1].split('"')[0]
        assert "Asking" in waiting and SECRET not in waiting
        passphrase.read(question)
        assert SECRET in self.ask(client, lab, ask=question)
        assert SECRET not in self.ask(client, lab, ask=question)
        assert AuditEvent.objects.get().action == "remote.passphrase-shown"

    def test_where_there_is_none_it_is_said_in_its_place(
        self, lab: Instance, member: User, cloud: dict[str, Any], client: Client
    ) -> None:
        cloud["tags"] = ()
        client.force_login(member)
        question = self.ask(client, lab).split('name="ask" value="')[1].split('"')[0]
        passphrase.read(question)
        assert "No passphrase is kept" in self.ask(client, lab, ask=question)

    def test_the_page_does_not_ask_for_ever(self, lab: Instance, member: User, client: Client) -> None:
        client.force_login(member)
        assert "has not answered" in self.ask(client, lab, ask="x", tries="20")
        assert "Asking" in self.ask(client, lab, ask="x", tries="nonsense")

    def test_a_colleague_is_refused(self, lab: Instance, colleague: User, client: Client) -> None:
        client.force_login(colleague)
        assert client.post(reverse("remote:passphrase", args=[lab.pk])).status_code == 403
