"""Things that happen to one class at the same moment, in threads with connections of their own."""

from functools import partial

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.workshops.engine import acts, seating
from instances.workshops.engine import round as rounds
from instances.workshops.guests import jump
from instances.workshops.models import Learner, Seat, SeatMachine, Workshop
from portal.accounts.models import User
from portal.operations.models import Operation
from tests.instances.rows import offer
from tests.instances.test_races import at_once
from tests.instances.workshops.room import make_learner, make_workshop, seat_of, sit

pytestmark = pytest.mark.django_db(transaction=True)


def comers(workshop: Workshop, count: int) -> list[Learner]:
    now = timezone.now()
    return [
        make_learner(workshop, name=str(number), state="waiting", waiting_since=now, joined_at=None)
        for number in range(count)
    ]


def test_of_two_who_want_the_last_seat_one_gets_it_and_the_other_waits(
    allocation: Allocation, member: User
) -> None:
    for _ in range(3):
        workshop = make_workshop(allocation, member, seats=1)
        people = comers(workshop, 4)
        found = at_once(*[partial(seating.give_seat, one) for one in people])
        assert sum(seat is not None for seat in found) == 1
        states = list(workshop.learners.values_list("state", flat=True))
        assert sorted(states) == ["in", "waiting", "waiting", "waiting"]


def test_a_seat_that_is_freed_while_somebody_comes_is_one_persons(
    allocation: Allocation, member: User
) -> None:
    for _ in range(3):
        workshop = make_workshop(allocation, member, seats=1)
        first, second, third = comers(workshop, 3)
        seat = seating.give_seat(first)
        assert seat is not None
        at_once(
            partial(seating.free_seat, seat),
            partial(seating.give_seat, second),
            partial(seating.give_seat, third),
        )
        first.refresh_from_db()
        inside = workshop.learners.filter(state="in").exclude(pk=first.pk)
        assert inside.count() == 1
        assert workshop.places.get().learner == inside.get()


def test_two_rounds_at_once_ask_for_each_machine_once(
    allocation: Allocation, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "ensure_jump", lambda workshop: jump.READY)
    offer(allocation)
    workshop = make_workshop(allocation, member, seats=4, spares=1)

    def both() -> None:
        Workshop.objects.filter(pk=workshop.pk).update(next_at=timezone.now(), lease_until=None)
        rounds.make(workshop.pk)

    at_once(both, both, both)
    both()
    assert SeatMachine.objects.count() == 5
    assert Operation.objects.filter(kind="instance.launch").count() == 5


def test_a_spare_is_given_once_however_many_swap_for_it(
    allocation: Allocation, member: User, pi: User
) -> None:
    workshop = make_workshop(allocation, member, seats=2, spares=1)
    seats = [sit(seat_of(workshop, number)) for number in (1, 2)]
    spare = sit(seat_of(workshop, 1, spare=True))
    found = at_once(
        lambda: acts.swap(seats=[seats[0]], by=member),
        lambda: acts.swap(seats=[seats[1]], by=pi),
    )
    problems = [result.problem for [result] in found]
    assert sorted(problem.id if problem else "" for problem in problems) == ["", "workshops:no-spare"]
    assert Seat.objects.filter(instance=spare.instance, spare=False).count() == 1
