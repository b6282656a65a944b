"""What those who run a workshop are told by the clock."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from instances.workshops import hooks
from instances.workshops.clock import reminding, telling
from instances.workshops.clock.people import planners, runners
from instances.workshops.clock.reminding import remind
from instances.workshops.clock.tasks import look
from instances.workshops.models import Learner, Seat, Workshop
from portal.accounts.models import User
from portal.notices.models import Notice
from tests.cast import make_user
from tests.instances.workshops.clock.conftest import (
    DAY,
    END,
    HOUR,
    MINUTE,
    START,
    STATE,
    TUESDAY,
    Clock,
    Make,
    meets,
    told,
)
from tests.instances.workshops.room import make_helper, make_learner, seat_of, sit


@pytest.fixture(autouse=True)
def nothing_in_the_way(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What other parts say stands in the way: nothing, until a test says so."""
    words: list[str] = []
    monkeypatch.setattr(hooks, "_obstacles", [lambda workshop: words])
    return words


def text() -> str:
    return Notice.objects.latest("pk").text


def test_a_day_before_a_meeting_they_hear_how_it_stands(
    planned: Workshop, member: User, clock: Clock
) -> None:
    make_learner(planned, make_user("lea"))
    make_learner(planned, make_user("otto"), state=Learner.State.WAITING)
    make_learner(planned, member, via=Learner.Via.TEST)
    clock.to(START - DAY - MINUTE)
    assert remind() == 0
    clock.to(START - DAY)
    assert (remind(), remind()) == (1, 0)
    assert told() == {("bob", f"{planned.title} meets at 10:00 on 24 Nov 2026 (America/Chicago)")}
    assert "3 seats, 1 joined, 1 wait." in text()
    assert "Nothing is in the way." in text()


def test_what_stands_in_the_way_is_said(
    planned: Workshop, clock: Clock, nothing_in_the_way: list[str]
) -> None:
    nothing_in_the_way.append("Twelve cores are missing.")
    Workshop.objects.filter(pk=planned.pk).update(
        hold_id="workshops:cap-reached", hold_params={"title": "It", "spent": 9, "cap": 8}
    )
    clock.to(START - 20 * HOUR)
    remind()
    assert "It has spent 9 of 8 SU" in text() and "Twelve cores are missing." in text()
    assert Notice.objects.latest("pk").level == "warning"


def test_each_meeting_is_told_of_and_a_moved_one_again(planned: Workshop, clock: Clock) -> None:
    for now, news in ((START - 20 * HOUR, 1), (START - 3 * HOUR, 0), (START + DAY + 3 * HOUR, 1)):
        clock.to(now)
        assert remind() == news
    assert Notice.objects.count() == 2


def test_who_planned_it_just_now_needs_no_reminder(make: Make, clock: Clock) -> None:
    clock.to(START - 10 * HOUR)
    make(meets(TUESDAY), planned_at=clock.now)
    assert remind() == 0


def test_what_is_over_or_hardly_ahead_is_no_news(planned: Workshop, clock: Clock) -> None:
    for now in (START - HOUR, END + 3 * HOUR):
        clock.to(now)
        assert remind() == 0


@pytest.mark.parametrize("state", [STATE.DRAFT, STATE.CANCELLED, STATE.REMOVED, STATE.ENDED])
def test_of_what_does_not_take_place_nobody_is_reminded(make: Make, clock: Clock, state: str) -> None:
    make(meets(TUESDAY), state=state)
    for now in (START - 20 * HOUR, START - 2 * MINUTE):
        clock.to(now)
        assert remind() == 0


def test_seats_that_are_not_there_when_it_begins_are_told_of(make: Make, clock: Clock, member: User) -> None:
    late = make(meets(TUESDAY), state=STATE.RUNNING)
    for number in (1, 2):
        sit(seat_of(late, number))
    Seat.objects.filter(workshop=late, number=3).update(
        stage=Seat.Stage.BUILDING, problem_id="workshops:being-removed", problem_params={"title": "It"}
    )
    clock.to(START - 6 * MINUTE)
    assert remind() == 0
    clock.to(START - 5 * MINUTE)
    assert (remind(), remind()) == (1, 0)
    assert told() == {("bob", f"2 of 3 seats of {late.title} are ready")}
    assert "1 of them: The time for which It was kept is over" in text()


def test_a_full_room_is_no_news(make: Make, clock: Clock) -> None:
    ready = make(meets(TUESDAY), state=STATE.RUNNING)
    for number in (1, 2, 3):
        sit(seat_of(ready, number))
    clock.to(START - 2 * MINUTE)
    assert remind() == 0
    assert told() == set()


def test_a_meeting_that_is_held_back_says_why(planned: Workshop, clock: Clock) -> None:
    Workshop.objects.filter(pk=planned.pk).update(
        hold_id="workshops:cap-reached", hold_params={"title": "It", "spent": 9, "cap": 8}
    )
    clock.to(START - 2 * MINUTE)
    remind()
    assert ("bob", f"0 of 3 seats of {planned.title} are ready") in told()
    assert "It has spent 9 of 8 SU" in text()


def test_the_task_does_all_of_it(planned: Workshop, clock: Clock) -> None:
    clock.to(START - 20 * HOUR)
    look()
    assert len(told()) == 1


@pytest.mark.parametrize("number", [1, 20])
def test_where_nothing_is_new_the_queries_are_few(make: Make, clock: Clock, number: int) -> None:
    for _ in range(number):
        make(meets(TUESDAY))
    clock.to(START - 20 * HOUR)
    remind()
    with CaptureQueriesContext(connection) as queries:
        assert remind() == 0
    assert len(queries) == 2


def test_who_is_told(planned: Workshop, member: User, pi: User, manager: User) -> None:
    hanna = make_user("hanna")
    make_helper(planned, hanna)
    make_helper(planned, member)
    assert planners(planned) == [member]
    assert set(runners(planned)) == {member, hanna}
    member.memberships.update(ended_at=START)
    # Who is no member any more has no say, though they are named as a helper still.
    assert set(planners(planned)) == {pi, manager}
    planned.owner = None
    assert set(planners(planned)) == {pi, manager}


def test_all_that_is_told_can_be_read(running: Workshop, member: User, clock: Clock) -> None:
    telling.removed(running)
    telling.removed(running)
    assert told() == {("bob", f"Everything of {running.title} is removed")}
    assert telling.when(running, None) == "—"
    assert reminding.BEFORE == DAY
