"""What became of a workshop: attendance, cost, machines, calls."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from instances.workshops.after.report import Report, report_of
from instances.workshops.models import Learner, SeatMachine, Workshop
from tests.cast import make_user
from tests.instances.workshops.after.conftest import (
    DAY,
    FIRST,
    HOUR,
    MINUTE,
    SECOND,
    Seen,
    called,
    charge,
)
from tests.instances.workshops.room import add_seat, make_learner, seat_machine, seat_of, sit

NOW = SECOND + DAY


def report(workshop: Workshop) -> Report:
    return report_of(workshop, NOW)


def test_everything_that_was_spent_is_somebodys(held: Workshop, lea: Learner) -> None:
    spare = seat_machine(held, seat_of(held, spare=True))
    charge(spare, FIRST, 3)
    # Of no workshop.
    other = seat_machine(held)
    SeatMachine.objects.filter(instance=other).delete()
    charge(other, FIRST, 1000)
    found = report(held)
    assert found.total == 15
    assert [line.su for line in found.learners] == [12]
    assert found.others == 3
    # Before the end of the first tail; before that of the second.
    assert [one.su for one in found.meetings] == [9, 6]
    assert found.kept == 0


def test_what_is_spent_after_the_last_tail_is_of_no_meeting(held: Workshop, lea: Learner) -> None:
    machine = seat_of(held).instance
    assert machine is not None
    charge(machine, SECOND + 5 * HOUR, 7)
    found = report(held)
    assert (found.kept, found.total) == (Decimal(7), Decimal(19))
    assert sum((one.su or 0 for one in found.meetings), Decimal(0)) + found.kept == found.total


def test_who_was_there_from_when_to_when(held: Workshop, lea: Learner, seen: Seen) -> None:
    absent = make_learner(held, make_user("otto"), name="Otto")
    seen(lea, 0, 2, 58)
    seen(lea, 1, 5, 5)
    found = report(held)
    mine, his = found.learners
    assert (mine.learner, mine.came, mine.minutes, mine.seat) == (lea, 2, 57, 1)
    assert (his.learner, his.came, his.present, his.seat) == (absent, 0, (None, None), None)
    assert [one.came for one in found.meetings] == [1, 1]
    assert (found.came, found.per_learner) == (1, found.total)


def test_who_was_removed_is_left_out_unless_they_were_there(held: Workshop, lea: Learner, seen: Seen) -> None:
    gone = make_learner(held, make_user("gina"), name="Gina", state=Learner.State.OUT)
    make_learner(held, make_user("ned"), name="Ned", state=Learner.State.OUT)
    seen(gone, 0, 0, 10)
    assert {line.learner.name for line in report(held).learners} == {"Gina", lea.name}


def test_a_test_drive_is_nobodys_presence(held: Workshop, lea: Learner, seen: Seen) -> None:
    tried = make_learner(held, make_user("ines"), via=Learner.Via.TEST)
    seat = sit(add_seat(held, 0), tried)
    assert seat.instance is not None
    charge(seat.instance, FIRST - 2 * HOUR, 5)
    seen(tried, 0, 0, 60)
    found = report(held)
    assert [line.learner for line in found.learners] == [lea]
    assert found.meetings[0].came == 0
    # But it was spent.
    assert (found.total, found.others) == (Decimal(17), Decimal(5))


def test_machines_that_were_replaced_and_how_long_they_took(held: Workshop, lea: Learner) -> None:
    found = report(held).machines
    assert (found.made, found.served, found.never_ready) == (2, 2, 1)
    assert found.replaced == (("failed while it was built", 1),)
    assert found.ready is not None
    assert (found.ready.count, found.ready.middle) == (1, 120)


def test_calls_with_how_long_they_waited(held: Workshop, lea: Learner) -> None:
    called(lea, FIRST, 2)
    called(lea, FIRST + HOUR / 2, 8)
    called(lea, FIRST + HOUR / 3, None)
    found = report(held)
    assert found.calls.waited is not None
    assert (found.calls.waited.middle, found.calls.waited.longest) == (300, 480)
    assert found.calls.unanswered == 1
    assert found.learners[0].calls == 3


def test_of_a_meeting_that_has_not_begun_nothing_is_told(held: Workshop, lea: Learner) -> None:
    found = report_of(held, SECOND - MINUTE)
    assert found.meetings[1].su is None
    assert found.meetings[0].su == 6


def test_a_workshop_that_nobody_came_to(held: Workshop) -> None:
    found = report(held)
    assert found.total == 0
    assert found.per_learner is None and found.learners == ()
    assert found.calls.waited is None and found.machines.ready is None


@pytest.mark.parametrize("learners", [1, 20, 100])
def test_the_number_of_queries_does_not_grow(held: Workshop, seen: Seen, learners: int) -> None:
    for number in range(learners):
        one = make_learner(held, make_user(f"learner-{number}"))
        seat = sit(add_seat(held, 10 + number), one)
        assert seat.instance is not None
        charge(seat.instance, FIRST, 1)
        seen(one, 0, 0, 60)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = report(held)
    assert found.total == learners
    assert len(queries) == 9, [one["sql"][:90] for one in queries]
