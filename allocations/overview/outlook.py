"""When a resource runs out, as things are and with some machines shelved, in words with their basis. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from allocations.forecast import Forecast, Projection, days_left, forecast, last_moment
from allocations.hooks import Spender

State = Literal["not-started", "running", "used-up", "ended"]
_ZERO = Decimal(0)
_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """One resource: what is left of it, what goes per hour, and what shelving the chosen machines would save."""

    label: str
    remaining: Decimal
    burn: Decimal
    saved: Decimal
    chosen: int
    starts_on: date
    ends_on: date
    now: datetime

    @property
    def state(self) -> State:
        today = self.now.astimezone(UTC).date()
        if today < self.starts_on:
            return "not-started"
        if today > self.ends_on:
            return "ended"
        return "used-up" if self.remaining <= 0 else "running"

    @property
    def as_is(self) -> Forecast:
        return forecast(self.remaining, self.burn, self.ends_on, self.now)

    @property
    def shelved(self) -> Forecast:
        return forecast(self.remaining, self.burn - self.saved, self.ends_on, self.now)

    @property
    def break_even(self) -> Decimal:
        """SUs per hour that would last exactly to the end."""
        hours = Decimal((last_moment(self.ends_on) - self.now).total_seconds()) / 3600
        return max(_ZERO, self.remaining) / hours if hours > 0 else _ZERO


def saved_by(spenders: Iterable[Spender], chosen: frozenset[str]) -> Decimal:
    """SUs per hour less with these shelved. What cannot be shelved now saves nothing."""
    return sum(
        (
            spender.per_hour - spender.per_hour_shelved
            for spender in spenders
            if spender.instance_id in chosen and spender.shelvable
        ),
        _ZERO,
    )


def as_is(found: Spending, machine: str) -> str:
    """A sentence or two: the date, what it rests on, and how far that is from the end of the period."""
    label, ends = f"{found.label} service units", day(found.ends_on)
    match found.state:
        case "not-started":
            return f"The period of these {label} begins on {day(found.starts_on)} and ends on {ends}."
        case "ended":
            return f"The period ended on {ends}: what was left of the {label} has lapsed."
        case "used-up":
            over = f", and {amount(-found.remaining)} SU more are spent" if found.remaining < 0 else ""
            return f"All {label} are used up{over}. The period ends on {ends}."
    if found.burn <= 0:
        return (
            f"No {machine} spends {label} now, so there is no day on which they run out: what is left stays until "
            f"the period ends on {ends}."
        )
    burn = f"At today's burn of {amount(found.burn)} SU per hour the {label}"
    return f"{burn} {_until(found.as_is, found, ends)}"


def likely(found: Spending, projection: Projection) -> str:
    """What the days of late say, which today's burn may be far from; empty where they say nothing more."""
    if found.state != "running" or projection.slow_per_hour == projection.fast_per_hour:
        return ""
    until = "the end of the period" if projection.runs_out_at is None else _date(projection.runs_out_at)
    early = projection.earliest and _date(projection.earliest)
    late = "the end of the period" if projection.latest is None else _date(projection.latest)
    if early is None:
        return f"Likely they last until the end of the period: {projection.basis}."
    between = f", between {early} and {late}" if early != late else ""
    return f"Likely they last until {until}{between}: {projection.basis}."


def if_shelved(found: Spending, machine: str) -> str:
    """What the choice changes; empty where nothing is chosen, or nothing can change."""
    if not found.chosen or found.state != "running" or found.burn <= 0:
        return ""
    one = found.chosen == 1
    these = f"this {machine}" if one else f"these {count(found.chosen)} {machine}s"
    rest = found.burn - found.saved
    if rest <= 0:
        return f"If you shelve {these}: nothing is spent any more, and what is left stays until {day(found.ends_on)}."
    until = _until(found.shelved, found, day(found.ends_on))
    return f"If you shelve {these}, {amount(rest)} SU per hour go on: they {until}"


def _until(found: Forecast, spending: Spending, ends: str) -> str:
    if found.runs_out_at is None:
        return f"last until the period ends on {ends}; about {amount(found.left_at_end)} SU would be left."
    out = found.runs_out_at.astimezone(UTC).date()
    early = (spending.ends_on - out).days
    before = f", {early} day{'' if early == 1 else 's'} before the period ends on {ends}" if early > 0 else ""
    left = days_left(out, spending.now) - 1
    away = "today" if left <= 0 else f"in {left} day{'' if left == 1 else 's'}"
    return f"run out on {day(out)} ({away}{before})."


def _date(at: datetime) -> str:
    return day(at.astimezone(UTC).date())


def day(on: date) -> str:
    """3 March 2027."""
    return f"{on.day} {on:%B %Y}"


def amount(su: Decimal) -> str:
    places = 2 if abs(su) < 10 else 1 if abs(su) < 1000 else 0
    text = f"{su:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def soonest(spendings: Sequence[Spending]) -> int:
    """Which of them to show first: the one that runs out soonest, else the one that burns most."""
    far = datetime.max.replace(tzinfo=UTC)
    order = sorted(
        range(len(spendings)),
        key=lambda at: (
            spendings[at].state == "ended",
            spendings[at].as_is.runs_out_at or far,
            -spendings[at].burn,
            at,
        ),
    )
    return order[0]
