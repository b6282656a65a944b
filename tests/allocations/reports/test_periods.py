"""Which days a report is about."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocations.reports.periods import (
    PRESETS,
    Period,
    Week,
    bucket_of,
    bucket_title,
    buckets,
    every_of,
    last_week,
    period_of,
)

SATURDAY = date(2026, 11, 21)
GRANT = (date(2026, 3, 1), date(2027, 2, 28))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("week", date(2026, 11, 16), SATURDAY),
        ("last-week", date(2026, 11, 9), date(2026, 11, 15)),
        ("month", date(2026, 11, 1), SATURDAY),
        ("last-month", date(2026, 10, 1), date(2026, 10, 31)),
        ("grant", date(2026, 3, 1), SATURDAY),
        ("", date(2026, 11, 1), SATURDAY),
        ("nonsense", date(2026, 11, 1), SATURDAY),
    ],
)
def test_each_preset_is_the_days_that_its_name_says(name: str, first: date, last: date) -> None:
    found = period_of({"period": name}, GRANT, SATURDAY)
    assert (found.first, found.last) == (first, last)


def test_without_a_grant_its_period_is_this_month() -> None:
    assert period_of({"period": "grant"}, None, SATURDAY).name == "month"


def test_a_grant_that_is_over_ends_when_it_ended() -> None:
    found = period_of({"period": "grant"}, (date(2025, 1, 1), date(2025, 12, 31)), SATURDAY)
    assert (found.first, found.last) == (date(2025, 1, 1), date(2025, 12, 31))


def test_a_grant_that_has_not_begun_is_its_first_day() -> None:
    found = period_of({"period": "grant"}, (date(2026, 12, 1), date(2027, 11, 30)), SATURDAY)
    assert (found.first, found.last) == (date(2026, 12, 1), date(2026, 12, 1))


def test_two_days_given_the_wrong_way_round_are_put_right() -> None:
    found = period_of({"from": "2026-11-10", "to": "2026-11-03"}, None, SATURDAY)
    assert (found.first, found.last, found.days) == (date(2026, 11, 3), date(2026, 11, 10), 8)


def test_a_preset_goes_before_days_that_the_address_still_has() -> None:
    found = period_of({"period": "week", "from": "2020-01-01"}, None, SATURDAY)
    assert found.name == "week"


@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from([*PRESETS, "", "x"]))
def test_whatever_an_address_says_there_is_a_period(start: str, end: str, name: str) -> None:
    found = period_of({"period": name, "from": start, "to": end}, GRANT, SATURDAY)
    assert found.first <= found.last
    assert 1 <= found.days <= 366 * 6 + 1
    assert found.start.tzinfo is UTC and found.end > found.start


@given(st.dates(date(2000, 1, 1), date(2200, 12, 31)), st.dates(date(2000, 1, 1), date(2200, 12, 31)))
def test_the_longest_report_is_bounded(start: date, end: date) -> None:
    found = period_of({"from": start.isoformat(), "to": end.isoformat()}, None, SATURDAY)
    assert found.days <= 366 * 6 + 1


@given(
    st.dates(date(2020, 1, 1), date(2024, 12, 1)),
    st.integers(1, 700),
    st.sampled_from(["day", "week", "month"]),
)
def test_every_day_of_a_period_is_in_exactly_one_stretch(first: date, days: int, every: str) -> None:
    period = Period("days", first, date.fromordinal(first.toordinal() + days - 1))
    found = buckets(period, every, SATURDAY)
    assert found == sorted(set(found))
    held = {bucket_of(date.fromordinal(first.toordinal() + n), every) for n in range(days)}
    assert held == set(found)


def test_stretches_that_are_still_to_come_have_no_bar() -> None:
    period = Period("days", date(2026, 11, 20), date(2026, 12, 31))
    assert buckets(period, "day", SATURDAY) == [date(2026, 11, 20), SATURDAY]


@pytest.mark.parametrize(
    ("wanted", "days", "every"),
    [
        ("", 30, "day"),
        ("", 100, "week"),
        ("", 365, "month"),
        ("day", 100, "day"),
        ("day", 365, "week"),
        ("week", 2000, "month"),
        ("month", 5, "month"),
        ("hour", 5, "day"),
    ],
)
def test_bars_are_as_fine_as_asked_while_they_can_be_told_apart(wanted: str, days: int, every: str) -> None:
    period = Period("days", date(2020, 1, 1), date.fromordinal(date(2020, 1, 1).toordinal() + days - 1))
    assert every_of(wanted, period) == every


def test_stretches_are_named_by_what_they_are() -> None:
    assert bucket_title(date(2026, 11, 16), "week") == "2026-W47"
    assert bucket_title(date(2026, 11, 1), "month") == "Nov 2026"
    assert bucket_title(date(2026, 11, 1), "day") == "1 Nov 2026"


def test_the_last_week_is_the_one_that_is_over_in_utc() -> None:
    assert last_week(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)).name == "2026-W46"
    assert last_week(datetime(2026, 11, 23, 0, 0, tzinfo=UTC)).name == "2026-W47"


def test_a_week_of_the_new_year_has_the_name_that_the_norm_gives_it() -> None:
    assert Week(date(2026, 12, 28)).name == "2026-W53"
    assert Week(date(2026, 12, 28)).before.name == "2026-W52"
    assert Week(date(2026, 12, 28)).period.last == date(2027, 1, 3)
