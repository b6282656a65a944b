"""When the SUs are gone at today's pace. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

_LONGEST = Decimal(24 * 365 * 50)


@dataclass(frozen=True, slots=True)
class Forecast:
    """`runs_out_at` None: not within the period. `left_at_end` negative: more than the award is spent."""

    runs_out_at: datetime | None
    left_at_end: Decimal
    hours: Decimal | None


def last_moment(ends_on: date) -> datetime:
    """The end of the last day of a period, UTC."""
    return datetime.combine(ends_on, time(), UTC) + timedelta(days=1)


def days_left(ends_on: date, now: datetime) -> int:
    """Whole days that remain, counting today as the last as 1; 0 once the period is over."""
    return max(0, (ends_on - now.astimezone(UTC).date()).days + 1)


def forecast(remaining: Decimal, burn_per_hour: Decimal, ends_on: date, now: datetime) -> Forecast:
    """Where spending leads at `burn_per_hour` until the period ends."""
    hours_to_end = max(Decimal(0), Decimal((last_moment(ends_on) - now).total_seconds()) / 3600)
    left = remaining - burn_per_hour * hours_to_end
    hours = hours_until_empty(remaining, burn_per_hour)
    inside = hours is not None and hours <= hours_to_end
    return Forecast(
        now + timedelta(hours=float(hours)) if inside and hours is not None else None, left, hours
    )


def hours_until_empty(remaining: Decimal, burn_per_hour: Decimal) -> Decimal | None:
    """None: never, or so far away that a date would be nonsense."""
    if remaining <= 0:
        return Decimal(0)
    if burn_per_hour <= 0:
        return None
    hours = remaining / burn_per_hour
    return hours if hours <= _LONGEST else None
