"""Days of meetings out of what people say."""

from datetime import date, time, timedelta

import pytest

from instances.workshops.clock.repeating import (
    LONGEST,
    MOST,
    BadTimes,
    Planned,
    Weekly,
    once,
    said,
    several,
    shifted,
    weekly,
)

TEN, HALF_PAST = time(10), time(11, 30)
# A Monday.
FIRST = date(2026, 11, 16)


def rule(*weekdays: int, until: date = date(2026, 12, 12), without: tuple[date, ...] = ()) -> Weekly:
    return Weekly(frozenset(weekdays), TEN, HALF_PAST, FIRST, until, frozenset(without))


def test_every_tuesday_and_thursday_until_a_day_not_on_these_dates() -> None:
    thanksgiving = date(2026, 11, 26)
    found = weekly(rule(1, 3, without=(thanksgiving,)))
    assert [one.day.isoformat() for one in found] == [
        *("2026-11-17", "2026-11-19", "2026-11-24", "2026-12-01"),
        *("2026-12-03", "2026-12-08", "2026-12-10"),
    ]
    assert {(one.begins, one.ends) for one in found} == {(TEN, HALF_PAST)}


def test_the_first_and_the_last_day_are_both_meant() -> None:
    assert [one.day for one in weekly(rule(0, until=FIRST + timedelta(days=7)))] == [
        FIRST,
        FIRST + timedelta(days=7),
    ]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (rule(), "at least one day of the week"),
        (rule(7), "at least one day of the week"),
        (rule(1, until=FIRST - timedelta(days=1)), "before the first"),
        (rule(1, until=FIRST + LONGEST + timedelta(days=1)), "days at most"),
        (rule(1, until=FIRST), "no meeting on these days"),
        (rule(*range(7), until=FIRST + timedelta(days=MOST)), f"{MOST} at most"),
    ],
)
def test_what_cannot_be_is_said(asked: Weekly, words: str) -> None:
    with pytest.raises(BadTimes, match=words):
        weekly(asked)


def test_the_rule_is_said_back() -> None:
    assert said(rule(3, 1, 4, without=(date(2026, 11, 26), date(2027, 1, 1)))) == (
        "Every Tuesday, Thursday and Friday 10:00 to 11:30 until 2026-12-12, not on 2026-11-26"
    )
    assert said(rule(0)) == "Every Monday 10:00 to 11:30 until 2026-12-12"


def test_once_and_on_several_days() -> None:
    assert once(FIRST, TEN, HALF_PAST, "Basics") == [Planned(FIRST, TEN, HALF_PAST, "Basics")]
    later = FIRST + timedelta(days=2)
    assert [one.day for one in several([later, FIRST, later], TEN, HALF_PAST)] == [FIRST, later]
    with pytest.raises(BadTimes):
        several([], TEN, HALF_PAST)


def test_shifted_meetings_keep_hours_titles_and_distances() -> None:
    given = [Planned(FIRST + timedelta(days=2), TEN, HALF_PAST, "b"), Planned(FIRST, TEN, HALF_PAST, "a")]
    assert shifted(given, 364) == [
        Planned(FIRST + timedelta(days=364), TEN, HALF_PAST, "a"),
        Planned(FIRST + timedelta(days=366), TEN, HALF_PAST, "b"),
    ]
