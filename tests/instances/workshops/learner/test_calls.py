"""Asking for help, and the queue of those who do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from instances.workshops import live
from instances.workshops.learner import calls
from instances.workshops.models import HelpRequest, Learner, Seat, Workshop
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError
from tests.cast import make_user
from tests.instances.workshops.room import make_learner

Callbacks = Callable[..., object]


def places(*learners: Learner) -> list[int | None]:
    return [standing.ahead if (standing := calls.standing(one)) else None for one in learners]


@pytest.fixture
def third(workshop: Workshop) -> Learner:
    return make_learner(workshop, make_user("theo"))


def test_each_sees_how_many_are_before_them(
    seat: Seat, learner: Learner, other_learner: Learner, third: Learner
) -> None:
    for one in (learner, other_learner, third):
        calls.ask(learner=one)
    assert places(learner, other_learner, third) == [0, 1, 2]


def test_who_is_helped_already_is_before_nobody(
    learner: Learner, other_learner: Learner, helper: User, third: Learner
) -> None:
    first = calls.ask(learner=learner)
    calls.ask(learner=other_learner)
    calls.ask(learner=third)
    calls.claim(call=first, by=helper)
    standing = calls.standing(learner)
    assert standing is not None and (standing.by, standing.ahead) == (str(helper), 0)
    assert places(other_learner, third) == [0, 1]
    calls.let_go(call=first, by=helper)
    assert places(learner, other_learner) == [0, 1]


def test_asked_again_it_keeps_its_place_and_says_what_was_said_last(
    learner: Learner, other_learner: Learner
) -> None:
    first = calls.ask(learner=learner, text="It hangs")
    calls.ask(learner=other_learner)
    again = calls.ask(learner=learner, text=" It hangs\n still ")
    assert (again.pk, again.text, again.asked_at) == (first.pk, "It hangs still", first.asked_at)
    assert calls.ask(learner=learner).text == "It hangs still"
    assert places(learner) == [0]


def test_a_call_is_withdrawn_once_and_may_be_made_anew(learner: Learner) -> None:
    calls.ask(learner=learner)
    assert calls.withdraw(learner=learner)
    assert not calls.withdraw(learner=learner)
    assert calls.standing(learner) is None
    calls.ask(learner=learner)
    assert HelpRequest.objects.count() == 2


def test_two_helpers_do_not_both_go(learner: Learner, helper: User, pi: User) -> None:
    call = calls.ask(learner=learner)
    assert calls.claim(call=call, by=helper).claimed_by == helper
    assert calls.claim(call=call, by=helper).claimed_by == helper
    with pytest.raises(PortalError) as refused:
        calls.claim(call=call, by=pi)
    assert refused.value.id == "workshops:call-taken"


def test_what_is_over_is_neither_taken_nor_done_twice(learner: Learner, helper: User) -> None:
    call = calls.ask(learner=learner)
    assert calls.done(call=call, by=helper)
    assert not calls.done(call=call, by=helper)
    with pytest.raises(PortalError) as refused:
        calls.claim(call=call, by=helper)
    assert refused.value.id == "workshops:call-over"


def test_who_has_no_seat_cannot_ask(workshop: Workshop) -> None:
    waits = make_learner(workshop, make_user("will"), state=Learner.State.WAITING)
    with pytest.raises(PortalError) as refused:
        calls.ask(learner=waits)
    assert refused.value.id == "workshops:no-seat"


def test_the_calls_of_who_left_are_in_nobodys_way(
    learner: Learner, other_learner: Learner, workshop: Workshop
) -> None:
    calls.ask(learner=learner)
    calls.ask(learner=other_learner)
    Learner.objects.filter(pk=learner.pk).update(state=Learner.State.OUT)
    assert [one.learner_id for one in calls.open_calls(workshop)] == [other_learner.pk]
    assert places(other_learner) == [0]


def test_those_behind_in_line_are_told_that_they_moved_up(
    learner: Learner,
    other_learner: Learner,
    third: Learner,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callbacks,
) -> None:
    calls.ask(learner=learner)
    middle = calls.ask(learner=other_learner)
    calls.ask(learner=third)
    told: list[str] = []
    monkeypatch.setattr(events, "send", lambda groups, event: told.extend(groups))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        calls.done(call=middle, by=learner.user)  # type: ignore[arg-type]
    assert live.group_of_learner(other_learner.pk) in told
    assert live.group_of_learner(third.pk) in told
    assert live.group_of_learner(learner.pk) not in told


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_call(learner: Learner) -> None:
    def ask(_: int) -> object:
        try:
            return calls.ask(learner=Learner.objects.select_related("workshop").get(pk=learner.pk)).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(ask, range(4)))
    assert len(found) == 1
    assert HelpRequest.objects.filter(done_at=None).count() == 1


def test_on_the_page_it_is_asked_and_withdrawn(seat: Seat, lea: User, helper: User, client: Client) -> None:
    client.force_login(lea)
    path, part = f"/w/{seat.workshop_id}/help/", {"HX-Request": "true"}
    asked = client.post(path, {"do": "ask", "text": "It hangs"}, headers=part).content.decode()
    assert "You are next" in asked and "<html" not in asked
    calls.claim(call=HelpRequest.objects.get(), by=helper)
    assert "is coming" in client.get(path, headers=part).content.decode()
    gone = client.post(path, {"do": "withdraw"}, headers=part).content.decode()
    assert "I need help" in gone
    assert client.post(path, {"do": "ask"}).status_code == 302
