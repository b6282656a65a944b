"""The queue of calls: who comes, one at a time, and who hears of those to whom nobody comes."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from instances.workshops.board import here, reminding, tasks
from instances.workshops.learner import calls
from instances.workshops.models import HelpRequest, Learner, Seat, Workshop
from portal.accounts.models import User
from portal.core.redis_client import client as redis
from portal.notices.models import Notice
from tests.instances.workshops.room import make_workshop


@pytest.fixture
def call(seat: Seat, learner: Learner) -> HelpRequest:
    return calls.ask(learner=learner, text="My kernel <died>")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def do(user: User, call: HelpRequest, what: str, **headers: str) -> int:
    url = reverse("board:call", args=[call.workshop_id, call.pk, what])
    return client_of(user).post(url, headers=headers).status_code


def test_the_queue_shows_who_asked_what_and_since_when(call: HelpRequest, helper: User) -> None:
    text = client_of(helper).get(reverse("board:calls", args=[call.workshop_id])).content.decode()
    assert "Seat 1, Lea" in text and "My kernel &lt;died&gt;" in text
    assert "I come" in text and "Nobody has said that they come." in text


def test_operators_see_the_queue_and_no_buttons(call: HelpRequest, operator: User) -> None:
    text = client_of(operator).get(reverse("board:calls", args=[call.workshop_id])).content.decode()
    assert "Lea" in text and "I come" not in text


def test_of_two_who_claim_the_second_is_told_who_comes(call: HelpRequest, helper: User, member: User) -> None:
    assert do(helper, call, "claim") == 302
    assert do(member, call, "claim") == 409
    url = reverse("board:call", args=[call.workshop_id, call.pk, "claim"])
    text = client_of(member).post(url, headers={"HX-Request": "true"}).content.decode()
    assert "Hanna took this call before you." in text
    call.refresh_from_db()
    assert call.claimed_by == helper


def test_a_call_is_let_go_and_done(call: HelpRequest, helper: User) -> None:
    do(helper, call, "claim")
    do(helper, call, "leave")
    call.refresh_from_db()
    assert call.claimed_by is None
    do(helper, call, "done")
    call.refresh_from_db()
    assert (call.done_by, call.done_at is not None) == (helper, True)


@pytest.mark.parametrize("what", ["claim", "leave", "done"])
@pytest.mark.parametrize("role", ["lea", "stranger", "colleague", "operator"])
def test_nobody_else_answers(role: str, what: str, call: HelpRequest, request: pytest.FixtureRequest) -> None:
    assert do(request.getfixturevalue(role), call, what) in (403, 404)
    call.refresh_from_db()
    assert (call.claimed_by, call.done_at) == (None, None)


def test_a_call_is_of_its_own_workshop(call: HelpRequest, member: User) -> None:
    other = make_workshop(call.workshop.allocation, member)
    url = reverse("board:call", args=[other.pk, call.pk, "done"])
    assert client_of(member).post(url).status_code == 404
    assert do(member, call, "dance") == 404


def heard(user: User) -> int:
    return Notice.objects.filter(user=user, kind=reminding.KIND).count()


def test_those_not_at_the_board_hear_of_a_call_that_nobody_answers(
    call: HelpRequest, helper: User, member: User
) -> None:
    client_of(member).get(reverse("board:board", args=[call.workshop_id]))
    now = timezone.now()
    assert reminding.remind(now + timedelta(seconds=110)) == 0
    assert reminding.remind(now + timedelta(seconds=121)) == 1
    assert reminding.remind(now + timedelta(seconds=180)) == 0

    assert (heard(helper), heard(member)) == (1, 0)
    notice = Notice.objects.get(user=helper)
    assert notice.url == reverse("board:board", args=[call.workshop_id])


def test_the_page_of_the_board_says_who_is_there(call: HelpRequest, helper: User) -> None:
    client_of(helper).get(reverse("board:calls", args=[call.workshop_id]))
    assert here.on_board(call.workshop_id) == {helper.pk}


@pytest.mark.parametrize("change", ["claimed", "done", "old", "over"])
def test_a_call_that_waits_for_nobody_is_not_told(call: HelpRequest, helper: User, change: str) -> None:
    now = timezone.now() + timedelta(minutes=3)
    if change == "claimed":
        calls.claim(call=call, by=helper)
    elif change == "done":
        calls.done(call=call, by=helper)
    elif change == "old":
        now += timedelta(hours=3)
    else:
        Workshop.objects.filter(pk=call.workshop_id).update(state=Workshop.State.ENDED)
    assert reminding.remind(now) == 0


def test_without_redis_everybody_is_told(
    call: HelpRequest, helper: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis.exceptions import RedisError

    def fails(*given: object) -> None:
        raise RedisError("away")

    monkeypatch.setattr(redis(), "zrangebyscore", fails)
    assert reminding.remind(timezone.now() + timedelta(minutes=3)) == 2


def test_the_task_runs(call: HelpRequest, helper: User) -> None:
    HelpRequest.objects.filter(pk=call.pk).update(asked_at=timezone.now() - timedelta(minutes=3))
    tasks.remind.run()
    assert heard(helper) == 1
