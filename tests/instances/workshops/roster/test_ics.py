"""The file for calendars, read by a strict reader of our own, with hostile titles."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.workshops.roster.ics import Course, Event, calendar

START = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
COURSE: dict[str, Any] = {
    "id": UUID(int=7),
    "title": "Deep learning",
    "summary": "Line one.\nLine two, with; signs\\.",
    "page": "https://portal.example/w/7/join/",
    "host": "portal.example",
    "sequence": 3,
    "most": 2,
    "cancelled": False,
    "written_at": datetime(2026, 11, 1, tzinfo=UTC),
}


def read(data: bytes) -> list[dict[str, str]]:
    """RFC 5545, 3.1: lines of at most 75 octets that end with CRLF; what begins with a space goes on; names, no stray text."""
    assert data.endswith(b"\r\n")
    lines = data[:-2].split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    unfolded = data[:-2].replace(b"\r\n ", b"").decode().split("\r\n")
    stack: list[str] = []
    events: list[dict[str, str]] = []
    for line in unfolded:
        match = re.fullmatch(r"([A-Z-]+)((?:;[A-Z-]+=[^:;]+)*):(.*)", line)
        assert match, line
        name, _, value = match.groups()
        if name == "BEGIN":
            stack.append(value)
            if value == "VEVENT":
                events.append({})
        elif name == "END":
            assert stack.pop() == value
        elif stack == ["VCALENDAR", "VEVENT"]:
            assert name not in events[-1], name
            events[-1][name] = value
    assert stack == []
    assert {"UID", "DTSTAMP", "DTSTART"} <= set.intersection(*(set(one) for one in events))
    return events


def plain(value: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value)


def course(**changes: Any) -> Course:
    return Course(**{**COURSE, **changes})


EVENTS = [
    Event(START, START + timedelta(hours=3)),
    Event(START + timedelta(days=7), START + timedelta(days=7, hours=3), "Week two"),
]


def test_each_meeting_is_an_event_in_utc_with_an_id_that_stays() -> None:
    first, second = read(calendar(course(), EVENTS))
    assert (first["DTSTART"], first["DTEND"]) == ("20261124T190000Z", "20261124T220000Z")
    assert (first["UID"], second["UID"]) == (
        f"{UUID(int=7)}-1@portal.example",
        f"{UUID(int=7)}-2@portal.example",
    )
    assert (first["SEQUENCE"], first["STATUS"]) == ("3", "CONFIRMED")
    assert (first["SUMMARY"], second["SUMMARY"]) == ("Deep learning", "Deep learning: Week two")
    assert plain(first["DESCRIPTION"]) == COURSE["summary"]
    assert b"METHOD:PUBLISH\r\n" in calendar(course(), EVENTS)


def test_a_meeting_that_is_no_more_is_cancelled_in_calendars() -> None:
    kept, gone = read(calendar(course(), EVENTS[:1]))
    assert (kept["STATUS"], gone["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert gone["UID"].startswith(f"{UUID(int=7)}-2@")


def test_a_cancelled_workshop_cancels_them_all() -> None:
    assert {one["STATUS"] for one in read(calendar(course(cancelled=True), EVENTS))} == {"CANCELLED"}


@pytest.mark.parametrize(
    "title",
    [
        "x\r\nATTACH:http://evil.example",
        "BEGIN:VEVENT",
        "a,b;c\\d:e",
        "é" * 120,
        "😀" * 60,
        '"quoted" <b>',
        "\u2028\u0000\u0007tab\there",
    ],
)
def test_a_hostile_title_is_a_title(title: str) -> None:
    (one,) = read(calendar(course(title=title, most=1), EVENTS[:1]))
    assert "ATTACH" not in one
    wanted = "".join(letter if letter.isprintable() else " " for letter in title).strip()
    assert plain(one["SUMMARY"]) == wanted


@given(st.text(max_size=200), st.text(max_size=500))
def test_no_text_breaks_the_file(title: str, summary: str) -> None:
    read(calendar(course(title=title, summary=summary, most=1), EVENTS[:1]))
