"""When the SUs are gone at today's pace."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from allocations.forecast import days_left, forecast, hours_until_empty, last_moment

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = date(2026, 3, 31)


def test_it_runs_out_after_what_remains_divided_by_the_pace() -> None:
    found = forecast(Decimal(240), Decimal(10), END, NOW)
    assert found.runs_out_at == NOW + timedelta(hours=24)
    assert found.hours == 24


def test_what_lasts_past_the_end_does_not_run_out_and_says_what_is_left() -> None:
    found = forecast(Decimal(10_000), Decimal(10), END, NOW)
    hours = (last_moment(END) - NOW) / timedelta(hours=1)
    assert found.runs_out_at is None
    assert found.left_at_end == Decimal(10_000) - 10 * Decimal(hours)


def test_nothing_burning_never_runs_out() -> None:
    found = forecast(Decimal(5), Decimal(0), END, NOW)
    assert (found.runs_out_at, found.left_at_end, found.hours) == (None, Decimal(5), None)


@pytest.mark.parametrize("remaining", [0, -3])
def test_what_is_used_up_ran_out_already(remaining: int) -> None:
    assert forecast(Decimal(remaining), Decimal(1), END, NOW).runs_out_at == NOW


def test_a_trickle_is_not_given_a_date_beyond_any_calendar() -> None:
    assert hours_until_empty(Decimal(10**12), Decimal("0.001")) is None


def test_the_last_day_counts() -> None:
    assert last_moment(END) == datetime(2026, 4, 1, tzinfo=UTC)
    assert days_left(END, NOW) == 31
    assert days_left(date(2026, 3, 1), NOW) == 1
    assert days_left(date(2026, 2, 28), NOW) == 0
