"""Room in the quota and service units: what counts, what gives back, and when it is used up."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from allocations.models import Allocation, Grant
from instances import budgets, exosphere, room
from instances.models import Instance
from portal.cloud.config import clouds
from tests.cast import make_allocation
from tests.instances.rows import machine

NOW = timezone.now()


def requested(allocation: Allocation, **changes: Any) -> Instance:
    """A machine that was asked for and that the cloud has not made."""
    metadata = exosphere.metadata_of(
        client="c", creator="bob", instance_id="i", desktop=False, address="automatic"
    )
    given = {"server_id": "", "status": "REQUESTED", "metadata": metadata, "created_at": NOW}
    return machine(allocation, **{**given, **changes})


def share(allocation: Allocation, name: str) -> room.Share:
    return budgets.of(allocation, NOW).room.shares[name]


def limit(allocation: Allocation, **quota: tuple[int, int | None]) -> None:
    allocation.quota = {name: {"used": used, "limit": most} for name, (used, most) in quota.items()}
    allocation.quota_read_at = NOW
    allocation.save()


def test_what_was_asked_for_counts_before_the_cloud_counts_it(allocation: Allocation) -> None:
    limit(allocation, instances=(3, 25), cores=(20, 150), floating_ips=(2, 10))
    requested(allocation, vcpus=4)
    assert share(allocation, "instances") == room.Share(used=3, queued=1, limit=25)
    assert share(allocation, "cores") == room.Share(used=20, queued=4, limit=150)
    assert share(allocation, "floating_ips").queued == 1


def test_what_the_cloud_has_counted_is_not_counted_again(allocation: Allocation) -> None:
    limit(allocation, cores=(20, 150))
    machine(allocation, vcpus=4, created_at=NOW - timedelta(minutes=1))
    assert share(allocation, "cores").queued == 0


def test_a_machine_made_after_the_reading_counts_once(allocation: Allocation) -> None:
    limit(allocation, cores=(20, 150))
    machine(allocation, vcpus=4, created_at=NOW + timedelta(seconds=1))
    assert share(allocation, "cores").queued == 4


def test_of_a_machine_made_in_the_second_of_the_reading_nobody_knows_so_it_counts(
    allocation: Allocation,
) -> None:
    limit(allocation, cores=(20, 150))
    # The cloud tells whole seconds: it may have been made after the reading all the same.
    allocation.quota_read_at = NOW.replace(microsecond=400_000)
    machine(allocation, vcpus=4, created_at=NOW.replace(microsecond=0))
    assert share(allocation, "cores").queued == 4


def test_a_machine_deleted_after_the_reading_gives_back(allocation: Allocation) -> None:
    limit(allocation, cores=(20, 150), instances=(25, 25))
    machine(allocation, vcpus=4, deleted_at=NOW + timedelta(seconds=1))
    assert share(allocation, "cores").queued == -4
    assert share(allocation, "instances").free == 1


def test_a_machine_deleted_before_the_reading_gives_nothing_back(allocation: Allocation) -> None:
    limit(allocation, cores=(20, 150))
    machine(allocation, vcpus=4, deleted_at=NOW - timedelta(seconds=1))
    assert share(allocation, "cores").queued == 0


def test_a_launch_that_was_never_made_gives_nothing_back(allocation: Allocation) -> None:
    limit(allocation, cores=(20, 150))
    requested(allocation, created_at=NOW - timedelta(minutes=1), deleted_at=NOW + timedelta(seconds=1))
    assert share(allocation, "cores").queued == 0


def test_root_volumes_count_where_there_are_some(allocation: Allocation) -> None:
    limit(allocation, volumes=(1, 10), volume_gb=(50, 1000))
    requested(allocation, volume_backed=True, disk_gb=60)
    requested(allocation)
    assert (share(allocation, "volumes").queued, share(allocation, "volume_gb").queued) == (1, 60)


@pytest.mark.parametrize(
    ("quota", "fits"),
    [
        ({}, None),
        ({"cores": (0, None)}, None),
        ({"cores": (140, 150)}, 5),
        ({"cores": (140, 150), "instances": (23, 25)}, 2),
        ({"cores": (149, 150)}, 0),
        ({"cores": (160, 150)}, 0),
        ({"ram_mb": (0, 10_000)}, 1),
    ],
)
def test_how_many_of_a_size_there_is_room_for(
    allocation: Allocation, quota: dict[str, tuple[int, int | None]], fits: int | None
) -> None:
    limit(allocation, **quota)
    assert budgets.of(allocation, NOW).room.fits(2, 6144) == fits


def test_what_is_lacking_is_told_with_its_numbers(allocation: Allocation) -> None:
    limit(allocation, instances=(25, 25), cores=(0, 150))
    found = budgets.of(allocation, NOW).room
    assert room.lacking(found, room.machine(2, 6144)) == "Needs 1 instances; 0 of 25 are free."
    assert room.lacking(found, [("cores", 100)]) == ""
    assert room.lacking(found, [("cores", 151)]) == "Needs 151 vCPUs; 150 of 150 are free."


def test_growing_needs_only_what_is_more(allocation: Allocation) -> None:
    lab = machine(allocation, vcpus=4, ram_mb=8000)
    assert room.growth(8, 8000, lab) == [("cores", 4), ("ram_mb", 0)]
    assert room.growth(2, 4000, lab) == [("cores", -2), ("ram_mb", -4000)]


def test_a_quota_that_makes_no_sense_limits_nothing(allocation: Allocation) -> None:
    Allocation.objects.update(quota={"cores": "lots", "instances": {"used": None, "limit": None}})
    allocation.refresh_from_db()
    assert budgets.of(allocation, NOW).room.fits(2, 6144) is None


def test_what_burns_is_added_up_by_resource(allocation: Allocation) -> None:
    machine(allocation, vcpus=4)
    machine(allocation, vcpus=4, status="SHUTOFF")
    machine(allocation, vcpus=8, flavor_name="g3.medium")
    machine(allocation, vcpus=8, flavor_name="p3.odd")
    machine(allocation, vcpus=99, deleted_at=NOW)
    assert budgets.of(allocation, NOW).burning == {"cpu": Decimal(6), "gpu": Decimal(16)}


@pytest.mark.parametrize("status", ["REQUESTED", "BUILD"])
def test_a_machine_that_is_being_made_counts_as_running(allocation: Allocation, status: str) -> None:
    machine(allocation, vcpus=4, status=status)
    assert budgets.of(allocation, NOW).burning == {"cpu": Decimal(4)}


def test_when_it_runs_out(allocation: Allocation) -> None:
    Grant.objects.filter(resource="cpu").update(awarded=Decimal(1000), used=Decimal(900))
    machine(allocation, vcpus=6)
    found = budgets.of(allocation, NOW)
    assert found.remaining("cpu") == Decimal(100)
    assert found.runs_out_at("cpu", Decimal(4)) == NOW + timedelta(hours=10)
    assert found.runs_out_at("lm", Decimal(4)) is None


def test_what_is_lacking_is_told_apart(allocation: Allocation) -> None:
    found = budgets.of(allocation, NOW)
    assert found.lack("cpu") == ""
    assert found.lack(None) == ""
    assert "no service units of the kind “lm”" in found.lack("lm")
    Grant.objects.filter(resource="gpu").update(used=Decimal(20_000))
    Grant.objects.filter(resource="cpu").update(ends_on=NOW.date() - timedelta(days=1))
    found = budgets.of(allocation, NOW)
    assert found.lack("gpu") == "All 20,000 service units of this kind are used."
    assert "hold from" in found.lack("cpu")
    Grant.objects.all().delete()
    assert budgets.of(allocation, NOW).lack("lm") == ""


def test_the_queries_do_not_grow(
    allocation: Allocation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(9):
        budgets.of(allocation, NOW)
    for number in range(30):
        machine(allocation, name=f"m{number}")
    with django_assert_num_queries(9):
        budgets.of(allocation, NOW)


def test_regions_of_a_project_burn_the_same_grant(allocation: Allocation) -> None:
    """The balance is the project's: what runs in the other region makes it end sooner here too."""
    tacc = make_allocation(region="TACC", project_id=allocation.project_id)
    machine(allocation, vcpus=2)
    machine(tacc, vcpus=8)
    machine(tacc, vcpus=8, deleted_at=NOW)
    here, there = budgets.of(allocation, NOW), budgets.of(tacc, NOW)
    assert here.burning == there.burning == {"cpu": Decimal(10)}
    assert here.runs_out_at("cpu", Decimal(0)) is not None


