"""When load is worth a word."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from instances.metrics.alerts import alerts
from instances.metrics.points import Point

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def minutes(
    values: Sequence[float | None], field: str, *, every: int = 5, end: datetime = NOW
) -> list[Point]:
    """One point each `every` seconds, the last at `end`."""
    first = end - timedelta(seconds=every * (len(values) - 1))
    times = [first + timedelta(seconds=every * index) for index in range(len(values))]
    given: list[dict[str, Any]] = [{field: value} for value in values]
    return [Point(at, **fields) for at, fields in zip(times, given, strict=True)]


@pytest.mark.parametrize(
    ("used", "levels"), [(90.0, []), (90.1, ["warning"]), (95.0, ["warning"]), (95.1, ["danger"]), (None, [])]
)
def test_a_full_disk_is_said_from_its_last_value(used: float | None, levels: list[str]) -> None:
    assert [alert.level for alert in alerts([Point(NOW, disk=used)], NOW)] == levels


def test_a_disk_that_was_cleaned_up_is_no_alert_any_more() -> None:
    assert alerts(minutes([99, 99, 40], "disk"), NOW) == []


@pytest.mark.parametrize("field", ["cpu", "ram"])
class TestLoad:
    def test_two_minutes_over_the_limit_are_an_alert(self, field: str) -> None:
        (found,) = alerts(minutes([99.0] * 25, field), NOW)
        assert (found.level, found.metric) == ("warning", field)

    def test_a_peak_is_not(self, field: str) -> None:
        assert alerts(minutes([10.0] * 24 + [100.0], field), NOW) == []

    def test_nor_is_load_that_let_up_within_the_time(self, field: str) -> None:
        assert alerts(minutes([99.0] * 20 + [50.0] + [99.0] * 4, field), NOW) == []

    def test_exactly_the_limit_is_allowed(self, field: str) -> None:
        assert alerts(minutes([95.0] * 25, field), NOW) == []

    def test_a_machine_that_just_began_has_not_sustained_anything(self, field: str) -> None:
        assert alerts(minutes([100.0] * 6, field), NOW) == []

    def test_two_lines_of_the_console_are_enough(self, field: str) -> None:
        assert len(alerts(minutes([99.0, 99.0, 99.0], field, every=60), NOW)) == 1

    def test_missing_measurements_neither_make_nor_end_it(self, field: str) -> None:
        assert len(alerts(minutes([99.0] * 12 + [None] + [99.0] * 12, field), NOW)) == 1
        assert alerts(minutes([None] * 25, field), NOW) == []


def test_old_measurements_say_nothing_about_now() -> None:
    assert alerts(minutes([99.0] * 25, "cpu", end=NOW - timedelta(minutes=6)), NOW) == []
    assert alerts([Point(NOW - timedelta(minutes=6), disk=99.0)], NOW) == []


def test_the_worst_comes_first() -> None:
    points = [point._replace(disk=99.0) for point in minutes([99.0] * 25, "ram")]
    assert [alert.metric for alert in alerts(points, NOW)] == ["disk", "ram"]


def test_each_says_what_to_do() -> None:
    points = [point._replace(disk=99.0, ram=99.0) for point in minutes([99.0] * 25, "cpu")]
    assert all(alert.todo for alert in alerts(points, NOW))
    assert len(alerts(points, NOW)) == 3
