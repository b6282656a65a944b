"""Wall-clock times of a zone as moments, across the changes of clocks."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from instances.workshops.clock.window import (
    Times,
    current,
    moments,
    overlapping,
    upcoming,
    wall,
    window,
    zone_of,
)

CHICAGO = "America/Chicago"
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_meeting_of_an_afternoon() -> None:
    assert moments(date(2026, 11, 24), time(10), time(11, 30), CHICAGO) == (
        at("2026-11-24 16:00"),
        at("2026-11-24 17:30"),
    )


def test_an_end_that_is_not_later_than_the_beginning_is_on_the_next_day() -> None:
    assert moments(date(2026, 11, 24), time(22), time(2), "UTC") == (
        at("2026-11-24 22:00"),
        at("2026-11-25 02:00"),
    )
    start, end = moments(date(2026, 11, 24), time(9), time(9), "UTC")
    assert end - start == timedelta(days=1)


def test_a_weekly_meeting_keeps_its_hour_when_clocks_change() -> None:
    before, after = (moments(date(2026, 3, day), time(10), time(11), CHICAGO) for day in (5, 12))
    assert (before[0].hour, after[0].hour) == (16, 15)
    assert wall(before[0], CHICAGO)[1] == wall(after[0], CHICAGO)[1] == time(10)


@pytest.mark.parametrize(
    ("begins", "ends", "starts_at", "ends_at"),
    [
        # 02:00 to 03:00 does not exist on 8 March 2026 in Chicago.
        (time(1, 30), time(3, 30), "2026-03-08 07:30", "2026-03-08 08:30"),
        (time(2, 30), time(4), "2026-03-08 08:30", "2026-03-08 09:00"),
        (time(2, 10), time(2, 50), "2026-03-08 08:10", "2026-03-08 08:50"),
        # An end at 03:00 is the moment at which 02:30, read by the old clock, has not come yet.
        (time(2, 30), time(3), "2026-03-08 08:30", "2026-03-08 09:00"),
    ],
)
def test_hours_that_the_clocks_leave_out(begins: time, ends: time, starts_at: str, ends_at: str) -> None:
    assert moments(date(2026, 3, 8), begins, ends, CHICAGO) == (at(starts_at), at(ends_at))


def test_hours_that_come_twice_are_both_of_the_meeting() -> None:
    # 01:00 to 02:00 comes twice on 1 November 2026 in Chicago: a class that ends at 01:30 ends at the second one.
    start, end = moments(date(2026, 11, 1), time(1, 15), time(1, 30), CHICAGO)
    assert (start, end) == (at("2026-11-01 06:15"), at("2026-11-01 07:30"))


def test_zones_far_apart_have_other_days() -> None:
    assert moments(date(2026, 6, 1), time(9), time(10), "Pacific/Kiritimati")[0] == at("2026-05-31 19:00")
    assert moments(date(2026, 6, 1), time(20), time(22), "Pacific/Pago_Pago")[1] == at("2026-06-02 09:00")
    assert wall(at("2026-05-31 19:00"), "Pacific/Kiritimati") == (date(2026, 6, 1), time(9))


def test_the_window_reaches_from_before_the_first_to_after_the_last() -> None:
    times = Times(
        ((at("2026-06-01 10:00"), at("2026-06-01 11:00")), (at("2026-06-03 10:00"), at("2026-06-03 11:00"))),
        ready_minutes=20,
        tail_minutes=10,
    )
    assert window(times) == (at("2026-06-01 09:40"), at("2026-06-03 11:10"))
    assert window(Times(())) is None


def test_meetings_that_meet_do_not_overlap_and_one_minute_does() -> None:
    first, second = (
        (at("2026-06-01 10:00"), at("2026-06-01 11:00")),
        (at("2026-06-01 11:00"), at("2026-06-01 12:00")),
    )
    assert overlapping([second, first]) is None
    later = (first[0], first[1] + MINUTE)
    assert overlapping([second, later]) == (later, second)


def test_which_meeting_is_meant_now() -> None:
    first, second = (
        (at("2026-06-01 10:00"), at("2026-06-01 11:00")),
        (at("2026-06-01 11:05"), at("2026-06-01 12:00")),
    )
    times = Times((first, second), tail_minutes=15)
    seen = {
        "09:59": (None, 0),
        "10:00": (0, 1),
        "10:59": (0, 1),
        "11:00": (0, 1),
        "11:05": (1, None),
        "12:00": (1, None),
        "12:14": (1, None),
        "12:15": (None, None),
    }
    for clock, (now, following) in seen.items():
        moment = at(f"2026-06-01 {clock}")
        assert (current(times, moment), upcoming(times, moment)) == (now, following), clock


def test_a_zone_that_nobody_knows_is_read_as_utc() -> None:
    assert zone_of(CHICAGO).key == CHICAGO
    for odd in ("", "Mars/Olympus", "../etc/passwd", "x" * 300):
        assert zone_of(odd).key == "UTC"
