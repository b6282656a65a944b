"""Meetings as people type them."""

from datetime import date, time
from typing import Any

import pytest

from instances.workshops.clock.repeating import BadTimes, Planned
from instances.workshops.courses.dates import read, read_lines, text_of

TODAY = date(2026, 9, 1)
ONE, FOUR = time(13), time(16)


def form(**fields: Any) -> dict[str, Any]:
    return {"when": "once", "day": date(2026, 9, 14), "begins": ONE, "ends": FOUR, **fields}


def test_once_is_one_meeting() -> None:
    assert read(form(), (), TODAY) == [Planned(date(2026, 9, 14), ONE, FOUR)]


def test_every_week_until_a_day_without_some() -> None:
    found = read(form(when="weekly", until=date(2026, 10, 5), without="2026-09-28"), (0,), TODAY)
    assert [one.day.isoformat() for one in found] == ["2026-09-14", "2026-09-21", "2026-10-05"]


def test_without_a_weekday_it_is_that_of_the_first_day() -> None:
    found = read(form(when="weekly", day=date(2026, 9, 15), until=date(2026, 9, 29)), (), TODAY)
    assert {one.day.weekday() for one in found} == {1} and len(found) == 3


def test_several_days_a_line_each_with_hours_and_titles_of_their_own() -> None:
    text = "2026-09-21 09:00-12:30 Second part\n# a note\n\n2026-09-14\n2026-09-15 09:00 – 24:00"
    found = read(form(when="days", days=text), (), TODAY)
    assert found == [
        Planned(date(2026, 9, 14), ONE, FOUR),
        Planned(date(2026, 9, 15), time(9), time(0)),
        Planned(date(2026, 9, 21), time(9), time(12, 30), "Second part"),
    ]


def test_a_list_that_was_kept_is_read_back_as_it_was() -> None:
    meetings = [
        Planned(date(2026, 9, 14), ONE, FOUR, "First"),
        Planned(date(2026, 9, 15), time(22), time(2)),
    ]
    assert read_lines(text_of(meetings), None, None) == meetings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"day": None}, "first meeting"),
        ({"begins": None}, "hours"),
        ({"when": "weekly"}, "last meeting"),
        ({"when": "weekly", "until": date(2026, 9, 1)}, "before the first"),
        ({"when": "weekly", "until": date(2026, 9, 30), "without": "never"}, "Line 1"),
        ({"when": "days", "days": ""}, "at least one"),
        ({"when": "days", "days": "2026-02-30"}, "no day"),
        ({"when": "days", "days": "tomorrow"}, "no day"),
        ({"when": "days", "days": "2026-09-14", "begins": None}, "hours"),
        ({"when": "days", "days": "2026-09-14\n" * 101}, "101 meetings"),
        ({"when": "days", "days": "x" * 20_001}, "too long"),
    ],
)
def test_what_is_missing_or_odd_is_said(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadTimes, match=words):
        read(form(**changes), (), TODAY)
