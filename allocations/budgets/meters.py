"""How a person's own budgets stand, for every page that shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from allocations.budgets import words
from allocations.budgets.books import Books, Counted, budgets_of
from allocations.budgets.models import Subject
from allocations.budgets.standing import tone
from allocations.models import Allocation
from portal.accounts.models import User

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """One budget in its period. `says`: how it stands, in a sentence. `lasts_until`: at the pace of now (None: beyond
    the period, or nothing is spent). `added`: what an hour of what is asked for would take."""

    title: str
    su: Decimal
    spent: Decimal
    percent: int
    period: str
    ends_at: datetime | None
    hard: bool
    says: str
    left: Decimal
    per_hour: Decimal
    lasts_until: datetime | None
    blocked: bool
    tone: str

    @property
    def share(self) -> int:
        """For a bar."""
        return min(100, self.percent)


def of_person(
    allocation: Allocation,
    user: User,
    *,
    now: datetime | None = None,
    machine_id: str = "",
) -> list[Meter]:
    """Their budgets and those of their groups, with `machine_id` the machine's too."""
    found = of_people([allocation], user, now=now or timezone.now(), machine_id=machine_id)
    return [meter(one, now=now) for one in found.get(allocation.pk, ())]


def of_people(
    allocations: Sequence[Allocation], user: User, *, now: datetime, machine_id: str = ""
) -> dict[int, list[Counted]]:
    """What binds one person in each of these allocations; a fixed number of queries for any number of them."""
    budgets = budgets_of(*allocations)
    if not budgets:
        return {}
    found = Books(allocations, budgets, now)
    return {
        allocation.pk: [
            *found.of_person(allocation.pk, user.pk),
            *(found.of_machine(allocation.pk, machine_id) if machine_id else ()),
        ]
        for allocation in allocations
    }


def meter(one: Counted, more: Decimal = _ZERO, now: datetime | None = None) -> Meter:
    """`more`: SUs per hour that are about to be spent besides."""
    now = now or timezone.now()
    standing, period = one.standing, one.period
    lasts = standing.lasts_until(now, more)
    inside = lasts is not None and (period.end is None or lasts < period.end)
    return Meter(
        title=title(one),
        su=standing.su,
        spent=standing.spent,
        percent=standing.percent,
        period=one.budget.get_period_display(),
        ends_at=period.end,
        hard=one.budget.hard,
        says=says(one, more, lasts if inside else None, now),
        left=standing.left,
        per_hour=standing.burning,
        lasts_until=lasts if inside else None,
        blocked=standing.answer(more) != "",
        tone=tone(standing.percent, standing.hard or standing.blocked_at is not None),
    )


def title(one: Counted) -> str:
    """What the budget is called to whom it binds."""
    budget = one.budget
    match budget.subject:
        case Subject.GROUP:
            name = f"Budget of {budget.group}"
        case Subject.MACHINE:
            name = f"Budget of {budget.name}"
        case _:
            name = "Your budget"
    return f"{name}, {words.resource(budget.resource)}" if budget.resource else name


def says(one: Counted, more: Decimal, lasts: datetime | None, now: datetime) -> str:
    standing, budget = one.standing, one.budget
    period = words.in_period(budget.period)
    text = f"{words.su(standing.left)} of {words.su(standing.su)} SU left {period}"
    if standing.answer(_ZERO) in ("spent", "blocked"):
        return f"{text}; nothing new is started from it."
    if standing.left <= 0:
        return f"{text}; more may be spent all the same."
    if lasts is not None:
        what = "with this launch it is used up" if more else "at this pace it is used up"
        return f"{text}; {what} in {words.span(lasts - now)}."
    if standing.burning + more > 0:
        return f"{text}; at {words.su(standing.burning + more)} SU per hour that is enough."
    return f"{text}."