def test_but_not_another_project_nor_one_of_the_same_name_at_another_cloud(allocation: Allocation) -> None:
    machine(allocation, vcpus=2)
    machine(make_allocation("TRA220028"), vcpus=8)
    twin = make_allocation(cloud="campus", region="main", project_id=allocation.project_id, slug="twin")
    machine(twin, vcpus=8)
    assert budgets.of(allocation, NOW).burning == {"cpu": Decimal(2)}


def test_quota_stays_the_regions_own(allocation: Allocation) -> None:
    limit(allocation, cores=(20, 150))
    requested(make_allocation(region="TACC", project_id=allocation.project_id), vcpus=8)
    assert share(allocation, "cores").queued == 0


def test_a_launch_that_failed_before_there_was_a_machine_takes_no_room(allocation: Allocation) -> None:
    limit(allocation, instances=(3, 25), cores=(20, 150), floating_ips=(2, 10))
    requested(allocation, vcpus=4, status="ERROR", created_at=NOW + timedelta(seconds=1))
    assert [share(allocation, name).queued for name in ("instances", "cores", "floating_ips")] == [0, 0, 0]


def test_what_the_cloud_never_made_burns_nothing(allocation: Allocation) -> None:
    """Also where the operator priced no status, so that each costs in full."""
    full = clouds().cloud("demo").portal.model_copy(update={"state_fractions": {}})
    unmade = requested(allocation, status="ERROR")
    assert budgets.burn([unmade], full, NOW) == {}
    made = machine(allocation, status="ERROR")
    assert budgets.burn([made], full, NOW) == {"cpu": Decimal(2)}


def test_a_machine_made_and_deleted_after_the_reading_gives_nothing_back(allocation: Allocation) -> None:
    """The cloud had not counted it: the quota would else look larger than it is."""
    limit(allocation, cores=(20, 150))
    later = NOW + timedelta(seconds=5)
    machine(allocation, vcpus=4, created_at=NOW + timedelta(seconds=1), status="DELETED", deleted_at=later)
    assert share(allocation, "cores").queued == 0
