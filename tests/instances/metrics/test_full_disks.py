"""A disk that runs full is told once, and again only after there was room in between."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.models import Allocation, Membership
from instances.metrics import full_disks, tasks
from instances.metrics.models import FullDisk, Sample
from instances.models import Instance
from portal.accounts.models import User
from portal.core import bulk
from portal.notices.models import Mail, Notice
from tests.instances.metrics.conftest import make_instance

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def measured(instance: Instance, disk: float | None, minute: int = 0, resolution: int = 60) -> None:
    Sample.objects.create(
        instance=instance, resolution=resolution, at=START + timedelta(minutes=minute), disk=disk
    )


def look(minute: int = 0) -> int:
    return full_disks.look(START + timedelta(minutes=minute, seconds=30))


def test_over_ninety_is_told_to_its_owner(instance: Instance, member: User, pi: User) -> None:
    measured(instance, 93)
    assert look() == 1
    notice = Notice.objects.get()
    assert (notice.user, notice.kind, notice.level) == (member, "disk.full", "warning")
    assert notice.title == "The disk of prairie-1 is 93 % full"
    assert notice.url == f"/instances/{instance.pk}/"
    assert Mail.objects.filter(user=member).count() == 1


@pytest.mark.parametrize("used", [None, 0, 89.9, 90])
def test_ninety_or_less_is_not(instance: Instance, used: float | None) -> None:
    measured(instance, used)
    assert look() == 0


def test_as_long_as_it_stays_full_nobody_hears_again(instance: Instance) -> None:
    for minute in range(5):
        measured(instance, 91 + minute, minute)
        look(minute)
    assert Notice.objects.count() == 1


def test_a_little_room_is_not_room(instance: Instance) -> None:
    for minute, used in enumerate((91, 86, 92, 85, 91)):
        measured(instance, used, minute)
        look(minute)
    assert Notice.objects.count() == 1
    assert FullDisk.objects.count() == 1


def test_once_there_was_room_it_is_told_anew(instance: Instance) -> None:
    for minute, used in enumerate((91, 84, 92)):
        measured(instance, used, minute)
        look(minute)
    assert Notice.objects.count() == 2


def test_what_was_full_and_has_room_now_is_not_told(instance: Instance) -> None:
    measured(instance, 95, 0)
    measured(instance, 40, 1)
    assert look(1) == 0


def test_a_machine_that_says_nothing_keeps_its_mark(instance: Instance) -> None:
    measured(instance, 95)
    look()
    assert look(60) == 0 and FullDisk.objects.exists()


def test_old_measurements_tell_nothing(instance: Instance) -> None:
    measured(instance, 99)
    assert look(30) == 0


def test_a_deleted_machine_tells_nothing(instance: Instance) -> None:
    measured(instance, 99)
    Instance.objects.update(deleted_at=timezone.now())
    assert look() == 0


def test_without_an_owner_those_who_manage_hear(
    allocation: Allocation, pi: User, manager: User, member: User
) -> None:
    measured(make_instance(allocation, "made-elsewhere"), 97)
    look()
    assert {notice.user for notice in Notice.objects.all()} == {pi, manager}


def test_an_owner_who_was_removed_does_not(instance: Instance, pi: User, member: User) -> None:
    Membership.objects.filter(user=member).update(ended_at=timezone.now())
    measured(instance, 97)
    look()
    assert {notice.user for notice in Notice.objects.all()} == {pi}


def test_two_workers_at_once_tell_once(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(instance, 95)
    insert = bulk.insert

    def other_first(rows: list[FullDisk]) -> None:
        FullDisk.objects.create(instance=instance, since=START)
        insert(rows)

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "insert", other_first)
        assert look() == 0
    assert not Notice.objects.exists()


@pytest.mark.parametrize("count", [1, 20, 100])
def test_looking_costs_the_same_whatever_the_number(allocation: Allocation, member: User, count: int) -> None:
    for number in range(count):
        measured(make_instance(allocation, f"m{number}", owner=member), 95 if number % 2 else 20)
    look()
    with CaptureQueriesContext(connection) as queries:
        assert look() == 0
    assert len(queries) <= 4


def test_the_clock_looks(instance: Instance) -> None:
    Sample.objects.create(instance=instance, resolution=60, at=timezone.now(), disk=99)
    tasks.look_at_disks()
    assert Notice.objects.count() == 1
