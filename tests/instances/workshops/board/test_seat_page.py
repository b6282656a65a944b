"""One seat: what those who help see of it, and being there, which the learner always sees."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from instances.remote.models import RemoteSession, Share
from instances.workshops.models import Seat, Workshop
from portal.accounts.models import User
from portal.core import events
from portal.core.models import AuditEvent
from tests.cast import make_user
from tests.instances.remote.people import session_on
from tests.instances.workshops.room import make_helper, make_workshop, seat_of


@pytest.fixture
def shell(seat: Seat, lea: User) -> RemoteSession:
    assert seat.instance is not None
    return session_on(seat.instance, lea, login="learner")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(seat: Seat, name: str = "seat", *more: object) -> str:
    return reverse(f"board:{name}", args=[seat.workshop_id, seat.pk, *more])


def actions(workshop: Workshop) -> list[str]:
    scope = f"allocation.{workshop.allocation_id}"
    found = AuditEvent.objects.filter(scope=scope, action__startswith="workshop.").order_by("pk")
    return list(found.values_list("action", flat=True))


def test_a_helper_sees_the_seat_and_no_link_to_its_machine(seat: Seat, helper: User, member: User) -> None:
    assert seat.instance is not None
    link = reverse("instances:detail", args=[seat.instance_id])
    text = client_of(helper).get(page(seat)).content.decode()

    assert "Lea" in text and seat.instance.name in text
    assert link not in text
    assert link in client_of(member).get(page(seat)).content.decode()


@pytest.mark.parametrize("role", ["lea", "colleague", "stranger"])
def test_the_learner_and_strangers_do_not_see_it(
    role: str, seat: Seat, request: pytest.FixtureRequest
) -> None:
    assert client_of(request.getfixturevalue(role)).get(page(seat)).status_code == 404


def test_an_operator_sees_it_without_any_button(seat: Seat, shell: RemoteSession, operator: User) -> None:
    text = client_of(operator).get(page(seat)).content.decode()
    assert "Lea" in text
    assert "<form" not in text.partition('id="dialog-title"')[2].partition("dialog-foot")[0]


def test_a_seat_is_found_in_its_own_workshop_only(seat: Seat, member: User) -> None:
    other = make_workshop(seat.workshop.allocation, member)
    url = reverse("board:seat", args=[other.pk, seat.pk])
    assert client_of(member).get(url).status_code == 404


def test_looking_on_opens_the_learners_shell_to_look_only(
    seat: Seat, shell: RemoteSession, helper: User
) -> None:
    answer = client_of(helper).post(page(seat, "look", shell.pk))

    assert answer.headers["Location"] == page(seat, "looking", shell.pk)
    share = Share.objects.get(session=shell)
    assert (share.invited, share.created_by, share.mode) == (helper, helper, "view")
    assert actions(seat.workshop) == ["workshop.look"]
    text = client_of(helper).get(page(seat, "looking", shell.pk)).content.decode()
    assert "you only look on" in text and "Type too" in text
    assert reverse("remote:join-open", args=[share.pk]) in text


def test_who_did_not_ask_to_look_on_is_led_to_the_seat(
    seat: Seat, shell: RemoteSession, helper: User
) -> None:
    assert client_of(helper).get(page(seat, "looking", shell.pk)).headers["Location"] == page(seat)
    assert not Share.objects.exists()


def test_typing_takes_a_second_click_which_the_learner_is_told(
    seat: Seat,
    shell: RemoteSession,
    helper: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(events, "send", lambda groups, event: heard.append((list(groups), event)))
    client = client_of(helper)
    client.post(page(seat, "look", shell.pk))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(page(seat, "typing", shell.pk), {"may": "1"})

    assert Share.objects.get(session=shell).mode == "type"
    told = [
        event.detail["toasts"][0]["text"]
        for groups, event in heard
        if groups == [f"user.{shell.person_id}"] and getattr(event, "name", "") == "toast"
    ]
    assert told == ["Hanna may now type in your shell."]
    assert "you may type" in client.get(page(seat, "looking", shell.pk)).content.decode()
    client.post(page(seat, "typing", shell.pk), {"may": "0"})
    assert Share.objects.get(session=shell).mode == "view"
    assert actions(seat.workshop) == ["workshop.look", "workshop.type", "workshop.look"]


def test_leaving_takes_the_share_back(seat: Seat, shell: RemoteSession, helper: User) -> None:
    client = client_of(helper)
    client.post(page(seat, "look", shell.pk))
    client.post(page(seat, "look", shell.pk), {"do": "leave"})
    assert Share.objects.get(session=shell).ended_at is not None


@pytest.mark.parametrize("name", ["look", "typing"])
@pytest.mark.parametrize("role", ["lea", "stranger", "colleague", "operator"])
def test_nobody_else_looks_on_or_types(
    name: str, role: str, seat: Seat, shell: RemoteSession, request: pytest.FixtureRequest
) -> None:
    answer = client_of(request.getfixturevalue(role)).post(page(seat, name, shell.pk), {"may": "1"})
    assert answer.status_code in (403, 404)
    assert not Share.objects.exists()


def test_a_helper_of_another_workshop_looks_on_at_nothing(seat: Seat, shell: RemoteSession) -> None:
    tom = make_user("tom")
    other = make_workshop(seat.workshop.allocation, seat.workshop.owner)
    make_helper(other, tom)
    own = seat_of(other)

    assert client_of(tom).post(page(seat, "look", shell.pk)).status_code == 404
    assert client_of(tom).post(page(own, "look", shell.pk)).status_code in (404, 409)
    assert not Share.objects.exists()


def test_a_session_of_another_seat_is_not_looked_at_by_this_one(
    seat: Seat, shell: RemoteSession, other_learner: Any, helper: User
) -> None:
    other = seat_of(seat.workshop, 2)
    assert client_of(helper).post(page(other, "look", shell.pk)).status_code == 409
    assert not Share.objects.exists()


def test_another_helpers_own_shell_is_not_looked_at(seat: Seat, helper: User, member: User) -> None:
    assert seat.instance is not None
    theirs = session_on(seat.instance, helper)
    assert client_of(member).post(page(seat, "look", theirs.pk)).status_code == 409


def test_a_session_that_has_ended_is_not_looked_at(seat: Seat, shell: RemoteSession, helper: User) -> None:
    RemoteSession.objects.filter(pk=shell.pk).update(ended_at=shell.asked_at, end_reason="exited")
    assert client_of(helper).post(page(seat, "look", shell.pk)).status_code == 409


def test_a_shell_of_ones_own_is_in_the_audit(seat: Seat, helper: User) -> None:
    answer = client_of(helper).post(page(seat, "enter"))

    assert answer.headers["Location"] == reverse("remote:shell", args=[seat.instance_id])
    assert actions(seat.workshop) == ["workshop.enter"]


def test_no_shell_of_ones_own_behind_the_learners_back(
    seat: Seat, shell: RemoteSession, helper: User
) -> None:
    assert client_of(helper).post(page(seat, "enter")).status_code == 409
    assert actions(seat.workshop) == []
    RemoteSession.objects.filter(pk=shell.pk).update(away_since=shell.asked_at)
    assert client_of(helper).post(page(seat, "enter")).status_code == 302


def test_a_seat_without_a_machine_has_nothing_to_enter(workshop: Workshop, helper: User) -> None:
    empty = seat_of(workshop)
    assert client_of(helper).post(page(empty, "enter")).status_code == 409
    assert "No machine was made for it yet" in client_of(helper).get(page(empty)).content.decode()


@pytest.mark.parametrize("role", ["lea", "stranger", "operator"])
def test_nobody_else_enters(role: str, seat: Seat, request: pytest.FixtureRequest) -> None:
    answer = client_of(request.getfixturevalue(role)).post(page(seat, "enter"))
    assert answer.status_code in (403, 404)
    assert actions(seat.workshop) == []
