"""Days of meetings out of what people say: once, on several days, every week until. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta

MOST = 100
# A course is no standing order: nobody means the year after next.
LONGEST = timedelta(days=400)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Planned:
    """A meeting in wall-clock times of the workshop's zone. An end that is not after its beginning is on the next day."""

    day: date
    begins: time
    ends: time
    title: str = ""


@dataclass(frozen=True, slots=True)
class Weekly:
    """`weekdays`: 0 is Monday. From the day `first` to `until`, both included, not on the days of `without`."""

    weekdays: frozenset[int]
    begins: time
    ends: time
    first: date
    until: date
    without: frozenset[date] = frozenset()


class BadTimes(ValueError):
    """What is wrong, as a sentence for the person who typed it."""


def once(day: date, begins: time, ends: time, title: str = "") -> list[Planned]:
    return [Planned(day, begins, ends, title)]


def several(days: Collection[date], begins: time, ends: time) -> list[Planned]:
    """The same hours on each of these days."""
    return _few([Planned(day, begins, ends) for day in sorted(set(days))])


def weekly(rule: Weekly) -> list[Planned]:
    """Every meeting of the rule. BadTimes where there is none, or too many."""
    if not rule.weekdays or not rule.weekdays <= set(range(7)):
        raise BadTimes("Choose at least one day of the week.")
    if rule.until < rule.first:
        raise BadTimes("The last day is before the first one.")
    if rule.until - rule.first > LONGEST:
        raise BadTimes(f"A workshop lasts {LONGEST.days} days at most.")
    days = (rule.first + timedelta(days=ahead) for ahead in range((rule.until - rule.first).days + 1))
    met = [day for day in days if day.weekday() in rule.weekdays and day not in rule.without]
    return _few([Planned(day, rule.begins, rule.ends) for day in met])


def shifted(meetings: Iterable[Planned], days: int) -> list[Planned]:
    """All of them so many days later (or earlier), at the same wall-clock times."""
    return [
        Planned(one.day + timedelta(days=days), one.begins, one.ends, one.title)
        for one in sorted(meetings, key=lambda one: (one.day, one.begins))
    ]


def said(rule: Weekly) -> str:
    """The rule as a sentence: what a page says back before it is kept."""
    days = [WEEKDAYS[number] for number in sorted(rule.weekdays)]
    listed = days[0] if len(days) == 1 else f"{', '.join(days[:-1])} and {days[-1]}"
    text = f"Every {listed} {rule.begins:%H:%M} to {rule.ends:%H:%M} until {rule.until:%Y-%m-%d}"
    left_out = sorted(day for day in rule.without if rule.first <= day <= rule.until)
    return text + (f", not on {', '.join(f'{day:%Y-%m-%d}' for day in left_out)}" if left_out else "")


def _few(meetings: list[Planned]) -> list[Planned]:
    if not meetings:
        raise BadTimes("There is no meeting on these days.")
    if len(meetings) > MOST:
        raise BadTimes(f"These are {len(meetings)} meetings; a workshop has {MOST} at most.")
    return meetings
