"""Rates as their readers ask for them: what held, holds and will hold for the same flavors, and where nothing does. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from portal.cloud.schema import FlavorGroup, PortalCloud, Rate

State = Literal["past", "now", "coming"]
# A size of machine for which a change is told in numbers.
_EXAMPLE_VCPUS = 8
_MONTH_HOURS = 730
_EVERYTHING = frozenset({"", ".", ".*", ".+", "^.*", "^"})


@dataclass(frozen=True, slots=True)
class Spell:
    """One rate. `last`: the last day on which it holds; None: until somebody ends it."""

    rate: Rate
    state: State
    last: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """A rate that is to come, beside what holds before it: of a machine with `vcpus`, per hour and for a month."""

    on: date
    before: Decimal | None
    after: Decimal
    vcpus: int = _EXAMPLE_VCPUS

    @property
    def hourly_before(self) -> Decimal | None:
        return None if self.before is None else self.before * self.vcpus

    @property
    def hourly_after(self) -> Decimal:
        return self.after * self.vcpus

    @property
    def month_before(self) -> Decimal | None:
        return None if self.before is None else self.before * self.vcpus * _MONTH_HOURS

    @property
    def month_after(self) -> Decimal:
        return self.hourly_after * _MONTH_HOURS

    @property
    def percent(self) -> Decimal | None:
        return (
            None if not self.before else ((self.after - self.before) * 100 / self.before).quantize(Decimal(1))
        )


@dataclass(frozen=True, slots=True)
class History:
    """All rates of the same flavors, oldest first. `groups`: what the operator calls these flavors."""

    pattern: str
    groups: Sequence[FlavorGroup]
    spells: Sequence[Spell]
    changes: Sequence[Change]

    @property
    def now(self) -> Spell | None:
        return next((spell for spell in self.spells if spell.state == "now"), None)


@dataclass(frozen=True, slots=True)
class Gap:
    """Days without a rate: from `first` up to the day before `until`; None: for ever."""

    first: date
    until: date | None


def histories(cloud: PortalCloud, today: date) -> list[History]:
    """In the order of the file, which is the order of precedence."""
    patterns = list(dict.fromkeys(rate.flavor.pattern for rate in cloud.rates))
    return [_history(cloud, pattern, today) for pattern in patterns]


def _history(cloud: PortalCloud, pattern: str, today: date) -> History:
    rates = _of(cloud.rates, pattern)
    spells = [Spell(rate, _state(rate, today), _last(rate)) for rate in rates]
    coming = [
        _change(rates, rate.valid_from, rate)
        for rate in rates
        if rate.valid_from is not None and rate.valid_from > today
    ]
    return History(pattern, _groups(cloud, pattern), spells, coming)


def _of(rates: Iterable[Rate], pattern: str) -> list[Rate]:
    same = [rate for rate in rates if rate.flavor.pattern == pattern]
    return sorted(same, key=lambda rate: rate.valid_from or date.min)


def _change(rates: Sequence[Rate], on: date, rate: Rate) -> Change:
    before = next((one for one in rates if one.valid_to == on), None)
    return Change(on, before.per_vcpu_hour if before else None, rate.per_vcpu_hour)


def _state(rate: Rate, today: date) -> State:
    if rate.valid_to is not None and rate.valid_to <= today:
        return "past"
    return "coming" if rate.valid_from is not None and rate.valid_from > today else "now"


def _last(rate: Rate) -> date | None:
    return None if rate.valid_to is None else date.fromordinal(rate.valid_to.toordinal() - 1)


def _groups(cloud: PortalCloud, pattern: str) -> list[FlavorGroup]:
    """Groups whose pattern begins as the rate's does: those of which it is the rate."""
    return [group for group in cloud.flavor_groups if group.match.pattern.startswith(pattern)]


def gaps(rates: Iterable[Rate], pattern: str) -> list[Gap]:
    """Days after the first rate of these flavors on which none holds: machines would cost nothing.

    A rate for more flavors than these counts as well.
    """
    found: list[Gap] = []
    same = sorted(
        (rate for rate in rates if _covers(rate, pattern)), key=lambda rate: rate.valid_from or date.min
    )
    covered: date | None = same[0].valid_to if same else None
    for rate in same[1:]:
        if covered is None:
            return found
        if rate.valid_from is not None and rate.valid_from > covered:
            found.append(Gap(covered, rate.valid_from))
        covered = None if rate.valid_to is None else max(covered, rate.valid_to)
    return found if covered is None else [*found, Gap(covered, None)]


def _covers(rate: Rate, pattern: str) -> bool:
    return rate.flavor.pattern in _EVERYTHING or pattern.startswith(rate.flavor.pattern)


def unpriced(cloud: PortalCloud) -> list[FlavorGroup]:
    """Groups of flavors for which no rate was ever given. A cloud without any rate prices nothing on purpose."""
    if not cloud.rates:
        return []
    return [
        group
        for group in cloud.flavor_groups
        if not any(
            _covers(rate, group.match.pattern) or rate.flavor.pattern.startswith(group.match.pattern)
            for rate in cloud.rates
        )
    ]
