"""Holidays as people paste them: nothing is silently taken for something else."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.policies.holidays import MAX_DATES, MAX_TEXT, read

TODAY = date(2026, 2, 10)
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261126
DTEND;VALUE=DATE:20261128
SUMMARY:Thanksgiving
 recess
END:VEVENT
BEGIN:VEVENT
DTSTART:20260907T050000Z
DTEND:20260907T220000Z
SUMMARY:Labor Day
END:VEVENT
END:VCALENDAR
"""


def days(text: str) -> list[str]:
    found = read(text, TODAY)
    assert found.complaints == ()
    return [day.isoformat() for day in found.dates]


def test_one_date_a_line_with_what_it_is() -> None:
    assert days("2026-12-25 Christmas\n\n# ours\n2026-07-03, Independence Day observed\n") == [
        "2026-07-03",
        "2026-12-25",
    ]


@pytest.mark.parametrize("joint", ["..", " to ", " until ", " – ", " - "])
def test_ranges_count_both_ends(joint: str) -> None:
    assert days(f"2026-12-30{joint}2027-01-01 recess") == ["2026-12-30", "2026-12-31", "2027-01-01"]


def test_the_same_day_twice_is_one() -> None:
    assert days("2026-12-25\n2026-12-24..2026-12-26") == ["2026-12-24", "2026-12-25", "2026-12-26"]


@pytest.mark.parametrize(
    "line", ["12/25/2026", "Christmas", "2026-02-30", "2026-12", "2026-13-01..2026-13-02"]
)
def test_what_is_no_date_is_said_with_its_line(line: str) -> None:
    found = read(f"2026-12-24\n{line}", TODAY)
    assert [day.isoformat() for day in found.dates] == ["2026-12-24"]
    assert "Line 2" in found.complaints[0] and line in found.complaints[0]


def test_a_range_that_ends_first_or_is_a_season_is_refused() -> None:
    assert "ends before it begins" in read("2026-12-26..2026-12-24", TODAY).complaints[0]
    assert "longer than 92 days" in read("2026-01-01..2026-12-31", TODAY).complaints[0]


def test_a_calendar_file_with_whole_days_and_hours() -> None:
    assert days(CALENDAR) == ["2026-09-07", "2026-11-26", "2026-11-27"]
    assert days(CALENDAR.replace("\n", "\r\n")) == days(CALENDAR)


def test_a_day_of_each_year_counts_for_some_years() -> None:
    event = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY\nEND:VEVENT\n"
    assert days(event)[:2] == ["2025-01-01", "2026-01-01"]
    assert len(days(event)) == 6


def test_other_repetitions_are_said_not_to_be_read() -> None:
    event = (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261126\nSUMMARY:Thanksgiving\n"
        "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH\nEND:VEVENT\n"
    )
    found = read(event, TODAY)
    assert [day.isoformat() for day in found.dates] == ["2026-11-26"]
    assert "“Thanksgiving” repeats" in found.complaints[0]


def test_an_event_without_a_date_is_said() -> None:
    found = read("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Odd\nEND:VEVENT\n", TODAY)
    assert "“Odd” has no date" in found.complaints[0]


def test_too_much_is_refused() -> None:
    assert "longer than" in read("x" * (MAX_TEXT + 1), TODAY).complaints[0]
    many = "\n".join(f"{2030 + year}-01-01..{2030 + year}-03-31" for year in range(7))
    assert f"at most {MAX_DATES}" in read(many, TODAY).complaints[0]


@given(st.text(max_size=400))
def test_whatever_is_pasted_is_read_or_complained_of(text: str) -> None:
    for given_text in (text, f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{text}\nEND:VEVENT\n"):
        found = read(given_text, TODAY)
        assert list(found.dates) == sorted(set(found.dates))
