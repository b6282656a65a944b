"""What is said on learners' screens: to whom, for how long, and by whom it is put away."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from instances.workshops import live
from instances.workshops.learner import messages
from instances.workshops.learner.models import Message
from instances.workshops.models import Learner, Seat, Workshop
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.cast import make_user
from tests.instances.workshops.room import make_learner, make_workshop, seat_of

MINUTE = timedelta(minutes=1)


def say(workshop: Workshop, by: User, text: str = "Back in five minutes", **more: Any) -> Message:
    given: dict[str, Any] = {"seats": None, "minutes": 5, **more}
    return messages.say(workshop=workshop, by=by, text=text, **given)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Groups that were told of something."""
    told: list[str] = []
    monkeypatch.setattr(events, "send", lambda groups, event: told.extend(groups))
    return told


def test_everybody_reads_what_is_said_to_all_and_who_comes_later_too(
    workshop: Workshop, learner: Learner, other_learner: Learner, member: User
) -> None:
    said = say(workshop, member, "  Back in\n five minutes ")
    assert said.text == "Back in five minutes"
    late = make_learner(workshop, make_user("late"))
    for one in (learner, other_learner, late):
        assert messages.current(one) == [said]


def test_what_is_said_to_some_seats_is_read_there_only(
    workshop: Workshop, learner: Learner, seat: Seat, other_learner: Learner, member: User
) -> None:
    said = say(workshop, member, seats=[seat, seat_of(workshop, 3)])
    assert messages.current(learner) == [said]
    assert messages.current(other_learner) == []
    assert messages.current(make_learner(workshop, make_user("late"))) == []


def test_a_seat_of_another_workshop_hears_nothing(workshop: Workshop, seat: Seat, member: User) -> None:
    other = make_workshop(workshop.allocation, member)
    with pytest.raises(PortalError) as refused:
        say(other, member, seats=[seat])
    assert refused.value.id == "workshops:message-nobody"


def test_it_leaves_the_screens_when_its_time_is_over_or_it_is_taken_back(
    workshop: Workshop, learner: Learner, member: User
) -> None:
    said, other = say(workshop, member), say(workshop, member, "Sorry")
    Message.objects.filter(pk=said.pk).update(until=timezone.now() - MINUTE)
    assert messages.current(learner) == [other]
    assert messages.take_back(message=other, by=member)
    assert not messages.take_back(message=other, by=member)
    assert messages.current(learner) == []
    assert list(messages.standing(workshop)) == []


def test_who_has_read_it_puts_it_away_for_themselves(
    workshop: Workshop, learner: Learner, other_learner: Learner, member: User
) -> None:
    said = say(workshop, member)
    assert messages.put_away(learner=learner, message_id=said.pk)
    assert messages.put_away(learner=learner, message_id=said.pk)
    assert messages.current(learner) == []
    assert messages.current(other_learner) == [said]


def test_nobody_puts_away_what_is_not_theirs(workshop: Workshop, learner: Learner, member: User) -> None:
    other = make_workshop(workshop.allocation, member)
    make_learner(other, make_user("ola"))
    said = say(other, member)
    assert not messages.put_away(learner=learner, message_id=said.pk)
    assert not said.deliveries.exists()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"text": "  \n "}, "message-empty"),
        ({"text": "x" * 1001}, "message-long"),
        ({"minutes": 0}, "message-minutes"),
        ({"minutes": 24 * 60 + 1}, "message-minutes"),
    ],
)
def test_what_cannot_be_shown_is_not_said(
    workshop: Workshop, learner: Learner, member: User, given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(PortalError) as refused:
        say(workshop, member, **given)
    assert refused.value.id == f"workshops:{problem}"
    assert not Message.objects.exists()


def test_pages_are_told_and_it_stands_in_the_trail(
    workshop: Workshop,
    learner: Learner,
    other_learner: Learner,
    member: User,
    heard: list[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        say(workshop, member)
    assert {live.group_of_learner(one.pk) for one in (learner, other_learner)} <= set(heard)
    found = AuditEvent.objects.get(action="workshop.say")
    assert found.scope == f"allocation.{workshop.allocation_id}"
    assert found.detail["text"] == "Back in five minutes"


def test_it_is_on_the_page_as_the_text_that_it_is(
    workshop: Workshop, seat: Seat, learner: Learner, lea: User, member: User, client: Client
) -> None:
    said = say(workshop, member, "<script>alert(1)</script>")
    client.force_login(lea)
    shown = client.get(f"/w/{workshop.pk}/").content.decode()
    assert "&lt;script&gt;alert(1)" in shown and "<script>alert" not in shown
    put = client.post(f"/w/{workshop.pk}/messages/{said.pk}/", headers={"HX-Request": "true"})
    assert "alert(1)" not in put.content.decode()
    assert client.post(f"/w/{workshop.pk}/messages/{said.pk}/").status_code == 302
