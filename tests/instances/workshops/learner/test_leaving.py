"""Who is looked at again when a seat changes."""

import pytest
from pytest_django import DjangoAssertNumQueries

from instances.workshops.learner import leaving
from instances.workshops.models import Learner, Seat, Workshop
from portal.accounts.models import User
from portal.core import events
from tests.instances.remote.people import ended_on, session_on
from tests.instances.workshops.room import make_workshop, seat_of, sit


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(events, "send", lambda groups, event: found.extend(groups))
    return found


def test_who_sits_at_their_own_seat_is_left_in_peace(seat: Seat, lea: User, told: list[str]) -> None:
    assert seat.instance is not None
    session_on(seat.instance, lea)
    leaving.look_again([seat.pk])
    assert told == []


def test_who_is_at_a_machine_that_is_not_theirs_any_more_is_looked_at(
    seat: Seat, lea: User, told: list[str]
) -> None:
    assert seat.instance is not None
    session_on(seat.instance, lea)
    sit(seat_of(seat.workshop))
    leaving.look_again([seat.pk])
    assert told == [f"user.{lea.pk}"]


@pytest.mark.parametrize("how", ["out", "ended", "unseated"])
def test_so_is_who_was_removed_or_whose_workshop_is_over(
    seat: Seat, lea: User, told: list[str], how: str
) -> None:
    assert seat.instance is not None
    session_on(seat.instance, lea)
    if how == "out":
        Learner.objects.filter(seat=seat).update(state=Learner.State.OUT)
    elif how == "ended":
        Workshop.objects.filter(pk=seat.workshop_id).update(state=Workshop.State.ENDED)
    else:
        Seat.objects.filter(pk=seat.pk).update(learner=None)
    leaving.look_again([seat.pk])
    assert told == [f"user.{lea.pk}"]


def test_neither_what_ended_nor_other_workshops_are_looked_at(
    seat: Seat, lea: User, helper: User, told: list[str]
) -> None:
    other = sit(seat_of(make_workshop(seat.workshop.allocation, None)))
    assert seat.instance is not None and other.instance is not None
    ended_on(seat.instance, helper)
    session_on(other.instance, helper)
    leaving.look_again([seat.pk])
    assert told == []


@pytest.mark.parametrize("count", [1, 3])
def test_it_is_one_query_for_any_number_of_seats(
    workshop: Workshop,
    helper: User,
    told: list[str],
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    seats = [sit(seat_of(workshop, number)) for number in range(1, count + 1)]
    for seat in seats:
        assert seat.instance is not None
        session_on(seat.instance, helper)
    with django_assert_num_queries(1):
        leaving.look_again([seat.pk for seat in seats])
    assert told == [f"user.{helper.pk}"]


def test_whom_a_learner_may_invite_are_those_of_their_own_workshop(
    seat: Seat, helper: User, member: User
) -> None:
    assert seat.instance_id is not None
    assert set(leaving.helpers_at(seat.instance_id)) == {helper.pk, member.pk}
    other = sit(seat_of(make_workshop(seat.workshop.allocation, None)))
    assert other.instance_id is not None
    assert set(leaving.helpers_at(other.instance_id)) == set()
