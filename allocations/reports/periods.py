"""Which days a report is about, and how they are cut. Pure. Days are UTC days, as the ledger's are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

PRESETS = {
    "week": "This week",
    "last-week": "Last week",
    "month": "This month",
    "last-month": "Last month",
    "grant": "The grant's period",
    "days": "From … to",
}
EVERY = {"day": "day", "week": "week", "month": "month"}
DEFAULT = "month"
# No report is longer; a grant with extensions is not.
_LONGEST = timedelta(days=366 * 6)
# More bars than this nobody can tell apart.
_MOST_BARS = 120


@dataclass(frozen=True, slots=True)
class Period:
    """From the first to the last day, both included."""

    name: str
    first: date
    last: date

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last, time(), UTC) + timedelta(days=1)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def title(self) -> str:
        return PRESETS[self.name] if self.name != "days" else "These days"


def period_of(given: Mapping[str, str], grant: tuple[date, date] | None, today: date) -> Period:
    """What the address asks for. What makes no sense falls back to this month: people keep and share addresses."""
    name = given.get("period", "")
    first, last = _day(given.get("from", "")), _day(given.get("to", ""))
    if name == "days" or (not name and (first or last)):
        return _days(first, last, today)
    if name == "grant" and grant:
        return _bounded("grant", grant[0], min(grant[1], max(today, grant[0])), today)
    return _preset(name, today)


def _preset(name: str, today: date) -> Period:
    monday, month = today - timedelta(days=today.weekday()), today.replace(day=1)
    match name:
        case "week":
            return Period(name, monday, today)
        case "last-week":
            return Period(name, monday - timedelta(days=7), monday - timedelta(days=1))
        case "last-month":
            before = month - timedelta(days=1)
            return Period(name, before.replace(day=1), before)
    return Period(DEFAULT, month, today)


def _days(first: date | None, last: date | None, today: date) -> Period:
    end = last or today
    start = first or end.replace(day=1)
    return _bounded("days", min(start, end), max(start, end), today)


def _bounded(name: str, first: date, last: date, today: date) -> Period:
    last = min(last, date(today.year + 10, 12, 31))
    return Period(name, max(first, last - _LONGEST) if first <= last else last, last)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2200 else None


def every_of(wanted: str, period: Period) -> str:
    """How the chart is cut: as asked where that makes bars that can be told apart, else coarser."""
    lengths = {"day": 1, "week": 7, "month": 30}
    if wanted in lengths and period.days / lengths[wanted] <= _MOST_BARS:
        return wanted
    if wanted in lengths:
        return next((n for n, size in lengths.items() if period.days / size <= _MOST_BARS), "month")
    return "day" if period.days <= 45 else "week" if period.days <= 200 else "month"


def bucket_of(day: date, every: str) -> date:
    """The day on which the stretch begins that a day is part of."""
    if every == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if every == "month" else day


def buckets(period: Period, every: str, today: date) -> list[date]:
    """Every stretch of the period, those without spending too, none that is still to come."""
    found: list[date] = []
    day, last = period.first, min(period.last, max(today, period.first))
    while day <= last:
        bucket = bucket_of(day, every)
        if not found or found[-1] != bucket:
            found.append(bucket)
        day += timedelta(days=1)
    return found


def bucket_title(bucket: date, every: str) -> str:
    if every == "month":
        return f"{bucket:%b %Y}"
    if every == "week":
        year, week, _ = bucket.isocalendar()
        return f"{year}-W{week:02}"
    return f"{bucket:%-d %b %Y}"


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week of ISO 8601: from a Monday to the Sunday after, UTC."""

    monday: date

    @property
    def period(self) -> Period:
        return Period("days", self.monday, self.monday + timedelta(days=6))

    @property
    def name(self) -> str:
        return bucket_title(self.monday, "week")

    @property
    def before(self) -> "Week":
        return Week(self.monday - timedelta(days=7))


def last_week(now: datetime) -> Week:
    """The newest week that is over."""
    return Week(bucket_of(now.astimezone(UTC).date(), "week") - timedelta(days=7))
