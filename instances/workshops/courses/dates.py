"""Meetings as people type them: once, several days, every week; and a list of lines that says all of it. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time

from instances.policies import holidays
from instances.workshops.clock.repeating import MOST, BadTimes, Planned, Weekly, once, weekly

_TIME = r"(\d{1,2}):(\d{2})"
_HOURS = rf"(?P<begins>{_TIME})\s*(?:-|–|to)\s*(?P<ends>{_TIME})"
_LINE = re.compile(rf"^(?P<day>\d{{4}}-\d{{1,2}}-\d{{1,2}})(?:[ T,]+{_HOURS})?(?:[ ,]+(?P<title>.*))?$")
LONGEST = 20_000


def read_lines(text: str, begins: time | None, ends: time | None) -> list[Planned]:
    """One meeting a line: a day, its hours where they differ, and a title. BadTimes names the line."""
    if len(text) > LONGEST:
        raise BadTimes("The list of days is too long.")
    found: list[Planned] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line and not line.startswith("#"):
            found.append(_read(number, line, begins, ends))
    if not found:
        raise BadTimes("Give at least one day, such as 2026-09-14.")
    if len(found) > MOST:
        raise BadTimes(f"These are {len(found)} meetings; a workshop has {MOST} at most.")
    return sorted(found, key=lambda one: (one.day, one.begins))


def _read(number: int, line: str, begins: time | None, ends: time | None) -> Planned:
    parts = _LINE.match(line)
    day = _day(parts["day"]) if parts else None
    if parts is None or day is None:
        raise BadTimes(
            f"Line {number} is no day such as 2026-09-14 or 2026-09-14 13:00-16:00: “{line[:40]}”."
        )
    first = _time(parts["begins"]) if parts["begins"] else begins
    last = _time(parts["ends"]) if parts["ends"] else ends
    if first is None or last is None:
        raise BadTimes(f"Line {number}: give its hours, such as {parts['day']} 13:00-16:00.")
    return Planned(day, first, last, (parts["title"] or "").strip()[:120])


def text_of(meetings: Iterable[Planned]) -> str:
    """The list as `read_lines` takes it."""
    return "\n".join(
        f"{one.day:%Y-%m-%d} {one.begins:%H:%M}-{one.ends:%H:%M} {one.title}".rstrip() for one in meetings
    )


def read(given: Mapping[str, object], weekdays: Sequence[int], today: date) -> list[Planned]:
    """The meetings of a form: `when` is once, days or weekly. BadTimes says what is missing or odd."""
    begins, ends, day = (_of(given, name) for name in ("begins", "ends", "day"))
    if given.get("when") == "days":
        return read_lines(str(given.get("days") or ""), _a_time(begins), _a_time(ends))
    if not isinstance(day, date):
        raise BadTimes("Give the day of the first meeting.")
    if not isinstance(begins, time) or not isinstance(ends, time):
        raise BadTimes("Give the hours of the meeting.")
    if given.get("when") != "weekly":
        return once(day, begins, ends)
    until = given.get("until")
    if not isinstance(until, date):
        raise BadTimes("Give the day of the last meeting.")
    without = holidays.read(str(given.get("without") or ""), today)
    if without.complaints:
        raise BadTimes(without.complaints[0])
    chosen = frozenset(weekdays) or frozenset({day.weekday()})
    return weekly(Weekly(chosen, begins, ends, day, until, frozenset(without.dates)))


def _of(given: Mapping[str, object], name: str) -> object:
    return given.get(name)


def _a_time(value: object) -> time | None:
    return value if isinstance(value, time) else None


def _day(text: str) -> date | None:
    year, month, day = (int(part) for part in text.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    hours, minutes = (int(part) for part in text.split(":"))
    return time(hours % 24, minutes) if hours <= 24 and minutes < 60 else None
