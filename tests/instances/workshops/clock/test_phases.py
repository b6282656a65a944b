"""What is wanted of seats, when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from instances.workshops.clock.phases import (
    ADJACENT,
    LONGEST_LEAD,
    MARGIN,
    Phase,
    blocks,
    lead,
    phase_at,
)
from instances.workshops.clock.window import Times

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TEN = datetime(2026, 6, 1, 10, tzinfo=UTC)
# Two minutes a build: 2 min 24 s and the margin.
BUILD = 120.0
LEAD = timedelta(seconds=144) + MARGIN


def one(**changes: Any) -> Times:
    return Times(((TEN, TEN + HOUR),), **changes)


def two(gap: timedelta, **changes: Any) -> Times:
    later = TEN + HOUR + gap
    return Times(((TEN, TEN + HOUR), (later, later + HOUR)), **changes)


def at(times: Times, now: datetime, build: float = BUILD, waves: int = 1) -> Phase:
    return phase_at(times, now, build_seconds=build, waves=waves)


def test_one_meeting_from_nothing_to_over() -> None:
    times, begins = one(), TEN - 15 * MINUTE - LEAD
    assert at(times, begins - MINUTE) == Phase("nothing", begins, 0, begins, worth_building=False)
    assert at(times, begins) == Phase("on", TEN + HOUR + 15 * MINUTE, 0, begins)
    assert at(times, TEN + HOUR + 14 * MINUTE).want == "on"
    assert at(times, TEN + HOUR + 15 * MINUTE).want == "over"


def test_without_meetings_nothing_is_wanted() -> None:
    assert at(Times(()), TEN) == Phase("nothing", None, None, None, worth_building=False)


def test_as_many_waves_as_builds_fit_at_once_begin_as_much_earlier() -> None:
    single, three = (lead(one(), build_seconds=BUILD, waves=waves) for waves in (1, 3))
    assert three - single == timedelta(seconds=2 * 144)
    assert lead(one(), build_seconds=1e9, waves=9) == LONGEST_LEAD
    assert lead(one(), build_seconds=-5, waves=0) == MARGIN


def test_between_meetings_seats_are_away_and_come_back_in_time() -> None:
    times = two(2 * DAY)
    away = at(times, TEN + DAY)
    assert (away.want, away.meeting) == ("away", 1)
    assert away.build_from == away.until == TEN + HOUR + 2 * DAY - 15 * MINUTE - LEAD
    assert at(times, away.build_from).want == "on" if away.build_from else False


def test_stopped_seats_need_one_round_to_come_back_however_many_they_are() -> None:
    shelved, stopped = (
        blocks(two(DAY, between=between), build_seconds=BUILD, waves=4)[1] for between in ("shelve", "stop")
    )
    assert stopped.on_from > shelved.on_from
    assert stopped.on_from == TEN + HOUR + DAY - 15 * MINUTE - LEAD


@pytest.mark.parametrize("between", ["shelve", "stop", "keep"])
def test_meetings_back_to_back_stay_on(between: Any) -> None:
    times = two(ADJACENT - MINUTE, between=between, tail_minutes=0, ready_minutes=0)
    assert len(blocks(times, build_seconds=0, waves=1)) == 1
    assert at(times, TEN + HOUR + 10 * MINUTE).want == "on"


def test_meetings_further_apart_than_an_hour_are_put_away_between() -> None:
    times = two(3 * HOUR)
    assert at(times, TEN + 2 * HOUR).want == "away"
    assert at(two(3 * HOUR, between="keep"), TEN + 2 * HOUR).want == "on"


def test_nothing_is_put_away_for_less_than_it_takes_to_come_back() -> None:
    # Ninety minutes, of which a slow build would leave a few: away from 11:15, back from 11:20.
    slow = 3000.0
    assert at(two(1.5 * HOUR), TEN + HOUR + 16 * MINUTE, build=slow).want == "on"
    assert at(two(1.5 * HOUR), TEN + HOUR + 16 * MINUTE, build=10).want == "away"


def test_the_meeting_of_a_time_in_which_seats_are_on() -> None:
    times = two(30 * MINUTE)
    told = {
        TEN - 5 * MINUTE: 0,
        TEN + 5 * MINUTE: 0,
        TEN + HOUR + 5 * MINUTE: 1,
        TEN + 2 * HOUR: 1,
        TEN + 2.5 * HOUR + 5 * MINUTE: 1,
    }
    assert {now: at(times, now).meeting for now in told} == told


def test_a_machine_that_would_be_ready_in_the_tail_is_not_worth_building() -> None:
    assert at(one(), TEN + 50 * MINUTE).worth_building
    assert not at(one(), TEN + 59 * MINUTE).worth_building
    assert not at(one(), TEN + HOUR + MINUTE).worth_building
    # With another meeting in the same stretch it is.
    assert at(two(30 * MINUTE), TEN + HOUR + MINUTE).worth_building


@pytest.mark.parametrize("away", [10 * MINUTE, 40 * MINUTE, DAY, 30 * DAY])
def test_a_portal_that_was_away_is_told_what_is_wanted_now(away: timedelta) -> None:
    """It looked last just before it had to build, and comes back in or after the meeting."""
    times = two(7 * DAY)
    last = TEN - 15 * MINUTE - LEAD - MINUTE
    assert at(times, last).want == "nothing"
    expected = {10 * MINUTE: "on", 40 * MINUTE: "on", DAY: "away", 30 * DAY: "over"}
    assert at(times, last + away).want == expected[away]


def test_the_weekend_on_which_clocks_change_moves_nothing() -> None:
    """Meetings at ten on Saturday and Sunday: 25 hours apart, as moments say."""
    saturday = datetime(2026, 10, 31, 15, tzinfo=UTC)
    sunday = datetime(2026, 11, 1, 16, tzinfo=UTC)
    found = blocks(
        Times(((saturday, saturday + HOUR), (sunday, sunday + HOUR))), build_seconds=BUILD, waves=1
    )
    assert [block.on_until - block.on_from for block in found] == [HOUR + 30 * MINUTE + LEAD] * 2
    assert found[1].on_from - found[0].on_from == 25 * HOUR
