"""Who gets which seat, who waits, and what becomes of the machine that somebody leaves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.workshops.engine.seating import fit_rows, free_seat, give_seat, promote
from instances.workshops.models import Learner, Seat, SeatMachine, Workshop
from portal.accounts.models import User
from tests.instances.workshops.room import make_learner, make_workshop, seat_of, sit

pytestmark = pytest.mark.django_db


def comer(workshop: Workshop, name: str, minutes: int = 0) -> Learner:
    """In line since so many minutes."""
    since = timezone.now() - timedelta(minutes=minutes)
    return make_learner(workshop, name=name, state="waiting", waiting_since=since, joined_at=None)


def test_the_first_free_seat_with_a_machine_is_theirs(workshop: Workshop) -> None:
    sit(seat_of(workshop, 2))
    found = give_seat(comer(workshop, "Ada"))
    assert found is not None and found.number == 2
    learner = Learner.objects.get(name="Ada")
    assert (learner.state, learner.waiting_since) == ("in", None)
    assert learner.joined_at is not None
    assert SeatMachine.objects.get().learner == learner


def test_asking_twice_gives_the_same_seat(workshop: Workshop) -> None:
    learner = comer(workshop, "Ada")
    assert give_seat(learner) == give_seat(learner)
    assert Seat.objects.exclude(learner=None).count() == 1


def test_no_spare_and_no_test_drive_is_ever_given(workshop: Workshop) -> None:
    Seat.objects.create(workshop=workshop, number=0, stage_since=timezone.now())
    given = [give_seat(comer(workshop, str(number))) for number in range(4)]
    assert [seat.number if seat else None for seat in given] == [1, 2, 3, None]
    last = Learner.objects.get(name="3")
    assert (last.state, last.waiting_since is not None) == ("waiting", True)


def test_a_place_is_kept_for_who_was_invited_and_is_theirs_when_they_come(workshop: Workshop) -> None:
    invited = make_learner(workshop, name="Ida", state="invited", joined_at=None)
    assert [give_seat(comer(workshop, str(number))) is not None for number in range(3)] == [True, True, False]
    assert give_seat(invited) is not None


def test_seats_are_there_before_the_first_round_was_made(allocation: Allocation, member: User) -> None:
    planned = make_workshop(allocation, member, seats=0, state="planned")
    Workshop.objects.filter(pk=planned.pk).update(seats=2)
    assert give_seat(comer(planned, "Ada")) is not None
    assert planned.places.count() == 2


def test_the_next_in_line_gets_what_became_free_the_longest_waiting_first(workshop: Workshop) -> None:
    seats = [give_seat(comer(workshop, str(number))) for number in range(3)]
    assert seats[0] is not None
    late, early = comer(workshop, "late", minutes=1), comer(workshop, "early", minutes=9)
    assert free_seat(seats[0]) == early
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.state, late.state) == ("in", "waiting")
    assert Seat.objects.get(learner=early).number == seats[0].number


def test_a_machine_on_which_somebody_worked_is_not_given_to_the_next(seat: Seat, workshop: Workshop) -> None:
    worked_at = seat.instance
    comer(workshop, "next")
    free_seat(seat)
    seat.refresh_from_db()
    assert (seat.instance, seat.stage) == (None, "empty")
    left = SeatMachine.objects.get(instance=worked_at)
    assert left.left_because == "replaced" and left.left_at is not None


def test_a_machine_that_nobody_came_to_stays(workshop: Workshop) -> None:
    seat = sit(seat_of(workshop), make_learner(workshop, name="Ida", state="invited", joined_at=None))
    free_seat(seat)
    seat.refresh_from_db()
    assert seat.instance is not None and seat.learner is None


def test_freeing_a_seat_of_nobody_does_nothing(workshop: Workshop) -> None:
    comer(workshop, "Ada")
    assert free_seat(seat_of(workshop)) is None


def test_more_seats_are_for_those_in_line_and_nobody_sits_twice(workshop: Workshop) -> None:
    waiting = [comer(workshop, str(number), minutes=9 - number) for number in range(5)]
    assert [seat.learner for seat in promote(workshop)] == waiting[:3]
    Workshop.objects.filter(pk=workshop.pk).update(seats=4)
    assert [seat.learner for seat in promote(workshop)] == [waiting[3]]
    assert promote(workshop) == []


def test_rows_follow_the_plan_and_nothing_that_is_used_goes(workshop: Workshop, seat: Seat) -> None:
    workshop.seats, workshop.spares = 5, 2
    fit_rows(workshop)
    assert list(workshop.places.values_list("spare", "number")) == [
        *[(False, number) for number in range(1, 6)],
        (True, 1),
        (True, 2),
    ]
    sit(seat_of(workshop, 5))
    workshop.seats, workshop.spares = 1, 0
    fit_rows(workshop)
    assert list(workshop.places.values_list("spare", "number")) == [(False, 1), (False, 5)]
    fit_rows(workshop)
    assert workshop.places.count() == 2
