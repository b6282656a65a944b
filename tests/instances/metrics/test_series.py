"""What the graphs get: the right points of the right range, and gaps."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from instances.metrics.models import Sample
from instances.metrics.points import Gpu, Point
from instances.metrics.series import RANGES, columns, gap_seconds, points, thin, with_gaps
from instances.models import Instance
from tests.instances.metrics.conftest import NOW

Resolution = Sample.Resolution


def every(seconds: float, count: int, start: datetime = NOW) -> list[Point]:
    return [Point(start + timedelta(seconds=seconds * index), cpu=1.0) for index in range(count)]


class TestRanges:
    def test_the_half_hour_is_at_full_resolution(
        self, instance: Instance, measured: Callable[..., None], now: datetime
    ) -> None:
        measured(timedelta(minutes=40), 480)
        found = points(instance.pk, RANGES["30m"], now)
        assert len(found) == 360
        assert found[0].at == now - timedelta(minutes=30)

    def test_an_hour_is_of_minutes_and_ends_at_the_present(
        self, instance: Instance, measured: Callable[..., None], now: datetime
    ) -> None:
        measured(timedelta(minutes=58), 50, every=60, resolution=Resolution.MINUTE)
        measured(timedelta(minutes=9), 108, cpu=50.0)
        found = points(instance.pk, RANGES["1h"], now)
        # 49 minutes from the roll-up; the fiftieth and what follows made from the samples.
        assert [point.cpu for point in found] == [10.0] * 49 + [50.0] * 9
        assert found[-1].at == now - timedelta(minutes=1)

    def test_before_the_first_roll_up_there_are_minutes_already(
        self, instance: Instance, measured: Callable[..., None], now: datetime
    ) -> None:
        measured(timedelta(minutes=2), 24)
        assert len(points(instance.pk, RANGES["24h"], now)) == 2

    def test_a_week_is_of_quarter_hours_and_ends_at_the_present(
        self, instance: Instance, measured: Callable[..., None], now: datetime
    ) -> None:
        measured(timedelta(days=6), 4, every=900, resolution=Resolution.QUARTER_HOUR)
        measured(timedelta(minutes=30), 25, every=60, resolution=Resolution.MINUTE, cpu=20.0)
        measured(timedelta(minutes=2), 24, cpu=60.0)
        found = points(instance.pk, RANGES["7d"], now)
        assert len(found) == 6
        assert [point.cpu for point in found[:5]] == [10.0] * 4 + [20.0]
        assert found[-1].cpu is not None and 20 < found[-1].cpu < 60

    def test_of_another_machine_nothing_is_seen(
        self, instance: Instance, measured: Callable[..., None], now: datetime
    ) -> None:
        measured(timedelta(minutes=5), 10)
        assert points(uuid4(), RANGES["30m"], now) == []


class TestGaps:
    def test_a_silence_is_a_point_of_nulls_between(self) -> None:
        found = list(with_gaps([*every(5, 10), *every(5, 10, NOW + timedelta(minutes=10))]))
        assert len(found) == 21
        assert found[10].cpu is None
        assert found[9].at < found[10].at < found[11].at

    def test_one_lost_sample_is_no_gap(self) -> None:
        points_with_hole = every(5, 10)
        del points_with_hole[5]
        assert list(with_gaps(points_with_hole)) == points_with_hole

    def test_a_machine_that_reports_each_minute_has_no_gaps_between_its_minutes(self) -> None:
        assert list(with_gaps(every(60, 30))) == every(60, 30)
        assert gap_seconds(every(60, 30)) == 180

    def test_nothing_and_one_point_have_none(self) -> None:
        assert list(with_gaps([])) == []
        assert list(with_gaps(every(5, 1))) == every(5, 1)


class TestColumns:
    def test_every_column_is_as_long_as_the_times(self) -> None:
        gpus: list[Gpu] = [{"util": 5.0, "mem": None}, {"util": 7.0, "mem": 9.0}]
        found = columns([Point(NOW, cpu=1), Point(NOW + timedelta(seconds=5), cpu=2, gpus=gpus)])
        assert found["t"] == [1772366400000, 1772366405000]
        assert found["cpu"] == [1, 2]
        assert found["gpus"] == [
            {"util": [None, 5.0], "mem": [None, None]},
            {"util": [None, 7.0], "mem": [None, 9.0]},
        ]
        assert set(found) == {"t", "cpu", "cpu_peak", "ram", "ram_peak", "disk", "gpus"} | {
            *("net_in", "net_out", "disk_read", "disk_write", "logins")
        }

    def test_a_gpu_that_came_later_is_a_gap_before(self) -> None:
        one: list[Gpu] = [{"util": 5.0, "mem": 1.0}]
        two: list[Gpu] = [*one, {"util": 6.0, "mem": 2.0}]
        found = columns([Point(NOW, gpus=one), Point(NOW + timedelta(seconds=5), gpus=two)])
        assert found["gpus"][1]["util"] == [None, 6.0]

    def test_nothing_is_empty_columns(self) -> None:
        assert all(column == [] for column in columns([]).values())


class TestThin:
    @given(st.integers(2, 400), st.integers(1, 100))
    def test_never_more_than_about_so_many_and_the_mean_stays(self, count: int, most: int) -> None:
        found = thin(every(5, count), most)
        assert len(found) <= max(most, 1) + 1
        assert all(point.cpu == 1.0 for point in found)

    def test_few_are_left_as_they_are(self) -> None:
        assert thin(every(5, 10), 10) == every(5, 10)

    def test_peaks_survive(self) -> None:
        found = every(1, 100)
        found[50] = found[50]._replace(cpu=100.0)
        assert max(point.cpu_peak or 0 for point in thin(found, 10)) == 100.0
