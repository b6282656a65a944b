"""The meetings of a workshop as a file for calendars (RFC 5545), published: nobody is asked to answer.

Each meeting keeps its UID for ever, and a version that is newer has a higher SEQUENCE, so that calendars replace what
they have; a meeting that is no more is told as cancelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import icalendar  # type: ignore[import-untyped]  # the library says types, and is not marked as typed

from portal.core.version import PORTAL_VERSION


@dataclass(frozen=True, slots=True)
class Event:
    """A meeting; `title` empty: it has none of its own."""

    starts_at: datetime
    ends_at: datetime
    title: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """`most`: how many meetings it had at most; those beyond the present ones are cancelled."""

    id: UUID
    title: str
    summary: str
    page: str
    host: str
    sequence: int
    most: int
    cancelled: bool
    written_at: datetime


def calendar(course: Course, events: Sequence[Event]) -> bytes:
    """In UTC, which every calendar shows in its owner's zone."""
    made = icalendar.Calendar()
    made.add("prodid", f"-//Heliosphere {PORTAL_VERSION}//workshops//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    for number, event in enumerate(events, start=1):
        made.add_component(_event(course, number, event, cancelled=course.cancelled))
    if events:
        for number in range(len(events) + 1, course.most + 1):
            made.add_component(_event(course, number, events[-1], cancelled=True))
    return bytes(made.to_ical())


def _event(course: Course, number: int, event: Event, *, cancelled: bool) -> icalendar.Event:
    found = icalendar.Event()
    found.add("uid", f"{course.id}-{number}@{course.host}")
    found.add("sequence", course.sequence)
    found.add("dtstamp", course.written_at)
    found.add("dtstart", event.starts_at)
    found.add("dtend", event.ends_at)
    found.add("summary", _line(f"{course.title}: {event.title}" if event.title else course.title))
    found.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    found.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    if course.summary:
        found.add("description", _lines(course.summary))
    found.add("url", course.page)
    return found


def _line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:300]


def _lines(text: str) -> str:
    kept = "".join(letter for letter in text.replace("\r\n", "\n") if letter.isprintable() or letter == "\n")
    return kept.strip()[:2000]
