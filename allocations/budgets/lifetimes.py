"""Machines whose lifetime ends, by the limits of their owners: told before and at the end, and shelved if that was chosen."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from allocations.budgets import shelving, telling
from allocations.budgets.applies import limits_for
from allocations.budgets.books import Books
from allocations.budgets.hooks import Held
from allocations.budgets.models import Ending, Limits, Shelving
from portal.core import bulk

# Told a day before, or for short lives when a quarter is left.
_BEFORE = timedelta(days=1)
_SHORT = 4
_CAUSE = "lifetime:"


@dataclass(frozen=True, slots=True)
class Lifetime:
    held: Held
    limits: Limits
    ends_at: datetime

    @property
    def cause(self) -> str:
        return f"{_CAUSE}{self.ends_at:%Y%m%dT%H%M%S}"

    def stage(self, now: datetime) -> bool | None:
        """Whether it is over; None while there is nothing to tell."""
        if now >= self.ends_at:
            return True
        warned = min(_BEFORE, timedelta(hours=self.limits.lifetime_hours or 0) / _SHORT)
        return False if now >= self.ends_at - warned else None


def see_to(books: Books, limits: Sequence[Limits], machines: Sequence[Held]) -> None:
    """Two queries for what was told already, and then a few for each thing that is new."""
    found = list(_lifetimes(books, limits, machines))
    _drop_others({(one.held.id, one.cause) for one in found if one.limits.shelve_at_end}, books.now)
    ending = [one for one in found if one.stage(books.now) is not None]
    if not ending:
        return
    rows = Ending.objects.filter(machine_id__in=[one.held.id for one in ending])
    told = set(rows.values_list("machine_id", "ends_at", "over"))
    for one in ending:
        over = bool(one.stage(books.now))
        if (one.held.id, one.ends_at, over) not in told:
            _tell(one, over, books.now)


def _drop_others(current: Collection[tuple[str, str]], now: datetime) -> None:
    """Limits that were changed or taken away, and machines that are gone."""
    rows = Shelving.objects.filter(cause__startswith=_CAUSE, dropped_at=None)
    stale = [
        pk
        for pk, machine, cause in rows.values_list("pk", "machine_id", "cause")
        if (machine, cause) not in current
    ]
    if stale:
        Shelving.objects.filter(pk__in=stale).update(dropped_at=now)


def _lifetimes(books: Books, limits: Sequence[Limits], machines: Sequence[Held]) -> Iterator[Lifetime]:
    of_allocation: dict[int, list[Limits]] = defaultdict(list)
    for one in limits:
        of_allocation[one.allocation_id].append(one)
    for held in machines:
        binding = limits_for(of_allocation[held.allocation_id], books.who(held.allocation_id, held.owner_id))
        timed = [one for one in binding if one.lifetime_hours is not None]
        if timed and held.shelvable:
            shortest = min(timed, key=lambda one: one.lifetime_hours or 0)
            ends = held.made_at + timedelta(hours=shortest.lifetime_hours or 0)
            yield Lifetime(held, shortest, ends)


@transaction.atomic
def _tell(one: Lifetime, over: bool, now: datetime) -> None:
    row = Ending(allocation_id=one.held.allocation_id, machine_id=one.held.id, ends_at=one.ends_at, over=over)
    bulk.insert([row])
    if not Ending.objects.filter(pk=row.pk).exists():
        return
    if not one.limits.shelve_at_end:
        telling.lifetime(one.held, one.ends_at, over=over)
        return
    # Whoever gets the limit when the machine is over it already still has an hour.
    due = max(one.ends_at, now + timedelta(hours=1))
    shelving.announce(
        [one.held],
        cause=one.cause,
        reason=f"the limits of {one.limits.name}",
        due=due,
        now=now,
    )
