"""Means, peaks and buckets."""

from datetime import UTC, datetime, timedelta

from instances.metrics.points import Point, bucket, merge

AT = datetime(2026, 3, 1, 12, 7, 31, tzinfo=UTC)


def test_buckets_begin_on_the_whole_minute_and_quarter() -> None:
    assert bucket(AT, 60) == datetime(2026, 3, 1, 12, 7, tzinfo=UTC)
    assert bucket(AT, 900) == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert bucket(bucket(AT, 60), 60) == bucket(AT, 60)


def test_means_and_peaks() -> None:
    merged = merge([Point(AT, cpu=10, ram=20, disk=30), Point(AT, cpu=30, ram=40, disk=30)], AT)
    assert (merged.cpu, merged.cpu_peak, merged.ram, merged.ram_peak, merged.disk) == (20, 30, 30, 40, 30)


def test_peaks_of_peaks_stay_peaks() -> None:
    merged = merge([Point(AT, cpu=10, cpu_peak=99), Point(AT, cpu=50, cpu_peak=60)], AT)
    assert (merged.cpu, merged.cpu_peak) == (30, 99)


def test_what_was_not_measured_does_not_count_as_nothing() -> None:
    merged = merge([Point(AT, cpu=None), Point(AT, cpu=50)], AT)
    assert (merged.cpu, merged.ram, merged.ram_peak, merged.gpus) == (50, None, None, None)


def test_gpus_are_merged_device_by_device() -> None:
    one = Point(AT, gpus=[{"util": 10, "mem": 20}, {"util": None, "mem": 5}])
    two = Point(AT, gpus=[{"util": 30, "mem": None}])
    assert merge([one, two, Point(AT)], AT).gpus == [{"util": 20, "mem": 20}, {"util": None, "mem": 5}]


def test_the_merged_point_has_the_time_of_its_bucket() -> None:
    assert merge([Point(AT + timedelta(seconds=9), cpu=1)], AT).at == AT
