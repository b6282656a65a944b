"""How long an allocation has still to go, when that is worth saying again, and what follows the end. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from portal.cloud.schema_planning import ExpiryStep

STEPS = (90, 60, 30, 14, 7, 1)
ENDED = 0
Tone = Literal["", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Period:
    resource: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Ending:
    """The day on which these resources end, with no later period known to follow. `days` counts the last one as 1;
    0 and less: it is over since then."""

    ends_on: date
    resources: tuple[str, ...]
    days: int

    @property
    def step(self) -> int | None:
        return due_step(self.days)

    @property
    def tone(self) -> Tone:
        return "bad" if self.days <= 7 else "warn" if self.days <= 30 else ""


@dataclass(frozen=True, slots=True)
class Deed:
    """What the operator does on that day."""

    on: date
    step: ExpiryStep
    past: bool


def endings(periods: Iterable[Period], today: date) -> list[Ending]:
    """Of what has begun, the soonest end first. A period that follows on a resource's own puts its end off."""
    ends: dict[date, list[str]] = {}
    for resource, own in _by_resource(periods).items():
        begun = [period for period in own if period.starts_on <= today]
        if begun:
            ends.setdefault(_last_of_chain(begun, own), []).append(resource)
    return [Ending(day, tuple(ends[day]), (day - today).days + 1) for day in sorted(ends)]


def due_step(days: int) -> int | None:
    """The step that so many days have reached: 90, 60, 30, 14, 7, 1; 0 once it is over; None: not yet any.

    A worker that slept over the day itself finds it all the same, and only the newest of several.
    """
    if days < 1:
        return ENDED
    return min((step for step in STEPS if days <= step), default=None)


def timeline(steps: Sequence[ExpiryStep], ends_on: date, today: date) -> list[Deed]:
    """Day 0 is the one after the last: until midnight of that the allocation holds."""
    days = [(ends_on + timedelta(days=1 + step.day), step) for step in steps]
    return [Deed(on, step, on <= today) for on, step in days]


def _by_resource(periods: Iterable[Period]) -> dict[str, list[Period]]:
    found: dict[str, list[Period]] = {}
    for period in sorted(periods, key=lambda period: (period.starts_on, period.ends_on)):
        found.setdefault(period.resource, []).append(period)
    return found


def _last_of_chain(begun: Sequence[Period], own: Sequence[Period]) -> date:
    end = max(period.ends_on for period in begun)
    for period in own:
        if period.starts_on <= end + timedelta(days=1):
            end = max(end, period.ends_on)
    return end
