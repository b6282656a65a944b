"""Where spending leads, tried on histories whose future we know."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocations.forecast import Projection, project, recent_days, without

NOW = datetime(2026, 3, 16, 12, tzinfo=UTC)
TODAY = NOW.date()
END = date(2026, 12, 31)
Days = list[tuple[date, Decimal]]


def history(*su: float, until: date = TODAY) -> Days:
    """Whole days, oldest first, the last of them yesterday."""
    count = len(su)
    return [(until - timedelta(days=count - place), Decimal(str(each))) for place, each in enumerate(su)]


def look(days: Days, remaining: int, burn: float, ends_on: date = END) -> Projection:
    return project(days, Decimal(remaining), Decimal(str(burn)), ends_on, NOW)


def gone(days: Sequence[float], remaining: int, burn: float) -> datetime | None:
    return look(history(*days), remaining, burn).runs_out_at


def test_constant_spending_goes_on() -> None:
    found = look(history(*[240] * 30), 2400, 10)
    assert found.runs_out_at == found.earliest == found.latest == found.at_burn == NOW + timedelta(days=10)
    assert found.pace_per_hour == found.slow_per_hour == found.fast_per_hour == 10
    assert found.basis == (
        "from the last 14 days' mean of 240 SU a day; today's burn is within what those days cost"
    )


def test_a_weekly_class_is_foreseen_on_the_days_between_too() -> None:
    """480 SU each Monday: nothing runs now, and still the SUs do not last for ever."""
    class_days = [480 if (TODAY - timedelta(days=ago)).weekday() == 0 else 0 for ago in range(28, 0, -1)]
    found = look(history(*class_days), 480 * 10, 0)
    assert found.runs_out_at is not None
    assert abs(found.runs_out_at - (NOW + timedelta(weeks=10))) < timedelta(days=1)
    assert found.at_burn is None
    assert found.earliest is not None
    assert found.earliest < found.runs_out_at
    assert found.latest is None or found.latest > found.runs_out_at


def test_while_the_class_runs_its_burn_is_not_taken_for_all_weeks_to_come() -> None:
    class_days = [480 if (TODAY - timedelta(days=ago)).weekday() == 0 else 0 for ago in range(28, 0, -1)]
    found = look(history(*class_days), 4800, 160)
    assert found.at_burn == NOW + timedelta(hours=30)
    assert found.runs_out_at is not None
    assert found.at_burn < found.runs_out_at
    # The other end of the range is what it will be.
    assert found.latest is None or found.latest > NOW + timedelta(weeks=10) - timedelta(days=1)
    assert "is above all of them" in found.basis


def test_bursts_widen_the_range() -> None:
    calm = look(history(*[100] * 14), 5000, 4)
    bursts = look(history(*[0, 0, 0, 0, 0, 0, 700] * 2), 5000, 4)
    assert calm.pace_per_hour == bursts.pace_per_hour
    assert bursts.fast_per_hour - bursts.slow_per_hour > 4 * (calm.fast_per_hour - calm.slow_per_hour)
    assert bursts.earliest is not None
    assert calm.earliest is not None
    assert bursts.earliest < calm.earliest


@pytest.mark.parametrize("known", [[], [240], [240, 240]])
def test_with_too_little_history_todays_burn_counts_and_it_is_said(known: list[float]) -> None:
    found = look(history(*known), 240, 10)
    assert found.runs_out_at == NOW + timedelta(hours=24)
    assert found.slow_per_hour == found.fast_per_hour == 10
    assert found.basis == "from today's burn alone: there is too little history for more"


def test_nothing_spent_and_nothing_running_has_no_date_and_everything_left() -> None:
    found = look([], 1000, 0)
    assert (found.runs_out_at, found.earliest, found.latest) == (None, None, None)
    assert found.left_at_end == 1000


def test_growing_use_is_expected_to_end_sooner_than_the_mean_says() -> None:
    growing = [24.0 * step for step in range(1, 15)]
    found = look(history(*growing), 3000, 16)
    mean = Decimal(str(sum(growing) / 14 / 24))
    assert mean < found.pace_per_hour < 16
    assert found.fast_per_hour == 16
    assert found.runs_out_at is not None
    assert found.runs_out_at < NOW + timedelta(hours=float(3000 / mean))
    assert found.earliest == NOW + timedelta(hours=3000 / 16)


def test_a_level_that_was_reached_in_the_last_days_is_taken_for_new() -> None:
    """A machine that was started three days ago and forgotten: the two weeks before say little of what comes."""
    found = look(history(*[24] * 11, *[480] * 3), 4800, 20)
    assert found.fast_per_hour == 20
    assert found.at_burn == found.earliest == NOW + timedelta(days=10)
    assert found.pace_per_hour > 10
    assert "which has lasted for days" in found.basis
    # On a single such day it is one of those that happen.
    assert "within what those days cost" in look(history(*[24] * 12, 480, 24), 4800, 20).basis


def test_everything_shelved_today_gives_hope_but_no_certainty() -> None:
    found = look(history(*[240] * 14), 2400, 0)
    assert found.latest is None
    assert found.runs_out_at == NOW + timedelta(days=20)
    assert "below all of them" in found.basis


def test_days_without_spending_count_and_today_does_not() -> None:
    days = [*history(100, 0, 0, 0), (TODAY, Decimal(9999))]
    assert recent_days(days, TODAY) == [100, 0, 0, 0]
    assert recent_days([(TODAY - timedelta(days=2), Decimal(5))], TODAY) == [5, 0]
    assert recent_days([(TODAY, Decimal(5))], TODAY) == []


def test_parts_of_a_day_are_added_up_and_their_order_does_not_matter() -> None:
    day = TODAY - timedelta(days=1)
    parts = [(day, Decimal(2)), (day - timedelta(days=1), Decimal(7)), (day, Decimal(3))]
    assert recent_days(parts, TODAY) == recent_days(parts[::-1], TODAY) == [7, 5]


def test_only_two_weeks_count() -> None:
    assert gone([9999] * 10 + [240] * 14, 240, 10) == NOW + timedelta(days=1)


def test_a_day_that_the_providers_figure_took_back_cost_nothing() -> None:
    assert recent_days(history(50, -20, 30), TODAY) == [50, 0, 30]


def test_what_may_be_burnt_so_that_it_lasts_just_to_the_end() -> None:
    end = TODAY + timedelta(days=9)
    found = look([], 228, 0, ends_on=end)
    # From noon today to the end of that day: nine and a half days.
    assert found.break_even_per_hour == 1
    assert look([], -5, 0, ends_on=end).break_even_per_hour == 0
    assert look([], 100, 0, ends_on=TODAY - timedelta(days=3)).break_even_per_hour == 0


def test_what_is_used_up_ran_out_already_at_every_pace() -> None:
    found = look(history(*[240] * 14), 0, 10)
    assert found.runs_out_at == found.earliest == found.latest == NOW


def test_shelving_moves_the_date() -> None:
    given = {"remaining": Decimal(2400), "burn_now": Decimal(10), "ends_on": END, "now": NOW}
    assert without(Decimal(0), **given) == NOW + timedelta(days=10)  # type: ignore[arg-type]
    assert without(Decimal(5), **given) == NOW + timedelta(days=20)  # type: ignore[arg-type]
    assert without(Decimal(10), **given) is None  # type: ignore[arg-type]
    assert without(Decimal(12), **given) is None  # type: ignore[arg-type]


@given(
    days=st.lists(st.decimals(-100, 10_000, places=3), max_size=40),
    remaining=st.integers(-1000, 10**7),
    burn=st.decimals(0, 500, places=3),
)
def test_the_range_holds_the_pace_and_every_date_has_its_basis(
    days: list[Decimal], remaining: int, burn: Decimal
) -> None:
    found = project(history(*map(float, days)), Decimal(remaining), burn, END, NOW)
    assert 0 <= found.slow_per_hour <= found.pace_per_hour <= found.fast_per_hour
    assert found.basis
    if found.runs_out_at is not None:
        assert found.earliest is not None
        assert found.earliest <= found.runs_out_at
        assert found.latest is None or found.runs_out_at <= found.latest
