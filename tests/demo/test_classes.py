"""The demo's class: planned by the services, as the instructor; there is always one to come, and never two."""

from datetime import timedelta

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.models import CatalogueItem
from instances.workshops.models import Learner, Workshop
from portal.accounts.models import User
from portal.core.models import AuditEvent
from portal.demo import classes
from tests.cast import give_credential, join, make_allocation, make_grant, make_user
from tests.instances.rows import offer


@pytest.fixture
def course(db: None) -> Allocation:
    """The course's allocation with what the demo cloud offers to it."""
    made = make_allocation(classes.PROJECT)
    make_grant(made, "cpu")
    offer(made)
    images = CatalogueItem.objects.filter(allocation=made, kind=CatalogueItem.Kind.IMAGE)
    assert any(image.name == "Featured-Ubuntu24" for image in images)
    return made


@pytest.fixture
def carol(course: Allocation) -> User:
    user = make_user("carol")
    join(user, course, "pi")
    give_credential(user, course)
    return user


@pytest.fixture
def dave(course: Allocation) -> User:
    user = make_user("dave")
    join(user, course)
    return user


def test_a_class_is_planned_that_begins_soon_and_the_student_is_in(
    course: Allocation, carol: User, dave: User
) -> None:
    classes.teach(carol, [dave])
    made = Workshop.objects.get(allocation=course)
    assert (made.state, made.owner) == (Workshop.State.PLANNED, carol)
    meeting = made.meetings.get()
    assert timedelta(minutes=9) < meeting.starts_at - timezone.now() < timedelta(minutes=16)
    assert made.learners.get(user=dave).state == Learner.State.IN
    assert made.learners.filter(state=Learner.State.INVITED).count() == 2
    assert AuditEvent.objects.filter(action="workshop.plan", actor_name=str(carol)).exists()


def test_there_are_never_two_to_come_and_after_one_another(
    course: Allocation, carol: User, dave: User
) -> None:
    classes.teach(carol, [dave])
    classes.teach(carol, [dave])
    assert Workshop.objects.count() == 1
    Workshop.objects.update(closes_at=timezone.now() - timedelta(minutes=1), state=Workshop.State.REMOVED)
    classes.teach(carol, [dave])
    assert Workshop.objects.count() == 2


def test_a_cloud_that_is_not_read_in_time_has_no_class(carol: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "PATIENCE", 0.0)
    classes.teach(carol, [])
    assert not Workshop.objects.exists()


def test_who_is_in_no_such_allocation_teaches_nothing(allocation: Allocation, pi: User) -> None:
    classes.teach(pi, [])
    assert not Workshop.objects.exists()
