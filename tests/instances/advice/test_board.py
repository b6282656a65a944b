"""The facts behind advice, and who is shown what."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.roles import Need
from instances.advice import board, sightings
from instances.advice.board import Board
from instances.advice.models import Dismissal, Sighting
from instances.metrics.models import Sample
from instances.models import CatalogueItem, CloudAction, Instance
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from tests.instances.advice.conftest import unused_volume
from tests.instances.rows import machine


def seen_by(user: User, allocation: Allocation) -> Board:
    return board.board(allocation_for(user, allocation.slug, Need.SEE), user)


def measured(one: Instance, *, cpu: float, hours: int = 200, gpus: object = None) -> None:
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    Sample.objects.bulk_create(
        Sample(
            instance=one,
            resolution=Sample.Resolution.QUARTER_HOUR,
            at=now - timedelta(minutes=15 * step),
            cpu=cpu,
            cpu_peak=100,
            ram=8.0,
            ram_peak=9.0,
            gpus=gpus,
        )
        for step in range(hours * 4)
    )


def running(allocation: Allocation, owner: User, **changes: object) -> Instance:
    began = timezone.now() - timedelta(days=40)
    given = {
        "status": "ACTIVE",
        "server_id": str(uuid4()),
        "flavor_name": "m3.2xl",
        "vcpus": 64,
        "ram_mb": 256_000,
        "disk_gb": 20,
        "created_at": began,
        "launched_at": began,
    }
    return machine(allocation, owner, **{**given, **changes})


def test_a_stopped_machine_is_told_with_what_shelving_saves(
    allocation: Allocation, member: User, stopped: Instance
) -> None:
    [one] = seen_by(member, allocation).shown
    assert (one.advice.kind, one.advice.subject_id, one.may_act) == ("resting", str(stopped.pk), True)
    assert one.advice.su_per_week and one.advice.su_per_week > 0
    assert seen_by(member, allocation).su_per_week == one.advice.su_per_week


def test_a_machine_larger_than_its_load_is_led_to_a_size_that_the_cloud_has(
    allocation: Allocation, member: User
) -> None:
    big = running(allocation, member, flavor_name="m3.quad", vcpus=4, ram_mb=15_360)
    measured(big, cpu=60.0)
    RemoteSession.objects.create(
        instance=big, person=member, kind="shell", login="exouser", asked_at=timezone.now()
    )
    assert seen_by(member, allocation).shown == [], "its busiest quarter hour would not fit with room"
    Sample.objects.update(cpu=30.0)
    [one] = seen_by(member, allocation).shown
    assert (one.advice.kind, one.advice.what) == ("oversized", "Resize it to m3.small")
    assert one.advice.size is not None and one.advice.size.id == "2"
    assert one.advice.su_per_week == Decimal(2 * 168)


def test_what_is_used_by_anybody_by_any_tool_is_not_forgotten(allocation: Allocation, member: User) -> None:
    one = running(allocation, member, vcpus=2, ram_mb=6144, flavor_name="m3.small")
    measured(one, cpu=1.0)
    assert [found.advice.kind for found in seen_by(member, allocation).shown] == ["forgotten"]
    action = CloudAction.objects.create(
        instance=one, request_id="r", action="reboot", started_at=timezone.now() - timedelta(days=1)
    )
    assert "forgotten" not in {found.advice.kind for found in seen_by(member, allocation).shown}
    action.delete()
    RemoteSession.objects.create(
        instance=one,
        person=member,
        kind="shell",
        login="exouser",
        asked_at=timezone.now() - timedelta(days=3),
    )
    assert "forgotten" not in {found.advice.kind for found in seen_by(member, allocation).shown}


def test_a_gpu_at_work_is_seen_in_its_samples(allocation: Allocation, member: User) -> None:
    one = running(allocation, member, flavor_name="g3.medium", vcpus=8, gpus=1)
    measured(one, cpu=1.0, gpus=[{"util": 0.0, "mem": 1.0}])
    assert [found.advice.kind for found in seen_by(member, allocation).shown] == ["forgotten"]
    newest = Sample.objects.filter(instance=one).latest("at")
    newest.gpus = [{"util": 0.0, "mem": 1.0}, {"util": 98.0, "mem": 40.0}]
    newest.save()
    assert seen_by(member, allocation).shown == []


def test_a_members_machine_is_followed_by_them_and_who_helps_an_unused_volume_by_who_manages(
    allocation: Allocation,
    stopped: Instance,
    volume: CatalogueItem,
    pi: User,
    member: User,
    colleague: User,
    assistant: User,
    reader: User,
) -> None:
    def may(user: User) -> dict[str, bool]:
        return {one.advice.kind: one.may_act for one in seen_by(user, allocation).shown}

    assert may(pi) == {"resting": True, "volume": True}
    assert may(member) == {"resting": True, "volume": False}
    assert may(assistant) == {"resting": True, "volume": False}
    assert may(colleague) == {"resting": False, "volume": False}
    assert may(reader) == {"resting": False, "volume": False}


def test_what_was_dismissed_is_apart_until_its_time_is_over(
    allocation: Allocation, member: User, stopped: Instance
) -> None:
    key, now = f"resting:{stopped.pk}", timezone.now()
    row = Dismissal.objects.create(
        allocation=allocation, key=key, by=member, at=now, until=now + timedelta(days=1)
    )
    found = seen_by(member, allocation)
    assert (list(found.shown), found.su_per_week) == ([], Decimal(0))
    assert [one.dismissed_by for one in found.dismissed] == [str(member)]
    row.until = now - timedelta(seconds=1)
    row.save()
    assert len(seen_by(member, allocation).shown) == 1


@pytest.mark.parametrize("count", [1, 20])
def test_the_number_of_queries_does_not_depend_on_the_number_of_machines(
    allocation: Allocation, member: User, count: int
) -> None:
    for number in range(count):
        measured(running(allocation, member, name=f"m{number}"), cpu=1.0, hours=100)
        unused_volume(allocation, f"v{number}")
    mine = allocation_for(member, allocation.slug, Need.SEE)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = board.board(mine, member)
    assert len(found.shown) == 2 * count
    assert len(queries) <= 20, [one["sql"][:80] for one in queries]
    QUERIES.add(len(queries))
    assert len(QUERIES) == 1


QUERIES: set[int] = set()


class TestSightings:
    def test_what_is_first_seen_unused_is_noted_and_keeps_its_time(self, allocation: Allocation) -> None:
        unused_volume(allocation, "v", days=0)
        early = timezone.now() - timedelta(days=3)
        # The catalogue of every test has one free address too.
        assert sightings.look(early) == 2
        assert sightings.look() == 0
        assert {row.since for row in Sighting.objects.all()} == {early}

    def test_what_is_used_again_or_gone_begins_anew(self, allocation: Allocation) -> None:
        item = unused_volume(allocation, "v", days=20)
        item.data = {
            **item.data,
            "attachments": [{"server_id": "s", "device": "/dev/sdb"}],
            "status": "in-use",
        }
        item.save()
        sightings.look()
        assert not Sighting.objects.filter(cloud_id="v").exists()
        CatalogueItem.objects.filter(kind="floating_ip").delete()
        sightings.look()
        assert not Sighting.objects.exists()

    @pytest.mark.parametrize("status", ["creating", "error", "deleting", "in-use", "reserved"])
    def test_a_volume_that_is_not_simply_there_is_not_called_unused(
        self, allocation: Allocation, status: str
    ) -> None:
        unused_volume(allocation, "v", days=0, status=status)
        sightings.look()
        assert not Sighting.objects.filter(kind="volume").exists()

    def test_something_seen_and_not_listed_any_more_is_not_advised_about(
        self, allocation: Allocation, pi: User
    ) -> None:
        now: datetime = timezone.now()
        Sighting.objects.create(
            allocation=allocation, kind="volume", cloud_id="gone", since=now - timedelta(days=90)
        )
        assert seen_by(pi, allocation).shown == []
