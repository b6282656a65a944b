"""The end: nothing is called removed before the cloud itself has nothing of it any more."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from instances.models import Instance
from instances.workshops.engine import removal, removal_steps
from instances.workshops.engine import round as rounds
from instances.workshops.models import Seat, Workshop
from portal.accounts.models import CloudCredential, User
from portal.cloud import servers
from portal.operations.models import Operation
from tests.instances.workshops.engine.conftest import Class
from tests.instances.workshops.room import make_workshop, sit

ZERO = {"servers": 0, "ports": 0}


class TestRows:
    pytestmark = pytest.mark.django_db

    def test_what_was_counted_is_kept_and_ends_it_only_when_it_is_nothing(self, workshop: Workshop) -> None:
        Workshop.objects.update(state="removing")
        assert not removal.finish(workshop, {"servers": 0, "ports": 2})
        workshop.refresh_from_db()
        assert (workshop.state, workshop.proof["counted"]) == ("removing", {"servers": 0, "ports": 2})
        assert removal.finish(workshop, ZERO)
        workshop.refresh_from_db()
        assert (workshop.state, workshop.proof["counted"]) == ("removed", ZERO)
        assert workshop.removed_at is not None
        assert {seat.stage for seat in workshop.places.all()} == {"gone"}

    def test_one_that_was_called_back_meanwhile_is_not_ended(self, workshop: Workshop) -> None:
        assert not removal.finish(workshop, ZERO)
        workshop.refresh_from_db()
        assert (workshop.state, workshop.proof) == ("running", {})

    def test_a_cancelled_one_stays_cancelled_and_is_looked_after_no_more(self, workshop: Workshop) -> None:
        Workshop.objects.update(state="cancelled")
        assert removal.finish(workshop, ZERO)
        workshop.refresh_from_db()
        assert workshop.state == "cancelled" and workshop.removed_at is not None
        assert rounds.due(timezone.now()) == []

    def test_it_is_asked_for_once_at_a_time_and_again_after_a_failure(
        self, workshop: Workshop, member: User
    ) -> None:
        Workshop.objects.update(state="removing")
        for _ in range(3):
            removal.advance(workshop)
        op = Operation.objects.get()
        Operation.objects.update(state="failed", finished_at=timezone.now())
        removal.advance(workshop)
        assert Operation.objects.count() == 1
        Operation.objects.update(finished_at=timezone.now() - timedelta(minutes=5))
        removal.advance(workshop)
        assert Operation.objects.exclude(pk=op.pk).get().kind == removal.REMOVE

    def test_where_nobody_is_connected_the_workshop_says_so(self, workshop: Workshop, member: User) -> None:
        CloudCredential.objects.update(refused_at=timezone.now())
        removal.advance(workshop)
        workshop.refresh_from_db()
        assert workshop.hold_id == "instances:nobody-to-act"

    def test_what_was_made_is_known_after_the_machines_are_gone(self, seat: Seat, workshop: Workshop) -> None:
        Instance.objects.filter(seat=seat).update(
            deleted_at=timezone.now(),
            volume_backed=True,
            volumes=[{"id": "v1", "boot": True}, {"id": "v2", "boot": False}],
        )
        made = removal_steps.made_of(workshop)
        assert len(made.server_ids) == 1 and made.volume_ids == {"v1"}
        assert removal.made(workshop) == {"servers": 1, "boot_volumes": 1}

    def test_nothing_is_made_of_another_workshops_machines(
        self, seat: Seat, workshop: Workshop, member: User
    ) -> None:
        other = make_workshop(workshop.allocation, member, seats=1)
        sit(other.places.select_related("workshop").get())
        assert len(removal_steps.made_of(workshop).server_ids) == 1


@pytest.mark.django_db(transaction=True)
class TestAtTheCloud:
    def test_a_server_that_its_launch_lost_is_found_by_its_marks_and_deleted(
        self, open_class: Callable[..., Class]
    ) -> None:
        course = open_class(seats=1, spares=0)
        course.build()
        lost = course.machine()
        # The row forgot its server, as where a launch was given up at the wrong moment.
        Instance.objects.filter(pk=lost.pk).update(server_id="", status="DELETED", deleted_at=timezone.now())
        Workshop.objects.update(state="removing")
        course.settle(lambda: course.workshop.state == "removed")
        assert course.at_cloud() == []

    def test_a_stranger_that_carries_the_workshops_mark_alone_is_left_alone(
        self, open_class: Callable[..., Class]
    ) -> None:
        course = open_class(seats=1, spares=0)
        course.build()
        project = course.project
        mine = project.machine("alice")
        mark = {"helioWorkshop": str(course.workshop.pk)}
        servers.set_metadata(project.cloud_as("alice"), mine.server_id, mark)
        Workshop.objects.update(state="removing")
        course.settle(lambda: course.workshop.state == "removed")
        assert [one.id for one in servers.list_servers(project.cloud_as("alice"))] == [mine.server_id]
