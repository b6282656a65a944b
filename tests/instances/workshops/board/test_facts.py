"""What the board knows of seats: read from what is there, in a fixed number of queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.models import Allocation
from instances.remote.models import RemoteSession
from instances.workshops.board.facts import Placed, read
from instances.workshops.guests.models import SetupNote
from instances.workshops.learner import calls
from instances.workshops.models import Learner, Seat, SeatMachine, Workshop
from portal.accounts.models import User
from tests.instances.remote.people import session_on
from tests.instances.workshops.board.said import sample
from tests.instances.workshops.room import add_seat, make_learner, make_workshop, seat_machine, seat_of, sit


def only(seat: Seat) -> Placed:
    return next(one for one in read(seat.workshop).placed if one.seat.pk == seat.pk)


def connected(seat: Seat, person: User) -> RemoteSession:
    assert seat.instance is not None
    session = session_on(seat.instance, person)
    RemoteSession.objects.filter(pk=session.pk).update(
        started_at=timezone.now(), away_since=None, ended_at=None
    )
    return session


def measured(seat: Seat, ago: float, **values: object) -> None:
    sample(seat, timezone.now() - timedelta(seconds=ago), **values)


def test_a_learners_session_makes_them_work_and_a_helpers_does_not(
    seat: Seat, lea: User, helper: User
) -> None:
    connected(seat, helper)
    assert (only(seat).tile.state, only(seat).facts.helpers) == ("joined", ("Hanna",))

    connected(seat, lea)
    assert only(seat).tile.state == "working"
    assert only(seat).facts.helpers == ("Hanna",)


def test_a_session_that_was_left_or_has_ended_counts_no_more(seat: Seat, lea: User) -> None:
    session = connected(seat, lea)
    RemoteSession.objects.filter(pk=session.pk).update(away_since=timezone.now())
    assert not only(seat).facts.connected
    RemoteSession.objects.filter(pk=session.pk).update(away_since=None, ended_at=timezone.now())
    assert not only(seat).facts.connected


def test_the_newest_measurement_counts_and_an_old_one_does_not(seat: Seat) -> None:
    measured(seat, 200, cpu=99.0)
    assert only(seat).facts.cpu is None
    measured(seat, 30, cpu=10.0)
    measured(seat, 5, cpu=40.0, gpus=[{"util": 30, "mem": 1}, {"util": 50, "mem": None}])

    assert (only(seat).facts.cpu, only(seat).facts.gpu) == (40.0, 40.0)


@pytest.mark.parametrize("gpus", [None, [], [{}], [{"util": None}], ["x"], {"util": 3}])
def test_guests_may_say_what_they_like_of_their_gpus(seat: Seat, gpus: object) -> None:
    measured(seat, 5, cpu=1.0, gpus=gpus)
    assert only(seat).facts.gpu is None


def test_a_call_is_told_with_who_comes(seat: Seat, learner: Learner, helper: User) -> None:
    call = calls.ask(learner=learner, text="  Help   me ")
    assert only(seat).tile.said == "Help me"
    calls.claim(call=call, by=helper)
    assert only(seat).tile.said == "Hanna comes"


def test_a_problem_is_told_in_the_catalogues_words(workshop: Workshop) -> None:
    Seat.objects.filter(pk=seat_of(workshop).pk).update(
        stage="broken", problem_id="workshops:unknown", not_before=timezone.now() + timedelta(minutes=5)
    )
    found = only(seat_of(workshop))
    assert found.tile.state == "broken"
    assert "you take no part" in found.tile.trouble


def test_what_did_not_come_to_a_ready_machine_is_told(seat: Seat) -> None:
    assert only(seat).tile.trouble == ""
    assert seat.instance is not None
    SetupNote.objects.create(instance=seat.instance, what="data-x", ok=False, said="", at=timezone.now())
    assert only(seat).tile.trouble.startswith("The data at /data/x is missing")


def test_the_seat_of_a_test_drive_is_none_of_the_class(workshop: Workshop) -> None:
    add_seat(workshop, 0)
    room = read(workshop)
    assert [one.key for one in room.placed] == ["0", "1", "2", "3", "s1"]
    assert room.counts.seats == 3


def test_machines_that_were_given_up_are_counted_and_those_that_are_over_are_not(seat: Seat) -> None:
    for why in ("failed", "stuck", "over"):
        machine = seat_machine(seat.workshop)
        SeatMachine.objects.filter(instance=machine).update(left_because=why, left_at=timezone.now())

    assert read(seat.workshop).counts.replaced == 2


def test_removed_seats_are_not_there_and_other_workshops_are_not_mixed_in(
    workshop: Workshop, allocation: Allocation, member: User
) -> None:
    make_workshop(allocation, member, seats=5)
    Seat.objects.filter(pk=seat_of(workshop, 2).pk).update(stage="gone")

    assert [one.key for one in read(workshop).placed] == ["1", "3", "s1"]


def test_some_seats_alone(workshop: Workshop) -> None:
    wanted = seat_of(workshop, 2)
    assert [one.key for one in read(workshop, [wanted.pk]).placed] == ["2"]


@pytest.mark.parametrize("count", [1, 20, 100])
def test_it_takes_ten_queries_for_any_number_of_seats(
    count: int, allocation: Allocation, member: User
) -> None:
    workshop = make_workshop(allocation, member, seats=count)
    for seat in Seat.objects.filter(workshop=workshop).select_related("workshop__allocation"):
        learner = make_learner(workshop, name=f"Learner {seat.number}")
        sit(seat, learner)
        measured(seat, 5, cpu=5.0)
        calls.ask(learner=learner, text="x")
    connected(seat, member)
    fresh = Workshop.objects.select_related("allocation").get(pk=workshop.pk)
    with CaptureQueriesContext(connection) as queries:
        room = read(fresh)

    assert len(room.placed) == count
    assert len(queries) == 10, [query["sql"][:100] for query in queries]
