"""The words of the weekly mail. Pure: figures in, a title and a few lines out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from allocations.forecast import Projection, days_left
from allocations.reports.periods import Week

_ZERO = Decimal(0)
# A machine stands out from so large a part of the week on, or when it grew so much and is a part worth telling.
_LARGE, _GREW, _WORTH = Decimal("0.25"), 2, Decimal("0.1")
_PEOPLE, _MACHINES = 8, 5


@dataclass(frozen=True, slots=True)
class MachineWeek:
    """`before`: SUs of the week before. `stopped_costs`: SU per hour that it costs although nothing runs in it."""

    name: str
    owner: str
    su: Decimal
    before: Decimal
    stopped_costs: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class ResourceLeft:
    label: str
    remaining: Decimal
    awarded: Decimal
    ends_on: date
    projection: Projection


@dataclass(frozen=True, slots=True)
class WeekOf:
    """What a week was in one allocation."""

    name: str
    week: Week
    spent: Decimal
    before: Decimal
    burn: Decimal
    people: Sequence[tuple[str, Decimal]]
    machines: Sequence[MachineWeek]
    resources: Sequence[ResourceLeft]

    def worth_telling(self, now: datetime, soon_days: int) -> bool:
        """Nothing spent is no news, unless the period is about to end."""
        left = [days_left(one.ends_on, now) for one in self.resources]
        return self.spent > 0 or any(0 < days <= soon_days for days in left)


def title(found: WeekOf) -> str:
    return f"{found.name}: {amount(found.spent)} SU last week"


def text(found: WeekOf, now: datetime) -> str:
    first, last = found.week.period.first, found.week.period.last
    parts = [
        [f"{first:%-d %B} to {last:%-d %B %Y} (UTC, week {found.week.name}): {_against(found)}."],
        [f"Now: {amount(found.burn)} SU per hour."],
        _headed("By person:", _people(found)),
        _headed("Machines that stand out:", standing_out(found.machines, found.spent)),
        _headed("What is left:", [resource_line(one, now) for one in found.resources]),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _headed(head: str, lines: Sequence[str]) -> list[str]:
    return [head, *(f"- {line}" for line in lines)] if lines else []


def _against(found: WeekOf) -> str:
    spent = f"{amount(found.spent)} SU spent"
    if not found.before:
        return f"{spent}, nothing in the week before" if found.spent else f"{spent}, as in the week before"
    change = ((found.spent - found.before) * 100 / found.before).quantize(Decimal(1))
    way = "more" if change > 0 else "less"
    return (
        f"{spent}, {abs(change)} % {way} than the week before" if change else f"{spent}, as the week before"
    )


def _people(found: WeekOf) -> list[str]:
    """The largest first; who is not among them is told as one sum."""
    largest = sorted(found.people, key=lambda one: (-one[1], one[0]))
    lines = [f"{name}: {amount(su)} SU" for name, su in largest[:_PEOPLE]]
    rest = largest[_PEOPLE:]
    if rest:
        lines.append(f"{len(rest)} more: {amount(sum((su for _, su in rest), _ZERO))} SU")
    return lines


def standing_out(machines: Sequence[MachineWeek], total: Decimal) -> list[str]:
    """Machines that took much of the week, grew, or cost something although they are stopped; each with the reason."""
    largest = sorted(machines, key=lambda one: (-one.su, one.name))
    told = [f"{one.name} ({one.owner}): {', '.join(why)}" for one in largest if (why := _why(one, total))]
    return told[:_MACHINES]


def _why(one: MachineWeek, total: Decimal) -> list[str]:
    part = one.su / total if total > 0 else _ZERO
    why = []
    grew = one.before > 0 and one.su >= one.before * _GREW
    if part >= _LARGE or (part >= _WORTH and (grew or not one.before)):
        why.append(f"{amount(one.su)} SU, {round(part * 100)} % of the week")
        if grew:
            why.append(f"{amount(one.su / one.before)} times the week before")
        elif not one.before:
            why.append("nothing the week before")
    if one.stopped_costs > 0:
        why.append(
            f"stopped, and still costs {amount(one.stopped_costs)} SU per hour; shelved it would cost less"
        )
    return why


def resource_line(one: ResourceLeft, now: datetime) -> str:
    """What is left, and where spending leads: never a date without what it is based on."""
    head = f"{one.label}: {amount(one.remaining)} of {amount(one.awarded)} SU"
    days = days_left(one.ends_on, now)
    if not days:
        return f"{head}; the period ended on {_day(one.ends_on)}"
    end = f"the period ends on {_day(one.ends_on)} (in {_days(days)})"
    if one.remaining <= 0:
        return f"{head}: nothing is left; {end}"
    found = one.projection
    if found.pace_per_hour <= 0:
        return f"{head}; nothing is being spent; {end}"
    if found.runs_out_at is None:
        return f"{head}; about {amount(found.left_at_end)} SU will remain when {end} ({found.basis})"
    out = found.runs_out_at.date()
    early = (one.ends_on - out).days
    before = f", {_days(early)} early" if early else ""
    return f"{head}; likely used up on {_day(out)}{_between(found)}{before}: {end} ({found.basis})"


def _between(found: Projection) -> str:
    if found.earliest is None or found.earliest == found.latest:
        return ""
    latest = f"and {_day(found.latest.date())}" if found.latest else "and the end of the period"
    return f" (between {_day(found.earliest.date())} {latest})"


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"


def amount(su: Decimal) -> str:
    """As pages write SUs: two digits below 10, one below 1,000, none above."""
    size = abs(su)
    places = 2 if size < 10 else 1 if size < 1000 else 0
    written = f"{su:,.{places}f}"
    return written.rstrip("0").rstrip(".") if "." in written else written
