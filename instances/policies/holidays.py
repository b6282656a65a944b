"""Dates out of what people paste: one date a line, ranges, or an iCalendar file. Pure; the text is not trusted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

MAX_TEXT = 200_000
MAX_DATES = 500
# Of a day that comes back each year, so many are kept.
YEARS_AHEAD = 5
_LONGEST = 92
_DATE = r"(\d{4})-(\d{1,2})-(\d{1,2})"
_LINE = re.compile(rf"^{_DATE}(?:\s*(?:\.\.|to|until|–|-)\s*{_DATE})?(?:[\s,;#].*)?$")
_STAMP = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T\d{6}Z?)?$")


@dataclass(frozen=True, slots=True)
class Holidays:
    """`complaints`: lines that could not be read, in words; nothing is taken silently for something else."""

    dates: tuple[date, ...]
    complaints: tuple[str, ...] = ()


def read(text: str, today: date) -> Holidays:
    if len(text) > MAX_TEXT:
        return Holidays(
            (), (f"The list is longer than {MAX_TEXT:,} characters: paste only the days you need.",)
        )
    found: set[date] = set()
    complaints: list[str] = []
    calendar = "BEGIN:VCALENDAR" in text.upper()
    for days, complaint in _events(text, today) if calendar else _lines(text):
        found.update(days)
        if complaint:
            complaints.append(complaint)
    if len(found) > MAX_DATES:
        complaints.append(f"These are {len(found):,} days; at most {MAX_DATES} are kept.")
    return Holidays(tuple(sorted(found)), tuple(complaints))


def _lines(text: str) -> Iterator[tuple[list[date], str]]:
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _LINE.match(line)
        first = _day(*found.groups()[:3]) if found else None
        last = first
        if found and found.group(4):
            last = _day(*found.groups()[3:6])
        if first is None or last is None:
            yield (
                [],
                f"Line {number} is no date such as 2026-12-25 or 2026-12-24 to 2027-01-01: “{line[:40]}”.",
            )
        else:
            yield _range(first, last, f"Line {number}")


def _range(first: date, last: date, where: str) -> tuple[list[date], str]:
    if last < first:
        return [], f"{where} ends before it begins."
    if (last - first).days > _LONGEST:
        return [], f"{where} is longer than {_LONGEST} days: switch the schedule off instead."
    return [first + timedelta(days=number) for number in range((last - first).days + 1)], ""


def _events(text: str, today: date) -> Iterator[tuple[list[date], str]]:
    """The days of each event of a calendar. One with hours counts as the days on which it begins to ends."""
    fields: dict[str, str] | None = None
    for line in _unfolded(text):
        name, _, value = line.partition(":")
        key = name.partition(";")[0].strip().upper()
        if (key, value.strip().upper()) == ("BEGIN", "VEVENT"):
            fields = {}
        elif (key, value.strip().upper()) == ("END", "VEVENT") and fields is not None:
            yield _event(fields, today)
            fields = None
        elif fields is not None and key in ("DTSTART", "DTEND", "RRULE", "SUMMARY"):
            fields[key] = value.strip()


def _unfolded(text: str) -> list[str]:
    return re.sub(r"\r?\n[ \t]", "", text).splitlines()


def _event(fields: dict[str, str], today: date) -> tuple[list[date], str]:
    title = f"“{fields.get('SUMMARY', 'an event')[:60]}”"
    first = _stamp(fields.get("DTSTART", ""))
    if first is None:
        return [], f"{title} has no date that can be read."
    end = _stamp(fields.get("DTEND", ""))
    # The end of whole days is the day after the last.
    last = (
        first if end is None else max(first, end - timedelta(days=1) if "T" not in fields["DTEND"] else end)
    )
    days, complaint = _range(first, last, title)
    if complaint or "RRULE" not in fields:
        return days, complaint
    if not re.fullmatch(r"FREQ=YEARLY(;INTERVAL=1)?", fields["RRULE"].upper()):
        return (
            days,
            f"{title} repeats in a manner that is not read: only its first time counts. Add others as dates.",
        )
    return [found for day in days for found in _each_year(day, today)], ""


def _each_year(day: date, today: date) -> list[date]:
    years = range(max(day.year, today.year - 1), max(day.year, today.year) + YEARS_AHEAD)
    return [found for year in years if (found := _day(str(year), str(day.month), str(day.day)))]


def _stamp(value: str) -> date | None:
    found = _STAMP.match(value)
    return _day(*found.groups()) if found else None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
