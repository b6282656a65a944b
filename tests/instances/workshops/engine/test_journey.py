"""A class on the demo cloud, from nothing to nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from instances.models import Instance
from instances.workshops.models import SeatMachine, Workshop
from portal.operations.models import Operation
from tests.instances.workshops.engine.conftest import Class

pytestmark = pytest.mark.django_db(transaction=True)


def test_all_seats_and_spares_are_built_and_told_apart_by_their_names(
    open_class: Callable[..., Class],
) -> None:
    course = open_class(seats=3, spares=1)
    course.build()
    assert len(course.at_cloud()) == 4
    names = sorted(Instance.objects.filter(deleted_at=None).values_list("name", flat=True))
    assert names == [f"deep-learning-in-{number:03d}" for number in (1, 2, 3, 4)]
    assert {seat.attempts for seat in course.seats()} == {0}
    assert SeatMachine.objects.exclude(ready_at=None).count() == 4
    assert Operation.objects.filter(kind="instance.launch", state="done").count() == 4


def test_at_the_end_nothing_is_left_and_that_is_proven(open_class: Callable[..., Class]) -> None:
    course = open_class(seats=2, spares=1)
    course.build()
    now = timezone.now()
    Workshop.objects.update(state="ended", ended_at=now, remove_after=now - timedelta(seconds=1))
    course.settle(lambda: course.workshop.state == "removed")
    assert course.at_cloud() == []
    proof = course.workshop.proof
    assert proof["made"]["servers"] == 3
    assert proof["counted"] == dict.fromkeys(proof["counted"], 0)
    assert {"servers", "ports", "addresses", "volumes", "security_groups", "keys"} <= set(proof["counted"])
    assert course.all("gone")
