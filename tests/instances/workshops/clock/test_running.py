"""The meeting that runs: longer, ended, beyond its cap."""

from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from instances.workshops.clock import cap
from instances.workshops.clock.cap_rules import Verdict, verdict_of
from instances.workshops.clock.running import (
    end_now,
    ends_at,
    extend,
    extension_cost,
    go_on_beyond_cap,
    meeting_closes,
)
from instances.workshops.clock.services import set_meetings
from instances.workshops.models import Helper, Meeting, Workshop
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.cast import make_user
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
    times,
    turned,
)
from tests.instances.workshops.room import make_helper, seat_of, sit


def refused(call: object, **given: object) -> str:
    with pytest.raises(PortalError) as caught:
        call(**given)  # type: ignore[operator]
    return caught.value.id


@pytest.fixture
def instructor(running: Workshop) -> User:
    """Runs it, and did not plan it."""
    found = make_user("ines")
    make_helper(running, found, Helper.Role.INSTRUCTOR)
    return found


def spends(monkeypatch: pytest.MonkeyPatch, spent: int, hourly: int = 0) -> None:
    """What the ledger would say of it."""

    def verdict(workshop: Workshop, now: Any) -> Verdict:
        return verdict_of(
            workshop.su_cap,
            Decimal(spent),
            Decimal(hourly),
            now,
            until=meeting_closes(workshop, now),
            beyond_until=workshop.over_cap_until,
        )

    monkeypatch.setattr(cap, "verdict", verdict)


def test_extending_moves_the_end_and_what_follows_from_it(
    running: Workshop, instructor: User, clock: Clock
) -> None:
    assert extend(workshop=running, by=instructor, minutes=30) == END + 30 * MINUTE
    meeting = Meeting.objects.get(workshop=running, day=TUESDAY)
    assert (meeting.ends_at, meeting.ends) == (END + 30 * MINUTE, time(12))
    running.refresh_from_db()
    assert running.next_at == clock.now
    event = AuditEvent.objects.get(action="workshop.extend")
    assert "12:00 on 24 Nov 2026 (America/Chicago)" in event.detail["after"]


def test_two_who_extend_at_once_extend_once(running: Workshop, instructor: User, member: User) -> None:
    extend(workshop=running, by=member, minutes=15, seen=END)
    given = {"workshop": running, "minutes": 15, "seen": END}
    assert refused(extend, by=instructor, **given) == "workshops:moved-meanwhile"
    assert times(running)[0][1] == END + 15 * MINUTE
    # Who has seen the new end means it to be later still.
    seen = ends_at(running, START + HOUR)
    assert seen == END + 15 * MINUTE
    extend(workshop=running, by=instructor, minutes=15, seen=seen)
    assert times(running)[0][1] == END + 30 * MINUTE


@pytest.mark.parametrize("minutes", [0, -15, 10, 45, 10_000])
def test_only_what_is_offered(running: Workshop, member: User, minutes: int) -> None:
    assert refused(extend, workshop=running, by=member, minutes=minutes) == "workshops:bad-minutes"


def test_in_the_tail_it_goes_on_from_now(running: Workshop, member: User, clock: Clock) -> None:
    clock.to(END + 10 * MINUTE)
    assert extend(workshop=running, by=member, minutes=15) == END + 25 * MINUTE


def test_after_the_tail_of_a_meeting_that_others_follow_there_is_nothing_to_extend(
    running: Workshop, member: User, clock: Clock
) -> None:
    clock.to(END + 16 * MINUTE)
    assert refused(extend, workshop=running, by=member, minutes=15) == "workshops:no-meeting-now"


def test_an_end_moved_while_seats_are_put_away_brings_them_back(
    make: Make, member: User, clock: Clock
) -> None:
    last = make(meets(TUESDAY), state=STATE.RUNNING)
    assert turned(last, clock, END + 20 * MINUTE).changed
    assert last.state == STATE.ENDED
    extend(workshop=last, by=member, minutes=60)
    last.refresh_from_db()
    assert (last.state, last.ended_at) == (STATE.RUNNING, None)
    assert last.closes_at == END + 95 * MINUTE
    assert last.remove_after == last.closes_at + 3 * DAY
    # An hour after the tail it is too late.
    clock.to(END + 95 * MINUTE + 61 * MINUTE)
    assert refused(extend, workshop=last, by=member, minutes=15) == "workshops:no-meeting-now"


def test_an_end_moved_while_seats_are_deleted_is_refused(make: Make, member: User, clock: Clock) -> None:
    gone = make(meets(TUESDAY), state=STATE.REMOVING)
    clock.to(END + 5 * MINUTE)
    assert refused(extend, workshop=gone, by=member, minutes=15) == "workshops:being-removed"
    assert times(gone) == [(START, END)]


def test_not_into_the_next_meeting(make: Make, member: User, clock: Clock) -> None:
    double = make(meets(TUESDAY), meets(TUESDAY, time(11, 50), time(13)), state=STATE.RUNNING, begun_at=START)
    clock.to(START + HOUR)
    assert refused(extend, workshop=double, by=member, minutes=30) == "workshops:next-too-close"
    assert extend(workshop=double, by=member, minutes=15) == END + 15 * MINUTE


