"""That the rooms of these tests are what the real ones are."""

import pytest
from django.utils import timezone

from instances.workshops.access import is_at, is_open, places_of
from instances.workshops.models import Learner, Seat, SeatMachine, Workshop
from portal.accounts.models import User

pytestmark = pytest.mark.django_db


def test_the_workshop_is_in_the_middle_of_its_meeting(workshop: Workshop) -> None:
    now = timezone.now()
    meeting = workshop.meetings.get()
    assert is_open(workshop, now)
    assert meeting.starts_at < now < meeting.ends_at
    assert [(seat.spare, seat.number) for seat in workshop.places.all()] == [
        (False, 1),
        (False, 2),
        (False, 3),
        (True, 1),
    ]


def test_who_sits_at_a_seat_is_at_its_machine_and_nobody_else(
    seat: Seat, lea: User, helper: User, newcomer: User, other_learner: Learner
) -> None:
    assert seat.instance is not None and other_learner.user is not None
    assert is_at(seat, timezone.now())
    assert places_of(lea, [seat.instance.pk])[seat.instance.pk].role == "learner"
    assert places_of(helper, [seat.instance.pk])[seat.instance.pk].role == "helper"
    assert not places_of(newcomer, [seat.instance.pk])
    assert not places_of(other_learner.user, [seat.instance.pk])


def test_each_machine_of_a_seat_is_one_of_the_workshops(seat: Seat) -> None:
    found = SeatMachine.objects.get(instance=seat.instance)
    assert (found.workshop_id, found.seat, found.learner) == (seat.workshop_id, seat, seat.learner)
