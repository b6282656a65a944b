"""Policies in sentences. Pure: moments come in UTC and are said in the policy's zone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from instances.policies.rules import DAYS, AnyRules, DayHours, IdleRules, LeaseRules, ScheduleRules

DONE_WORDS = {
    "shelve": "shelved",
    "stop": "stopped",
    "suspend": "suspended",
    "unshelve": "brought back",
    "start": "started",
    "resume": "resumed",
    "delete": "deleted",
}
_SHORT = tuple(day[:3] for day in DAYS)


def clock(at: datetime, zone: ZoneInfo) -> str:
    """With day and zone, for mails and for those far away."""
    local = at.astimezone(zone)
    return f"{local:%H:%M} on {local.day} {local:%b %Y} ({zone.key})"


def near(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """today 19:00, tomorrow 8:00, Mon 19:00, 3 Dec 8:00."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    if days in (0, 1):
        day = ("today", "tomorrow")[days]
    elif 1 < days < 7:
        day = f"{local:%a}"
    else:
        day = f"{local.day} {local:%b}" + (f" {local.year}" if local.year != today.year else "")
    return f"{day} {local.hour}:{local.minute:02}"


def of_schedule(rules: ScheduleRules) -> str:
    """“Shelved daily at 19:00 (America/Chicago), back at 8:00”, or the hours of the week."""
    away = DONE_WORDS[rules.action].capitalize()
    first = rules.week[0]
    if first is not None and all(day == first for day in rules.week):
        back = f", back at {_hour(first.start)}" if rules.again else ", not started again"
        return f"{away} daily at {_hour(first.end)} ({rules.zone}){back}"
    back = "then started again" if rules.again else "not started again"
    return f"Runs {week(rules.week)} ({rules.zone}); {away.lower()} outside, {back}"


def week(days: Sequence[DayHours | None]) -> str:
    """Mon–Fri 8:00–19:00, Sat 10:00–14:00."""
    parts: list[tuple[int, int, DayHours]] = []
    for number, day in enumerate(days):
        if day is None:
            continue
        if parts and parts[-1][2] == day and parts[-1][1] == number - 1:
            parts[-1] = (parts[-1][0], number, day)
        else:
            parts.append((number, number, day))
    return ", ".join(
        f"{_SHORT[first]}{'' if first == last else f'–{_SHORT[last]}'} {_hours(day)}"
        for first, last, day in parts
    )


def whole(rules: AnyRules | None) -> str:
    """All that the rules say, for the record of who changed what."""
    if isinstance(rules, ScheduleRules):
        closed = ", ".join(day.isoformat() for day in rules.holidays)
        return of_schedule(rules) + (f"; closed on {closed}" if closed else "")
    if isinstance(rules, LeaseRules):
        longest = f", {rules.longest_days} days at the longest" if rules.longest_days else ""
        return (
            f"{of_lease(rules, rules.until, ZoneInfo('UTC'))}; extended by {rules.extend_days} days{longest}"
        )
    return of_idle(rules) if rules is not None else "none"


def of_lease(rules: LeaseRules, end: datetime | None, zone: ZoneInfo) -> str:
    if end is None:
        return f"{DONE_WORDS[rules.action].capitalize()} {rules.days} days after it was made"
    return f"{DONE_WORDS[rules.action].capitalize()} at {clock(end, zone)}"


def of_idle(rules: IdleRules) -> str:
    hours = "hour" if rules.hours == 1 else f"{rules.hours} hours"
    return (
        f"{DONE_WORDS[rules.action].capitalize()} after {'an ' if rules.hours == 1 else ''}{hours} in which nothing "
        f"happens on it, with a warning {span(timedelta(minutes=rules.warn_minutes))} before"
    )


def span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def weekly(per_hour: Decimal, share: float) -> str:
    """“about 160 SU/week instead of 672”."""
    whole = per_hour * 168
    return f"about {whole * Decimal(str(share)):,.0f} SU/week instead of {whole:,.0f}"


def _hours(day: DayHours) -> str:
    return "all day" if day.start == day.end % 1440 else f"{_hour(day.start)}–{_hour(day.end)}"


def _hour(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"
