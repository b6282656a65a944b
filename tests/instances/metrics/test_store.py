"""Samples in the database: once each, rolled up, and forgotten in time."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from allocations.models import Allocation
from instances.metrics import store
from instances.metrics.models import Sample
from instances.metrics.points import Point, bucket
from instances.models import Instance
from tests.instances.metrics.conftest import make_instance

Resolution = Sample.Resolution


def stored(instance: Instance, resolution: int = Resolution.FULL) -> list[tuple[datetime, float | None]]:
    rows = Sample.objects.filter(instance=instance, resolution=resolution).order_by("at")
    return list(rows.values_list("at", "cpu"))


class TestKeep:
    def test_points_are_stored_as_measured(self, instance: Instance, now: datetime) -> None:
        gpus = [{"util": 7.0, "mem": None}]
        point = Point(now, cpu=1.5, ram=2.5, disk=3.5, gpus=gpus, net_in=4.0, net_out=5.0)
        assert store.keep([(instance.pk, point)], now) == 1
        row = Sample.objects.get()
        assert (row.at, row.cpu, row.ram, row.disk, row.gpus) == (now, 1.5, 2.5, 3.5, gpus)
        assert (row.net_in, row.net_out, row.resolution) == (4.0, 5.0, Resolution.FULL)

    def test_what_comes_twice_is_stored_once(self, instance: Instance, now: datetime) -> None:
        store.keep([(instance.pk, Point(now, cpu=1)), (instance.pk, Point(now, cpu=1))], now)
        store.keep([(instance.pk, Point(now, cpu=99))], now)
        assert stored(instance) == [(now, 1.0)]

    def test_of_a_machine_that_never_was_nothing_is_stored(self, instance: Instance, now: datetime) -> None:
        assert store.keep([(uuid4(), Point(now, cpu=1)), (instance.pk, Point(now, cpu=2))], now) == 1
        assert Sample.objects.count() == 1

    def test_nor_of_one_that_is_deleted(self, allocation: Allocation, now: datetime) -> None:
        gone = make_instance(allocation, deleted_at=now)
        assert store.keep([(gone.pk, Point(now, cpu=1))], now) == 0
        assert Sample.objects.count() == 0

    def test_a_thousand_machines_cost_no_more_queries_than_one(
        self,
        allocation: Allocation,
        now: datetime,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        instances = [make_instance(allocation, f"m{index}") for index in range(50)]
        # Savepoint, which exist, insert, release.
        with django_assert_max_num_queries(5):
            store.keep([(one.pk, Point(now, cpu=1)) for one in instances for _ in range(1)], now)
        assert Sample.objects.count() == 50

    def test_a_backlog_is_rolled_up_when_it_comes(self, instance: Instance, now: datetime) -> None:
        old = now - timedelta(minutes=8)
        store.keep([(instance.pk, Point(old + timedelta(seconds=5 * i), cpu=i)) for i in range(12)], now)
        assert stored(instance, Resolution.MINUTE) == [(old, 5.5)]
        assert stored(instance, Resolution.QUARTER_HOUR) == [(bucket(old, 900), 5.5)]

    def test_and_joins_what_its_minute_already_had(self, instance: Instance, now: datetime) -> None:
        old = now - timedelta(minutes=8)
        store.keep([(instance.pk, Point(old, cpu=10))], now)
        store.keep([(instance.pk, Point(old + timedelta(seconds=5), cpu=30))], now)
        assert stored(instance, Resolution.MINUTE) == [(old, 20.0)]


class TestRollUp:
    def test_minutes_are_means_with_peaks(
        self, instance: Instance, measured: Callable[..., None], now: datetime
    ) -> None:
        measured(timedelta(minutes=5), 12, cpu=10.0)
        Sample.objects.create(
            instance=instance, at=now - timedelta(minutes=5, seconds=-58), cpu=75.0, ram=90.0
        )
        store.roll_up(now)
        row = Sample.objects.get(resolution=Resolution.MINUTE)
        assert (row.at, row.cpu, row.cpu_peak) == (now - timedelta(minutes=5), 15.0, 75.0)
        assert row.ram_peak == 90.0

    def test_a_minute_seen_incomplete_is_made_again(
        self, instance: Instance, measured: Callable[..., None], now: datetime
    ) -> None:
        measured(timedelta(seconds=30), 1, cpu=10.0)
        store.roll_up(now)
        measured(timedelta(seconds=20), 1, cpu=30.0)
        store.roll_up(now + timedelta(seconds=60))
        assert stored(instance, Resolution.MINUTE) == [(now - timedelta(minutes=1), 20.0)]

    def test_quarter_hours_are_made_of_minutes(
        self, instance: Instance, measured: Callable[..., None], now: datetime
    ) -> None:
        measured(timedelta(minutes=30), 15, every=60, resolution=Resolution.MINUTE, cpu=10.0, cpu_peak=80.0)
        store.roll_up(now)
        row = Sample.objects.get(resolution=Resolution.QUARTER_HOUR)
        assert (row.at, row.cpu, row.cpu_peak) == (now - timedelta(minutes=30), 10.0, 80.0)

    def test_machines_are_kept_apart(self, allocation: Allocation, instance: Instance, now: datetime) -> None:
        other = make_instance(allocation, "other")
        at = now - timedelta(seconds=30)
        store.keep([(instance.pk, Point(at, cpu=10)), (other.pk, Point(at, cpu=90))], now)
        store.roll_up(now)
        assert stored(instance, Resolution.MINUTE)[0][1] == 10.0
        assert stored(other, Resolution.MINUTE)[0][1] == 90.0

    def test_after_a_long_stop_it_goes_on_from_the_last_bucket(
        self, instance: Instance, measured: Callable[..., None], now: datetime
    ) -> None:
        measured(timedelta(minutes=50), 1)
        store.roll_up(now - timedelta(minutes=49))
        measured(timedelta(minutes=40), 1)
        store.roll_up(now)
        assert len(stored(instance, Resolution.MINUTE)) == 2

    def test_what_gathered_during_a_long_stop_is_taken_in_slices(
        self,
        instance: Instance,
        measured: Callable[..., None],
        now: datetime,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Thousands of machines for an hour would not fit in the memory of a worker."""
        measured(timedelta(minutes=58), 58, every=60, cpu=10.0)
        write, sizes = store._write, list[int]()

        def written(rows: Iterator[Sample]) -> None:
            made = list(rows)
            sizes.append(len(made))
            write(iter(made))

        monkeypatch.setattr(store, "_write", written)
        store.roll_up(now)
        assert len(stored(instance, Resolution.MINUTE)) == 58
        assert max(sizes) <= 15
        assert [cpu for _, cpu in stored(instance, Resolution.QUARTER_HOUR)] == [10.0] * 4

    def test_a_guest_whose_clock_is_ahead_does_not_stop_it(
        self, instance: Instance, measured: Callable[..., None], now: datetime
    ) -> None:
        measured(timedelta(minutes=-4), 1)
        store.roll_up(now)
        measured(timedelta(seconds=30), 1)
        store.roll_up(now)
        assert len(stored(instance, Resolution.MINUTE)) == 2

    def test_twice_is_as_once(self, instance: Instance, measured: Callable[..., None], now: datetime) -> None:
        measured(timedelta(minutes=10), 100)
        store.roll_up(now)
        before = stored(instance, Resolution.MINUTE)
        store.roll_up(now)
        assert stored(instance, Resolution.MINUTE) == before

    def test_what_was_not_measured_stays_so(self, instance: Instance, now: datetime) -> None:
        Sample.objects.create(instance=instance, at=now - timedelta(seconds=30))
        store.roll_up(now)
        row = Sample.objects.get(resolution=Resolution.MINUTE)
        assert (row.cpu, row.ram, row.gpus, row.net_in) == (None, None, None, None)


class TestExpire:
    @pytest.mark.parametrize(
        ("resolution", "kept", "gone"),
        [
            (Resolution.FULL, timedelta(minutes=60), timedelta(minutes=66)),
            (Resolution.MINUTE, timedelta(hours=24), timedelta(hours=26)),
            (Resolution.QUARTER_HOUR, timedelta(days=29), timedelta(days=31)),
        ],
    )
    def test_each_resolution_has_its_time(
        self,
        instance: Instance,
        measured: Callable[..., None],
        now: datetime,
        resolution: int,
        kept: timedelta,
        gone: timedelta,
    ) -> None:
        measured(kept, 1, resolution=resolution)
        measured(gone, 1, resolution=resolution)
        assert store.expire(now) == 1
        assert [at for at, _ in stored(instance, resolution)] == [now - kept]

    def test_many_go_a_bounded_number_at_a_time(
        self, measured: Callable[..., None], now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "DELETED_AT_ONCE", 7)
        measured(timedelta(hours=2), 50)
        assert store.expire(now) == 50
        assert Sample.objects.count() == 0
