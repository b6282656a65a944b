"""Bad days of a cloud while a class is being built: it ends with all seats ready, and says what it waits for."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance
from instances.workshops.models import Seat, SeatMachine, Workshop
from portal.accounts.models import CloudCredential
from portal.cloud import servers
from portal.operations.models import Operation
from tests.instances.workshops.engine.conftest import Class

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = {"service": "compute", "method": "POST", "path": "/servers$"}


def hasten(course: Class) -> None:
    """Pauses of seconds and minutes are over."""
    Seat.objects.filter(workshop=course.workshop).update(not_before=None)
    held = Workshop.objects.filter(pk=course.workshop.pk).exclude(hold_until=None)
    held.update(hold_until=timezone.now())


def test_where_half_find_no_host_the_seats_say_so_and_are_built_when_there_is_room(
    open_class: Callable[..., Class],
) -> None:
    course = open_class(seats=4, spares=0)
    course.project.demo.control("POST", "/builds", {"full_each": 2})
    course.settle(lambda: course.stages().count("ready") == 2 and course.stages().count("empty") == 2)
    waiting = [seat for seat in course.seats() if seat.stage == "empty"]
    assert {seat.problem_id for seat in waiting} == {"instances:no-room"}
    assert all(seat.not_before is not None and seat.not_before > timezone.now() for seat in waiting)
    assert {seat.attempts for seat in waiting} == {1}
    course.project.demo.control("POST", "/builds", {})
    hasten(course)
    course.build()
    assert {seat.problem_id for seat in course.seats()} == {""}
    course.settle(lambda: len(course.at_cloud()) == 4)
    assert SeatMachine.objects.filter(left_because="failed").count() == 2


def test_a_build_that_fails_costs_a_seat_nothing_while_there_is_a_spare(
    open_class: Callable[..., Class],
) -> None:
    course = open_class(seats=2, spares=1)
    course.project.demo.control("POST", "/builds", {"broken_each": 3})
    course.build()
    assert len([one for one in course.at_cloud() if one.status == "ACTIVE"]) == 3
    # Each machine is at one place, and what failed is on its way out.
    held = [seat.instance_id for seat in course.seats()]
    assert len(set(held)) == 3
    course.settle(lambda: len(course.at_cloud()) == 3)


def test_a_build_that_never_ends_is_replaced(open_class: Callable[..., Class]) -> None:
    course = open_class(seats=2, spares=0)
    course.project.demo.control("POST", "/builds", {"stuck_each": 2})
    course.settle(lambda: sorted(course.stages()) == ["building", "ready"])
    course.project.demo.control("POST", "/builds", {})
    stuck = next(seat for seat in course.seats() if seat.stage == "building")
    long_ago = (timezone.now() - timedelta(hours=1)).isoformat()
    assert stuck.operation is not None
    op = Operation.objects.get(pk=stuck.operation)
    Operation.objects.filter(pk=op.pk).update(progress={**op.progress, "asked_at": long_ago})
    course.build()
    assert SeatMachine.objects.get(instance=stuck.instance).left_because == "stuck"
    course.settle(lambda: len(course.at_cloud()) == 2)


def test_a_cloud_that_is_away_is_waited_for_and_the_seats_say_so(open_class: Callable[..., Class]) -> None:
    course = open_class(seats=2, spares=0)
    course.project.demo.fault("status", **CREATE, status=503)
    course.settle(lambda: all(seat.problem_id.startswith("cloud:") for seat in course.seats()))
    assert course.all("building")
    assert SeatMachine.objects.count() == 2
    course.project.demo.control("DELETE", "/faults")
    course.build()
    assert SeatMachine.objects.count() == 2
    assert {seat.problem_id for seat in course.seats()} == {""}


def test_as_many_as_the_quota_has_room_for_are_built_and_the_rest_is_held_with_numbers(
    open_class: Callable[..., Class],
) -> None:
    course = open_class(seats=3, spares=0)
    before = timezone.now() - timedelta(minutes=5)
    Allocation.objects.update(quota={"cores": {"used": 0, "limit": 4}}, quota_read_at=before)
    course.settle(lambda: course.stages().count("ready") == 2 and bool(course.workshop.hold_id))
    assert course.workshop.hold_id == "instances:quota"
    assert course.workshop.hold_params["limit"] == "4"
    assert course.workshop.hold_until is not None and course.workshop.hold_until > timezone.now()
    Allocation.objects.update(quota={"cores": {"used": 0, "limit": 40}})
    hasten(course)
    course.build()
    course.round()
    assert course.workshop.hold_id == ""


def test_a_seats_machine_that_is_deleted_elsewhere_is_followed_by_another(
    open_class: Callable[..., Class],
) -> None:
    course = open_class(seats=2, spares=0)
    course.build()
    lost = course.machine(1)
    servers.delete_server(course.project.cloud_as("alice"), lost.server_id)
    course.settle(lambda: course.ready() and course.machine(1).pk != lost.pk)
    assert SeatMachine.objects.get(instance=lost).left_because == "lost"
    assert len(course.at_cloud()) == 2


def test_the_instructors_credential_is_revoked_in_the_middle_and_somebody_elses_is_used(
    open_class: Callable[..., Class],
) -> None:
    course = open_class(seats=2, spares=0)
    course.round()
    course.project.demo.control("POST", "/credentials/revoke", {"user": "bob"})
    course.project.demo.control("POST", "/tokens/expire", {"user": "bob"})
    hasten(course)

    def built() -> bool:
        hasten(course)
        return course.ready()

    course.settle(built)
    lenders = {op.by.username for op in Operation.objects.filter(kind="instance.launch", state="done")}
    assert lenders == {"alice"}
    assert {
        seat.instance.owner.username for seat in course.seats() if seat.instance and seat.instance.owner
    } == {"bob"}
    assert len(course.at_cloud()) == 2


def test_nobody_is_connected_and_it_goes_on_when_somebody_is(open_class: Callable[..., Class]) -> None:
    course = open_class(seats=1, spares=0)
    CloudCredential.objects.update(refused_at=timezone.now())
    course.round()
    assert course.workshop.hold_id == "instances:nobody-to-act"
    assert not Instance.objects.exists()
    CloudCredential.objects.update(refused_at=None)
    hasten(course)
    course.build()


def test_a_removal_goes_on_after_failures_and_counts_what_the_cloud_has(
    open_class: Callable[..., Class],
) -> None:
    course = open_class(seats=2, spares=0)
    course.build()
    gone = course.machine(2)
    servers.delete_server(course.project.cloud_as("alice"), gone.server_id)
    course.project.demo.fault(
        "status", service="compute", method="DELETE", path="/servers/", status=500, count=3
    )
    Workshop.objects.update(state="removing")
    course.settle(lambda: course.workshop.state == "removed")
    assert course.at_cloud() == []


def test_a_removal_does_not_end_while_the_cloud_does_not_say_what_it_has(
    open_class: Callable[..., Class],
) -> None:
    course = open_class(seats=1, spares=0)
    course.build()
    course.project.demo.fault("status", service="network", method="GET", path="/security-groups", status=503)
    Workshop.objects.update(state="removing")
    course.settle(
        lambda: Operation.objects.filter(kind="workshop.remove", error_id__startswith="cloud:").exists()
    )
    assert course.workshop.state == "removing"
    course.project.demo.control("DELETE", "/faults")
    course.settle(lambda: course.workshop.state == "removed")
