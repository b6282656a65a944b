"""A class of two meetings on the demo cloud: put away in between, brought back in time, and what a reset leaves."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from instances.workshops.engine import acts
from instances.workshops.models import SeatMachine, Workshop
from portal.operations.models import Operation
from tests.instances.workshops.engine.conftest import Class
from tests.instances.workshops.room import add_meeting

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def next_meeting_is_tomorrow(course: Class) -> None:
    """The first one is over, its tail too."""
    now = timezone.now()
    course.workshop.meetings.all().delete()
    add_meeting(course.workshop, now - timedelta(hours=5), now - timedelta(hours=3))
    add_meeting(course.workshop, now + DAY, now + DAY + timedelta(hours=2))


def next_meeting_is_now(course: Class) -> None:
    now = timezone.now()
    second = course.workshop.meetings.last()
    assert second is not None
    second.starts_at, second.ends_at = now + timedelta(minutes=5), now + timedelta(hours=2)
    second.save()


@pytest.mark.parametrize(("between", "status"), [("shelve", "SHELVED_OFFLOADED"), ("stop", "SHUTOFF")])
def test_between_two_meetings_machines_are_put_away_and_the_same_ones_come_back(
    open_class: Callable[..., Class], between: str, status: str
) -> None:
    course = open_class(seats=2, spares=0, between=between)
    course.build()
    before = {seat.number: seat.instance_id for seat in course.seats()}
    next_meeting_is_tomorrow(course)
    course.settle(lambda: [one.status for one in course.at_cloud()] == [status, status])
    course.settle(
        lambda: course.all("away") and not Operation.objects.filter(state__in=Operation.LIVE).exists()
    )
    made = Operation.objects.count()
    course.round()
    assert Operation.objects.count() == made
    next_meeting_is_now(course)
    course.build()
    assert {seat.number: seat.instance_id for seat in course.seats()} == before
    assert SeatMachine.objects.count() == 2


def test_what_does_not_come_back_for_want_of_a_host_is_kept_and_tried_again(
    open_class: Callable[..., Class],
) -> None:
    course = open_class(seats=1, spares=0)
    course.build()
    kept = course.machine()
    next_meeting_is_tomorrow(course)
    course.settle(lambda: [one.status for one in course.at_cloud()] == ["SHELVED_OFFLOADED"])
    fault = {"service": "compute", "method": "POST", "path": "/action$", "status": 409}
    course.project.demo.fault("status", **fault, message="No valid host was found.")
    next_meeting_is_now(course)
    course.settle(lambda: bool(course.seat().problem_id))
    assert course.seat().instance_id == kept.pk
    course.project.demo.control("DELETE", "/faults")
    course.workshop.places.update(not_before=None)
    course.build()
    assert course.machine().pk == kept.pk
    assert course.seat().problem_id == ""


def test_a_reset_gives_the_same_machine_back_as_its_image_is(open_class: Callable[..., Class]) -> None:
    course = open_class(seats=1, spares=0)
    course.build()
    machine = course.machine()
    [result] = acts.reset(seats=[course.seat()], by=course.workshop.owner, keep_home=False)
    assert result.problem is None
    assert course.stages() == ["mending"]
    course.build()
    assert course.machine().pk == machine.pk
    assert Operation.objects.get(kind="seat.reset").state == "done"


def test_after_the_last_meeting_seats_are_put_away_and_then_removed_in_their_time(
    open_class: Callable[..., Class],
) -> None:
    course = open_class(seats=1, spares=1, between="keep", keep_days=1)
    course.build()
    now = timezone.now()
    course.workshop.meetings.all().delete()
    add_meeting(course.workshop, now - timedelta(hours=3), now - timedelta(hours=1))
    course.settle(lambda: {one.status for one in course.at_cloud()} == {"SHELVED_OFFLOADED"})
    assert course.workshop.state == "ended"
    assert course.workshop.remove_after is not None
    Workshop.objects.update(remove_after=timezone.now())
    course.settle(lambda: course.workshop.state == "removed")
    assert course.at_cloud() == []
