"""When the SUs are gone at today's pace. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

_LONGEST = Decimal(24 * 365 * 50)
_ZERO = Decimal(0)
# Two weeks: each day of the week counts twice, so that a weekly class does not look like a change.
DAYS = 14
_FEWEST = 3
# Of a normal distribution, four in five means lie so many standard errors around the true one.
_FOUR_IN_FIVE = Decimal("1.28")
# Today is like the days before while it costs no less than nine tenths of the cheapest, and no more than …
_LESS, _MORE = Decimal("0.9"), Decimal("1.1")
_HELD = Decimal("0.75")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Where spending leads, and why we think so. Moments are None where the SUs outlast the period at that pace.

    `pace_per_hour` lies between `slow_per_hour` and `fast_per_hour`, which give `latest` and `earliest`.
    `at_burn`: when they are gone if only what runs now runs on.
    """

    pace_per_hour: Decimal
    slow_per_hour: Decimal
    fast_per_hour: Decimal
    burn_per_hour: Decimal
    break_even_per_hour: Decimal
    runs_out_at: datetime | None
    earliest: datetime | None
    latest: datetime | None
    at_burn: datetime | None
    left_at_end: Decimal
    days: int
    basis: str


def project(
    history: Sequence[tuple[date, Decimal]],
    remaining: Decimal,
    burn_now: Decimal,
    ends_on: date,
    now: datetime,
) -> Projection:
    """`history`: SUs by UTC day, in any order; a day that is absent after the first one cost nothing."""
    days = recent_days(history, now.astimezone(UTC).date())
    pace, slow, fast, basis = _paces(days, burn_now)

    def gone(per_hour: Decimal) -> datetime | None:
        return forecast(remaining, per_hour, ends_on, now).runs_out_at

    hours_to_end = Decimal((last_moment(ends_on) - now).total_seconds()) / 3600
    return Projection(
        pace_per_hour=pace,
        slow_per_hour=slow,
        fast_per_hour=fast,
        burn_per_hour=burn_now,
        break_even_per_hour=max(_ZERO, remaining) / hours_to_end if hours_to_end > 0 else _ZERO,
        runs_out_at=gone(pace),
        earliest=gone(fast),
        latest=gone(slow),
        at_burn=gone(burn_now),
        left_at_end=forecast(remaining, pace, ends_on, now).left_at_end,
        days=len(days),
        basis=basis,
    )


def without(
    saved_per_hour: Decimal, *, remaining: Decimal, burn_now: Decimal, ends_on: date, now: datetime
) -> datetime | None:
    """When the SUs are gone at today's burn if what costs `saved_per_hour` is shelved; None: not within the period."""
    return forecast(remaining, max(_ZERO, burn_now - saved_per_hour), ends_on, now).runs_out_at


def recent_days(history: Sequence[tuple[date, Decimal]], today: date) -> list[Decimal]:
    """What each of the last whole days cost, oldest first, as far back as anything is known."""
    spent: dict[date, Decimal] = {}
    for day, su in history:
        spent[day] = spent.get(day, _ZERO) + su
    if not spent:
        return []
    known = min(DAYS, (today - min(spent)).days)
    # A day on which the provider's figure took back more than was spent, cost nothing.
    return [max(_ZERO, spent.get(today - timedelta(days=ago), _ZERO)) for ago in range(known, 0, -1)]


def _paces(days: Sequence[Decimal], burn_now: Decimal) -> tuple[Decimal, Decimal, Decimal, str]:
    """The likely pace, the slow and the fast one, in SU/hour, and how we came by them."""
    if len(days) < _FEWEST:
        return burn_now, burn_now, burn_now, "from today's burn alone: there is too little history for more"
    usual = sum(days, _ZERO) / len(days) / 24
    spread = sum(((day / 24 - usual) ** 2 for day in days), _ZERO) / len(days)
    margin = _FOUR_IN_FIVE * (spread / len(days)).sqrt()
    slow, fast = max(_ZERO, usual - margin), usual + margin
    mean = f"the last {len(days)} days' mean of {usual * 24:,.0f} SU a day"
    within = min(days) * _LESS <= burn_now * 24 <= max(days) * _MORE
    # A level that was reached in the last days, and is still held, is no outlier of the two weeks.
    held = burn_now > fast and all(day >= burn_now * 24 * _HELD for day in days[-2:])
    if within and not held:
        return usual, slow, fast, f"from {mean}; today's burn is within what those days cost"
    pace = (usual + burn_now) / 2
    side = "has lasted for days" if within else f"is {'above' if burn_now > usual else 'below'} all of them"
    words = f"halfway between {mean} and today's burn of {burn_now:,.1f} SU/hour, which {side}"
    return pace, min(slow, burn_now), max(fast, burn_now), words
