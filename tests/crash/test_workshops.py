"""A worker that dies at any line of a round: the next one goes on, and nothing is asked for twice."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

import instances.workshops.engine
from allocations.models import Allocation
from instances.models import Instance
from instances.workshops.engine import round as rounds
from instances.workshops.guests import jump
from instances.workshops.models import Seat, SeatMachine, Workshop
from portal.accounts.models import User
from portal.operations.models import Operation
from tests.crash import harness
from tests.instances.rows import offer
from tests.instances.workshops.room import make_learner, make_workshop, seat_of, sit

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]
# So many deaths, spread over the lines of a round: each at another line of another kind of step.
DEATHS = 12


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """It dies in the engine's own lines."""
    monkeypatch.setattr(harness, "_WATCHED", (str(Path(instances.workshops.engine.__file__).parent),))
    monkeypatch.setattr(rounds, "ensure_jump", lambda workshop: jump.READY)


@pytest.fixture
def offered(allocation: Allocation) -> Allocation:
    offer(allocation)
    Allocation.objects.filter(pk=allocation.pk).update(quota={})
    allocation.refresh_from_db()
    return allocation


def due(workshop: Workshop) -> None:
    """What time does: the lease of who died is over."""
    Workshop.objects.filter(pk=workshop.pk).update(next_at=timezone.now(), lease_until=None)


def make(workshop: Workshop) -> Callable[[], object]:
    return lambda: rounds.make(workshop.pk)


def dying_everywhere(open_class: Callable[[], Workshop], check: Callable[[Workshop], None]) -> None:
    first = open_class()
    due(first)
    lines = harness.lines_of(make(first))
    assert lines > 4 * DEATHS
    died = 0
    for line in range(2, lines, max(1, lines // DEATHS)):
        workshop = open_class()
        due(workshop)
        died += harness.killed_at(line, make(workshop))
        for _ in range(3):
            due(workshop)
            rounds.make(workshop.pk)
        try:
            check(workshop)
        except AssertionError as error:
            workshop.refresh_from_db()
            held = (
                workshop.hold_id,
                workshop.hold_params,
                [str(seat.stage) for seat in workshop.places.all()],
            )
            raise AssertionError(f"killed at line {line} of {lines}: {held}: {error}") from error
    assert died >= DEATHS - 2


def test_wherever_a_worker_dies_while_it_asks_for_machines_each_seat_gets_one(
    offered: Allocation, member: User
) -> None:
    def check(workshop: Workshop) -> None:
        machines = SeatMachine.objects.filter(workshop=workshop)
        ids = [str(pk) for pk in machines.values_list("instance_id", flat=True)]
        assert len(ids) == 4
        launches = Operation.objects.filter(kind="instance.launch", target_id__in=ids)
        assert sorted(launches.values_list("target_id", flat=True)) == sorted(ids)
        seats = list(workshop.places.all())
        assert {seat.stage for seat in seats} == {"building"}
        assert sorted(str(seat.instance_id) for seat in seats) == sorted(ids)
        # No machine without a seat, no operation that nobody knows of.
        assert Instance.objects.filter(seat_machine=None).count() == 0

    dying_everywhere(lambda: make_workshop(offered, member, seats=3, spares=1), check)


def test_wherever_it_dies_while_a_spare_is_given_no_machine_is_at_two_seats_and_the_old_one_goes(
    offered: Allocation, member: User
) -> None:
    def open_class() -> Workshop:
        workshop = make_workshop(offered, member, seats=1, spares=1)
        seat = sit(seat_of(workshop), make_learner(workshop), stage="building")
        sit(seat_of(workshop, 1, spare=True))
        Instance.objects.filter(seat=seat).update(status="ERROR", ready_at=None)
        return workshop

    def check(workshop: Workshop) -> None:
        seat, spare = workshop.places.all()
        machines = list(SeatMachine.objects.filter(workshop=workshop).order_by("pk"))
        assert seat.stage == Seat.Stage.READY and seat.instance_id == machines[1].instance_id
        assert (machines[0].left_because, machines[1].learner_id) == ("failed", seat.learner_id)
        deletes = Operation.objects.filter(kind="instance.delete", target_id=str(machines[0].instance_id))
        assert deletes.count() == 1
        assert len(machines) == 3 and spare.instance_id == machines[2].instance_id

    dying_everywhere(open_class, check)


def test_wherever_it_dies_while_a_class_is_torn_down_every_machine_is_deleted_once(
    offered: Allocation, member: User
) -> None:
    def open_class() -> Workshop:
        workshop = make_workshop(offered, member, seats=2, spares=0, state="removing")
        for number in (1, 2):
            sit(seat_of(workshop, number))
        return workshop

    def check(workshop: Workshop) -> None:
        machines = SeatMachine.objects.filter(workshop=workshop)
        ids = [str(pk) for pk in machines.values_list("instance_id", flat=True)]
        deletes = Operation.objects.filter(kind="instance.delete", target_id__in=ids)
        assert sorted(deletes.values_list("target_id", flat=True)) == sorted(ids)
        assert {seat.stage for seat in workshop.places.all()} == {"going"}
        assert set(machines.values_list("left_because", flat=True)) == {"over"}

    dying_everywhere(open_class, check)
