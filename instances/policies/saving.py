"""What a policy would have done to one machine in a time that is over, and what that would have saved. Pure.

It looks back only at what happened: a machine that would have been put away is taken to stay so until its hours begin
again, or until something happened on it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from instances.policies.rules import IdleRules, ScheduleRules
from instances.policies.schedule import outside

ZERO = Decimal(0)
ACTIVE = "ACTIVE"
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Charged:
    """What the machine cost in one stretch of one status, as the ledger has it."""

    start: datetime
    end: datetime
    status: str
    su: Decimal


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that would have been done."""

    at: datetime
    until: datetime
    action: str
    saved: Decimal


@dataclass(frozen=True, slots=True)
class Looked:
    """`spent`: what the machine cost in that time. `note`: why nobody can tell, where nobody can."""

    start: datetime
    end: datetime
    spent: Decimal
    deeds: tuple[Deed, ...]
    note: str = ""

    @property
    def saved(self) -> Decimal:
        return sum((deed.saved for deed in self.deeds), ZERO)


# Nova status -> the part of the rate that it costs.
Fraction = Callable[[str], Decimal]
LEADS_TO = {"shelve": "SHELVED_OFFLOADED", "stop": "SHUTOFF", "suspend": "SUSPENDED"}


def closed(rules: ScheduleRules, start: datetime, end: datetime) -> list[Stretch]:
    """When its hours were over, of those ends that lie in the time itself: what was off before is not its doing."""
    return [(begin, until) for begin, until in outside(rules.hours, start, end) if begin > start]


def idle(rules: IdleRules, quiet: Iterable[Stretch]) -> list[Stretch]:
    """From when it would have been put away, after its hours of quiet and its warning, until something happened."""
    wait = timedelta(hours=rules.hours, minutes=rules.warn_minutes)
    return [(begin + wait, end) for begin, end in quiet if begin + wait < end]


def look_back(
    charges: Sequence[Charged], away: Iterable[Stretch], action: str, fraction: Fraction, span: Stretch
) -> Looked:
    """`away` in order. Only a machine that ran at the moment is put away: what was started later was wanted."""
    after = fraction(LEADS_TO[action])
    ordered = sorted(charges, key=lambda one: one.start)
    deeds = []
    for begin, until in away:
        running = next((one for one in ordered if one.start <= begin < one.end), None)
        if running is not None and running.status == ACTIVE:
            deeds.append(Deed(begin, until, action, _saved(ordered, begin, until, after, fraction)))
    return Looked(*span, sum((_within(one, *span) for one in ordered), ZERO), tuple(deeds))


def _saved(
    charges: Iterable[Charged], begin: datetime, until: datetime, after: Decimal, fraction: Fraction
) -> Decimal:
    total = ZERO
    for one in charges:
        now = fraction(one.status)
        if one.start < until and one.end > begin and now > after:
            total += _within(one, begin, until) * (now - after) / now
    return total


def _within(one: Charged, begin: datetime, until: datetime) -> Decimal:
    length, part = one.end - one.start, min(one.end, until) - max(one.start, begin)
    if length <= timedelta(0) or part <= timedelta(0):
        return ZERO
    microsecond = timedelta(microseconds=1)
    return one.su * Decimal(part // microsecond) / Decimal(length // microsecond)
