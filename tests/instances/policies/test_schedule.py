"""Office hours: wall clocks, holidays, both changes of the clocks, and answers that do not depend on who asks how often."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instances.policies.schedule import (
    Change,
    Hours,
    Span,
    last_change,
    next_change,
    on_at,
    on_share,
    outside,
    stretches,
)

CHICAGO = "America/Chicago"
DAY = Span(8 * 60, 19 * 60)
OFFICE = Hours(CHICAGO, ((DAY,),) * 5 + ((), ()))
ALWAYS = Hours("UTC", ((Span(0, 1440),),) * 7)


def at(text: str, zone: str = CHICAGO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


class TestOfficeHours:
    @pytest.mark.parametrize(
        ("moment", "on"),
        [
            ("2026-02-10T07:59", False),
            ("2026-02-10T08:00", True),
            ("2026-02-10T18:59", True),
            ("2026-02-10T19:00", False),
            ("2026-02-14T12:00", False),
        ],
    )
    def test_begin_at_their_minute_and_end_at_theirs(self, moment: str, on: bool) -> None:
        assert on_at(OFFICE, at(moment)) is on

    def test_the_next_change_is_the_end_of_the_day_and_then_the_next_morning(self) -> None:
        first = next_change(OFFICE, at("2026-02-10T12:00"))
        assert first == Change(at("2026-02-10T19:00"), False)
        assert next_change(OFFICE, first.at) == Change(at("2026-02-11T08:00"), True)

    def test_over_the_weekend(self) -> None:
        assert next_change(OFFICE, at("2026-02-13T20:00")) == Change(at("2026-02-16T08:00"), True)
        assert last_change(OFFICE, at("2026-02-15T03:00")) == Change(at("2026-02-13T19:00"), False)

    def test_a_change_at_the_very_moment_is_the_last_and_not_the_next(self) -> None:
        evening = at("2026-02-10T19:00")
        assert last_change(OFFICE, evening) == Change(evening, False)
        assert next_change(OFFICE, evening) == Change(at("2026-02-11T08:00"), True)

    def test_on_a_holiday_no_hours_begin(self) -> None:
        hours = Hours(CHICAGO, OFFICE.week, frozenset({date(2026, 2, 11), date(2026, 2, 12)}))
        assert not on_at(hours, at("2026-02-11T12:00"))
        assert next_change(hours, at("2026-02-10T19:00")) == Change(at("2026-02-13T08:00"), True)

    def test_hours_may_end_on_the_next_day(self) -> None:
        night = Hours("UTC", ((Span(20 * 60, 4 * 60),),) * 7)
        assert on_at(night, at("2026-02-10T02:00", "UTC"))
        assert not on_at(night, at("2026-02-10T12:00", "UTC"))

    def test_hours_of_a_night_before_a_holiday_are_not_cut_by_it(self) -> None:
        night = Hours("UTC", ((Span(20 * 60, 4 * 60),),) * 7, frozenset({date(2026, 2, 11)}))
        assert on_at(night, at("2026-02-11T03:00", "UTC"))
        assert not on_at(night, at("2026-02-11T21:00", "UTC"))

    def test_days_that_touch_are_one_stretch(self) -> None:
        week = ((Span(0, 1440),), (Span(0, 12 * 60),), (), (), (), (), ())
        hours = Hours("UTC", week)
        assert next_change(hours, at("2026-02-09T10:00", "UTC")) == Change(
            at("2026-02-10T12:00", "UTC"), False
        )

    def test_what_runs_always_or_never_has_no_changes(self) -> None:
        never = Hours("UTC", ((),) * 7)
        for hours in (ALWAYS, never):
            assert next_change(hours, at("2026-02-10T12:00")) is None
            assert last_change(hours, at("2026-02-10T12:00")) is None
        assert on_at(ALWAYS, at("2026-02-10T12:00"))
        assert not on_at(never, at("2026-02-10T12:00"))

    def test_hours_of_days_on_end_are_known_from_their_middle(self) -> None:
        week = ((Span(0, 1440),),) * 5 + ((), ())
        hours = Hours("UTC", week)
        friday = at("2026-02-13T10:00", "UTC")
        assert on_at(hours, friday)
        assert last_change(hours, friday) == Change(at("2026-02-09T00:00", "UTC"), True)

    def test_a_summer_of_holidays_is_looked_through(self) -> None:
        first = date(2026, 6, 1)
        closed = frozenset(first + timedelta(days=number) for number in range(92))
        hours = Hours(CHICAGO, OFFICE.week, closed)
        assert next_change(hours, at("2026-06-05T12:00")) == Change(at("2026-09-01T08:00"), True)

    def test_the_share_of_a_week(self) -> None:
        assert on_share(OFFICE, at("2026-02-10T12:00")) == pytest.approx(55 / 168)
        assert on_share(ALWAYS, at("2026-02-10T12:00")) == 1


class TestClocksChange:
    """In Chicago on 8 March 2026 at 2:00 to 3:00, on 1 November at 2:00 to 1:00."""

    def test_hours_are_of_the_wall_clock_on_either_side(self) -> None:
        before = next_change(OFFICE, at("2026-03-05T20:00"))
        after = next_change(OFFICE, at("2026-03-08T20:00"))
        assert before is not None and after is not None
        assert before.at.astimezone(UTC) == datetime(2026, 3, 6, 14, tzinfo=UTC)
        assert after.at.astimezone(UTC) == datetime(2026, 3, 9, 13, tzinfo=UTC)

    def test_a_start_that_does_not_exist_is_as_many_minutes_after_the_change(self) -> None:
        hours = Hours(CHICAGO, ((Span(150, 300),),) * 7)  # 2:30 to 5:00
        found = stretches(hours, at("2026-03-08T00:00"), at("2026-03-08T12:00"))
        assert found == [(at("2026-03-08T03:30").astimezone(UTC), at("2026-03-08T05:00").astimezone(UTC))]

    def test_an_end_that_does_not_exist_is_too(self) -> None:
        hours = Hours(CHICAGO, ((Span(60, 150),),) * 7)  # 1:00 to 2:30
        ((begin, end),) = stretches(hours, at("2026-03-08T00:00"), at("2026-03-08T12:00"))
        assert end - begin == timedelta(minutes=90)
        assert end == at("2026-03-08T03:30")

    def test_of_a_time_that_exists_twice_hours_begin_at_the_first(self) -> None:
        hours = Hours(CHICAGO, ((Span(90, 300),),) * 7)  # 1:30 to 5:00
        ((begin, end),) = stretches(hours, at("2026-11-01T00:00"), at("2026-11-01T12:00"))
        assert begin == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
        assert end - begin == timedelta(hours=4, minutes=30)

    def test_and_end_at_the_second(self) -> None:
        hours = Hours(CHICAGO, ((Span(0, 90),),) * 7)  # 0:00 to 1:30
        ((_, end),) = stretches(hours, at("2026-11-01T00:00"), at("2026-11-01T12:00"))
        assert end == datetime(2026, 11, 1, 7, 30, tzinfo=UTC)

    def test_the_day_that_clocks_skip_is_never_both_on_and_off(self) -> None:
        hours = Hours(CHICAGO, ((Span(130, 170),),) * 7)  # 2:10 to 2:50: not there on 8 March
        ((begin, end),) = stretches(hours, at("2026-03-08T00:00"), at("2026-03-08T12:00"))
        assert (begin, end) == (at("2026-03-08T03:10"), at("2026-03-08T03:50"))


zones = st.sampled_from(
    [
        "UTC",
        CHICAGO,
        "Europe/Berlin",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/St_Johns",
    ]
)
spans = st.builds(Span, st.integers(0, 1439), st.integers(0, 1440))
days = st.lists(spans, max_size=2).map(tuple)
moments = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes, seconds=minutes % 60)
)
schedules = st.builds(
    Hours,
    zones,
    st.lists(days, min_size=7, max_size=7).map(tuple),
    st.frozensets(st.dates(date(2025, 1, 1), date(2027, 12, 31)), max_size=10),
)


class TestWhatEverIsAsked:
    @given(schedules, moments)
    @settings(max_examples=150)
    def test_nothing_changes_between_now_and_the_next_change(self, hours: Hours, now: datetime) -> None:
        change = next_change(hours, now)
        state = on_at(hours, now)
        if change is None:
            assert on_at(hours, now + timedelta(days=30)) is state
            return
        assert change.at > now
        assert change.on is not state
        assert on_at(hours, change.at) is change.on
        assert on_at(hours, now + (change.at - now) / 2) is state
        assert on_at(hours, change.at - timedelta(microseconds=1)) is state

    @given(schedules, moments)
    @settings(max_examples=150)
    def test_the_last_change_is_what_holds_now(self, hours: Hours, now: datetime) -> None:
        change = last_change(hours, now)
        if change is not None:
            assert change.at <= now
            assert on_at(hours, now) is change.on

    @given(schedules, moments, st.lists(st.floats(0.01, 40), max_size=12))
    @settings(max_examples=80)
    def test_the_changes_of_a_month_are_the_same_however_often_one_asks(
        self, hours: Hours, start: datetime, pauses: list[float]
    ) -> None:
        end = start + timedelta(days=31)
        every = _walk(hours, start, end)
        seen: list[Change] = []
        now = start
        for pause in [*pauses, 1000.0]:
            later = min(end, now + timedelta(hours=pause))
            seen += _walk(hours, now, later)
            now = later
        assert seen == every

    @given(schedules, moments, st.floats(0.1, 400))
    @settings(max_examples=80)
    def test_what_is_outside_and_what_is_inside_make_up_the_whole(
        self, hours: Hours, start: datetime, length: float
    ) -> None:
        end = start + timedelta(hours=length)
        inside = [(max(begin, start), min(until, end)) for begin, until in stretches(hours, start, end)]
        pieces = sorted([*inside, *outside(hours, start, end)])
        assert pieces[0][0] == start and pieces[-1][1] == end
        assert all(one[1] == other[0] for one, other in pairwise(pieces))
        assert all(not on_at(hours, begin) for begin, _ in outside(hours, start, end))


def _walk(hours: Hours, start: datetime, end: datetime) -> list[Change]:
    found = []
    change = next_change(hours, start)
    while change is not None and change.at <= end:
        found.append(change)
        change = next_change(hours, change.at)
    return found
