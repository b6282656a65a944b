"""From one state of a workshop to the next, however late somebody looks."""

import pytest

from instances.workshops import hooks
from instances.workshops.clock.services import cancel, set_meetings
from instances.workshops.models import Workshop
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.instances.workshops.clock.conftest import (
    DAY,
    END,
    HOUR,
    MINUTE,
    START,
    STATE,
    THURSDAY,
    TUESDAY,
    Clock,
    Make,
    meets,
    phase,
    told,
    turned,
)
from tests.instances.workshops.room import seat_of, sit


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other parts neither hear of it nor hold it up."""
    monkeypatch.setattr(hooks, "_plans", [])
    monkeypatch.setattr(hooks, "_before", [])


def state(workshop: Workshop) -> str:
    return Workshop.objects.get(pk=workshop.pk).state


def test_from_planned_to_removing(planned: Workshop, clock: Clock) -> None:
    begins = phase(planned, clock.now).until
    assert begins is not None
    assert turned(planned, clock, begins - MINUTE).next_at == begins
    assert state(planned) == STATE.PLANNED
    assert turned(planned, clock, begins).changed
    planned.refresh_from_db()
    assert (planned.state, planned.begun_at) == (STATE.RUNNING, begins)
    for now in (START, END, END + DAY, START + 2 * DAY):
        assert not turned(planned, clock, now).changed
    over = END + 2 * DAY + 15 * MINUTE
    assert turned(planned, clock, over).changed
    planned.refresh_from_db()
    assert (planned.state, planned.ended_at, planned.remove_after) == (STATE.ENDED, over, over + 3 * DAY)
    assert turned(planned, clock, over + DAY).next_at == over + 3 * DAY
    assert turned(planned, clock, over + 3 * DAY).changed
    assert state(planned) == STATE.REMOVING
    assert not turned(planned, clock, over + 4 * DAY).changed
    done = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert done == ["workshop.begin", "workshop.end", "workshop.remove"]


@pytest.mark.parametrize("which", [STATE.DRAFT, STATE.REMOVED, STATE.CANCELLED, STATE.REMOVING])
def test_what_is_not_under_way_does_not_turn(make: Make, clock: Clock, which: str) -> None:
    found = make(state=which)
    assert not turned(found, clock, START + 99 * DAY).changed
    assert state(found) == which


def test_a_portal_that_was_away_for_ten_minutes_begins_late(planned: Workshop, clock: Clock) -> None:
    assert turned(planned, clock, START - 5 * MINUTE).changed
    assert state(planned) == STATE.RUNNING


def test_a_portal_that_was_away_for_the_first_meeting_waits_for_the_second(
    planned: Workshop, clock: Clock
) -> None:
    """Nothing is built for what is over, and the second one is as it was planned."""
    found = turned(planned, clock, END + 10 * MINUTE)
    assert not found.changed
    assert not turned(planned, clock, END + DAY).changed
    assert state(planned) == STATE.PLANNED
    assert turned(planned, clock, START + 2 * DAY - 20 * MINUTE).changed
    assert state(planned) == STATE.RUNNING


def test_a_portal_that_was_away_for_all_of_it_says_so_and_keeps_nothing(
    planned: Workshop, member: User, clock: Clock
) -> None:
    now = END + 9 * DAY
    assert turned(planned, clock, now).changed
    planned.refresh_from_db()
    assert (planned.state, planned.remove_after) == (STATE.ENDED, now)
    assert told() == {("bob", f"{planned.title} did not take place")}


def test_a_portal_that_was_away_at_the_end_gives_learners_their_days(running: Workshop, clock: Clock) -> None:
    """It comes back when the seats were to be gone already: nobody could fetch their work."""
    now = END + 9 * DAY
    assert turned(running, clock, now).changed
    running.refresh_from_db()
    assert (running.state, running.remove_after) == (STATE.ENDED, now + 3 * DAY)


def test_when_it_has_ended_those_who_run_it_hear_once(running: Workshop, clock: Clock) -> None:
    turned(running, clock, END + 3 * DAY)
    assert told("has ended") == {("bob", f"{running.title} has ended")}


def test_what_is_waited_for_is_waited_for_and_told_when_it_takes_long(
    make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = make(meets(TUESDAY), state=STATE.ENDED, ended_at=END, keep_days=0)
    words = ["The archive of 3 seats is being made."]
    monkeypatch.setattr(hooks, "_before", [lambda workshop: words[0] if words else ""])
    due = END + 15 * MINUTE
    found = turned(ended, clock, due)
    assert (found.changed, state(ended)) == (False, STATE.ENDED)
    assert found.next_at is not None and found.next_at > due
    assert told() == set()
    for hours in (6, 7):
        assert not turned(ended, clock, due + hours * HOUR).changed
    assert told() == {("bob", f"The seats of {ended.title} wait to be deleted")}
    words.clear()
    assert turned(ended, clock, due + 8 * HOUR).changed
    assert state(ended) == STATE.REMOVING


def test_turning_twice_at_one_moment_turns_once(planned: Workshop, clock: Clock) -> None:
    assert turned(planned, clock, START).changed
    assert not turned(planned, clock, START).changed
    assert AuditEvent.objects.filter(action="workshop.begin").count() == 1


def test_a_meeting_added_in_the_last_tail_keeps_it_running(make: Make, member: User, clock: Clock) -> None:
    last = make(meets(TUESDAY), state=STATE.RUNNING)
    clock.to(END + 10 * MINUTE)
    set_meetings(workshop=last, by=member, meetings=[meets(TUESDAY), meets(THURSDAY)])
    assert not turned(last, clock, END + HOUR).changed
    assert state(last) == STATE.RUNNING


def test_in_a_tail_that_nobody_prepared_nothing_begins(make: Make, clock: Clock) -> None:
    missed = make(meets(TUESDAY))
    found = turned(missed, clock, END + 5 * MINUTE)
    assert (found.changed, state(missed)) == (False, STATE.PLANNED)


def test_a_cancelled_workshop_is_not_begun(planned: Workshop, member: User, clock: Clock) -> None:
    cancel(workshop=planned, by=member)
    assert not turned(planned, clock, START).changed
    assert state(planned) == STATE.CANCELLED


def test_a_test_drive_that_was_left_is_kept_no_days(make: Make, clock: Clock) -> None:
    """All was missed, but somebody had tried a seat: that machine has its days like others."""
    tried = make(meets(TUESDAY))
    sit(seat_of(tried))
    turned(tried, clock, END + HOUR)
    tried.refresh_from_db()
    assert tried.remove_after == END + HOUR + 3 * DAY


def test_on_the_weekend_on_which_clocks_change_the_hour_is_the_wall_clocks(make: Make, clock: Clock) -> None:
    """Ten o'clock on 31 October and on 1 November 2026 in Chicago are 25 hours apart."""
    from datetime import date

    weekend = make(meets(date(2026, 10, 31)), meets(date(2026, 11, 1)))
    clock.now = weekend.opens_at  # type: ignore[assignment]
    assert turned(weekend, clock).changed
    first, second = (one.starts_at for one in weekend.meetings.all())
    assert second - first == 25 * HOUR
    assert phase(weekend, first + 24 * HOUR).want == "away"
    assert phase(weekend, first + 25 * HOUR).want == "on"
