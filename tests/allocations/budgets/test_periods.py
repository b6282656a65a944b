from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocations.budgets.periods import Period, Span, period_at

SINCE = datetime(2026, 2, 3, 4, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
OPEN = Span()


def at(kind: str, now: datetime = NOW, grant: Span = OPEN, valid: Span = OPEN) -> Period | None:
    return period_at(kind, now, grant=grant, valid=valid, since=SINCE)


@pytest.mark.parametrize(
    ("kind", "key", "first", "after"),
    [
        ("day", "day:2026-11-21", date(2026, 11, 21), date(2026, 11, 22)),
        ("week", "week:2026-11-16", date(2026, 11, 16), date(2026, 11, 23)),
        ("month", "month:2026-11-01", date(2026, 11, 1), date(2026, 12, 1)),
    ],
)
def test_periods_begin_and_end_at_midnight_utc(kind: str, key: str, first: date, after: date) -> None:
    found = at(kind)
    assert found is not None
    assert (found.key, found.start.date(), found.end and found.end.date()) == (key, first, after)
    assert found.start.hour == 0 and found.start.tzinfo is UTC


def test_a_month_of_december_ends_with_the_year() -> None:
    found = at("month", datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    assert found is not None and found.end == datetime(2027, 1, 1, tzinfo=UTC)
    assert found.last_day == date(2026, 12, 31)


def test_it_is_the_day_of_utc_wherever_the_clock_hangs() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    found = at("day", late)
    assert found is not None and found.key == "day:2026-11-22"


def test_a_whole_grant_is_as_long_as_the_grant() -> None:
    found = at("grant", grant=Span(date(2026, 7, 1), date(2027, 6, 30)))
    assert found == Period(
        "grant:2026-07-01", datetime(2026, 7, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)
    )


def test_without_a_known_grant_it_counts_from_when_the_portal_met_the_allocation() -> None:
    assert at("grant") == Period("grant:open", SINCE, None)


def test_outside_its_days_a_budget_does_not_hold() -> None:
    assert at("month", valid=Span(date(2026, 11, 22), None)) is None
    assert at("month", valid=Span(None, date(2026, 11, 20))) is None
    assert at("month", valid=Span(date(2026, 11, 21), date(2026, 11, 21))) is not None


def test_a_period_is_cut_to_the_days_on_which_the_budget_holds() -> None:
    found = at("month", valid=Span(date(2026, 11, 10), date(2026, 11, 25)))
    assert found is not None
    assert (found.start, found.end) == (
        datetime(2026, 11, 10, tzinfo=UTC),
        datetime(2026, 11, 26, tzinfo=UTC),
    )


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1970 < moment.year < 9000),
    st.sampled_from(["day", "week", "month"]),
)
def test_every_moment_is_in_exactly_one_period_of_a_kind(now: datetime, kind: str) -> None:
    found = at(kind, now)
    assert found is not None and found.end is not None
    assert found.start <= now < found.end
    after = at(kind, found.end)
    assert after is not None and after.start == found.end and after.key != found.key
    assert at(kind, found.end - timedelta(microseconds=1)) == found
