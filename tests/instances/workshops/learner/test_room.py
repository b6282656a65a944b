"""What a learner is shown of who else is on their machine, and of what became of it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from instances.remote import closing, sharing, tell, visits
from instances.workshops import live
from instances.workshops.learner.room import Room, room_of
from instances.workshops.models import Learner, Seat, SeatMachine, Workshop
from portal.accounts.models import User
from portal.core import events
from tests.instances.remote.people import ended_on, session_on
from tests.instances.workshops.room import seat_of, sit

MINUTE = timedelta(minutes=1)


def room(seat: Seat, user: User) -> Room:
    return room_of(user, seat.workshop_id)


def test_alone_nobody_looks_on(seat: Seat, lea: User) -> None:
    assert seat.instance is not None
    session_on(seat.instance, lea)
    assert room(seat, lea).looking == []


def test_whoever_looks_on_is_named_for_as_long_as_they_are_there(
    seat: Seat, lea: User, helper: User, client: Client
) -> None:
    assert seat.instance is not None
    share = sharing.open_seat(by=helper, session=session_on(seat.instance, lea))
    visit = visits.begin(share_id=share.pk, user=helper, source=None)
    assert [(one.name, one.types) for one in room(seat, lea).looking] == [(str(helper), False)]
    client.force_login(lea)
    assert b"looks on at your screen" in client.get(f"/w/{seat.workshop_id}/state/").content
    visits.end(visit.pk, "closed")
    assert room(seat, lea).looking == []


def test_who_has_a_shell_of_their_own_on_it_may_type(seat: Seat, lea: User, helper: User) -> None:
    assert seat.instance is not None
    session = session_on(seat.instance, helper, asked_at=timezone.now())
    assert [(one.name, one.types) for one in room(seat, lea).looking] == [(str(helper), True)]
    closing.finish(session, "closed")
    assert room(seat, lea).looking == []
    assert [one.person for one in room(seat, lea).been] == [helper]


def test_who_was_there_before_the_learner_is_not_told_of(seat: Seat, lea: User, helper: User) -> None:
    assert seat.instance is not None
    ended_on(seat.instance, helper, asked_at=timezone.now() - timedelta(days=1))
    Learner.objects.filter(seat=seat).update(joined_at=timezone.now() - MINUTE)
    assert room(seat, lea).been == []


def test_of_other_seats_nothing_is_told(seat: Seat, lea: User, other_learner: Learner, helper: User) -> None:
    other = seat_of(seat.workshop, 2)
    assert other.instance is not None
    session_on(other.instance, helper)
    assert room(seat, lea).looking == []


def test_a_visit_is_pushed_to_whose_seat_it_is(
    seat: Seat, helper: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    assert seat.instance is not None and seat.learner_id is not None
    told: list[str] = []
    monkeypatch.setattr(events, "send", lambda groups, event: told.extend(groups))
    session = session_on(seat.instance, helper)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        tell.changed(session)
    assert live.group_of_learner(seat.learner_id) in told


def test_a_machine_that_was_swapped_says_why(
    workshop: Workshop, seat: Seat, learner: Learner, lea: User
) -> None:
    assert room(seat, lea).moved == ""
    now = timezone.now()
    SeatMachine.objects.filter(instance=seat.instance).update(
        left_at=now, left_because="swapped", learner=learner
    )
    sit(seat_of(workshop))
    assert room(seat, lea).moved == "a helper gave you another one"
    SeatMachine.objects.filter(instance=seat.instance).update(left_at=now - timedelta(hours=3))
    assert room(seat, lea).moved == ""


def test_the_readers_zone_is_said_where_it_tells_another_time(seat: Seat, lea: User) -> None:
    lea.preferences = {"time_zone": "America/Chicago"}
    lea.save()
    assert room(seat, lea).reader_zone is None
    lea.preferences = {"time_zone": "Europe/Berlin"}
    lea.save()
    assert str(room(seat, lea).reader_zone) == "Europe/Berlin"