def test_not_beyond_a_day(make: Make, member: User, clock: Clock) -> None:
    long = make(meets(TUESDAY, time(10), time(9, 50)), state=STATE.RUNNING)
    clock.to(START + 2 * HOUR)
    assert refused(extend, workshop=long, by=member, minutes=15) == "workshops:longer-than-a-day"


def test_over_midnight_the_wall_clock_is_of_the_next_day(make: Make, member: User, clock: Clock) -> None:
    late = make(meets(TUESDAY, time(22), time(23, 45)), state=STATE.RUNNING)
    clock.to(times(late)[0][0] + HOUR)
    end = extend(workshop=late, by=member, minutes=30)
    meeting = Meeting.objects.get(workshop=late)
    assert meeting.ends == time(0, 15)
    # What the wall clock says is what is kept: saved once more, nothing moves.
    set_meetings(workshop=late, by=member, meetings=[meets(TUESDAY, time(22), time(0, 15))])
    assert times(late)[0][1] == end


def test_ending_now_leaves_the_tail(running: Workshop, instructor: User, clock: Clock) -> None:
    now = clock.to(START + 33.5 * MINUTE)
    assert end_now(workshop=running, by=instructor) == now
    meeting = Meeting.objects.get(workshop=running, day=TUESDAY)
    assert meeting.ends == time(10, 34)
    assert refused(end_now, workshop=running, by=instructor) == "workshops:no-meeting-now"
    assert not turned(running, clock, now + 14 * MINUTE).changed
    # The others stay as they were, and saving them moves nothing.
    set_meetings(workshop=running, by=running.owner, meetings=[meets(THURSDAY)])  # type: ignore[arg-type]
    assert times(running) == [(START, now), (START + 2 * DAY, END + 2 * DAY)]


def test_ended_as_it_begins_it_is_no_meeting_of_a_day(running: Workshop, member: User, clock: Clock) -> None:
    clock.to(START)
    end_now(workshop=running, by=member)
    meeting = Meeting.objects.get(workshop=running, day=TUESDAY)
    assert meeting.ends == time(10, 1)
    assert meeting.ends_at - meeting.starts_at < MINUTE


def test_who_helps_and_who_looks_on_moves_no_end(
    running: Workshop, helper_of: User, operator: User, stranger: User
) -> None:
    for user, problem in (
        (helper_of, "portal:forbidden"),
        (operator, "portal:forbidden"),
        (stranger, "workshops:unknown"),
    ):
        assert refused(extend, workshop=running, by=user, minutes=15) == problem
        assert refused(end_now, workshop=running, by=user) == problem
        assert refused(go_on_beyond_cap, workshop=running, by=user) == problem


@pytest.fixture
def helper_of(running: Workshop) -> User:
    found = make_user("hanna")
    make_helper(running, found)
    return found


def test_before_it_runs_there_is_nothing_to_move(planned: Workshop, member: User) -> None:
    assert refused(extend, workshop=planned, by=member, minutes=15) == "workshops:not-running"
    assert refused(end_now, workshop=planned, by=member) == "workshops:not-running"


def test_the_word_to_go_on_beyond_the_cap(
    running: Workshop, member: User, instructor: User, clock: Clock
) -> None:
    assert refused(go_on_beyond_cap, workshop=running, by=member) == "workshops:no-cap"
    Workshop.objects.filter(pk=running.pk).update(su_cap=10)
    # By whoever may plan it: it is their cap.
    assert refused(go_on_beyond_cap, workshop=running, by=instructor) == "portal:forbidden"
    assert go_on_beyond_cap(workshop=running, by=member) == END + 15 * MINUTE
    running.refresh_from_db()
    assert (running.over_cap_until, running.next_at) == (END + 15 * MINUTE, clock.now)
    assert refused(go_on_beyond_cap, workshop=running, by=member, until=clock.now) == "workshops:bad-until"
    clock.to(END + HOUR)
    assert go_on_beyond_cap(workshop=running, by=member) == END + 2 * DAY + 15 * MINUTE


def test_a_longer_meeting_beyond_the_cap_needs_the_word_of_who_planned_it(
    running: Workshop, member: User, instructor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workshop.objects.filter(pk=running.pk).update(su_cap=100)
    spends(monkeypatch, 60, hourly=20)
    extend(workshop=running, by=instructor, minutes=15)
    spends(monkeypatch, 95, hourly=20)
    assert refused(extend, workshop=running, by=instructor, minutes=15) == "workshops:cap-word"
    assert times(running)[0][1] == END + 15 * MINUTE
    extend(workshop=running, by=member, minutes=15)
    running.refresh_from_db()
    assert running.over_cap_until == END + 45 * MINUTE
    # Until then the word is given, for whoever runs it.
    go_on_beyond_cap(workshop=running, by=member, until=END + 3 * HOUR)
    extend(workshop=running, by=instructor, minutes=60)


def test_what_an_extension_costs_is_said_before(running: Workshop, clock: Clock) -> None:
    sit(seat_of(running))
    sit(seat_of(running, 2))
    cost = extension_cost(running, 30, clock.now)
    assert cost == extension_cost(running, 60, clock.now) / 2 > 0
