"""Shares of budgets that are reached, and left again: each once per budget, person, period and share."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from allocations.budgets import shelving, telling
from allocations.budgets.books import Books, Counted
from allocations.budgets.models import Crossing, Shelving
from allocations.budgets.services import told_on_commit
from allocations.budgets.standing import STOPPING, reached
from portal.cloud.config import clouds
from portal.core import bulk

_Whose = tuple[object, str]


def see_to(books: Books) -> None:
    """One query for what is known, and then a few for each thing that is new."""
    known: dict[_Whose, list[Crossing]] = defaultdict(list)
    for row in Crossing.objects.filter(lifted_at=None, budget__allocation__cloud__in=clouds().clouds):
        known[row.budget_id, row.person_key].append(row)
    warned = shelving.warned()
    for one in books.all():
        rows = known.pop((one.budget.pk, one.person_key), [])
        left = [row for row in rows if _is_left(row, one)]
        here = [row for row in rows if row not in left]
        if left and _lift(left, books.now):
            _tell_free(one, left)
        new = set(reached(one.standing.percent, one.standing.steps)) - {row.percent for row in here}
        if new:
            here += _cross(one, sorted(new), books.now)
        shelving.plan(one, here, warned, books.now)
    # Budgets that hold no more, and people whom they bind no more.
    gone = [row for rows in known.values() for row in rows]
    if gone:
        _lift(gone, books.now)


def _is_left(row: Crossing, one: Counted) -> bool:
    """Its period is over, or the budget was raised since. A charge that was corrected does not count: it would go to
    and fro."""
    if row.period_key != one.period.key:
        return True
    return row.percent > one.standing.percent and one.budget.su > row.su


@transaction.atomic
def _cross(one: Counted, shares: Sequence[int], now: datetime) -> list[Crossing]:
    """Write them down and tell of the highest. What another worker wrote down meanwhile is not ours."""
    rows = [
        Crossing(
            budget=one.budget,
            person_key=one.person_key,
            period_key=one.period.key,
            percent=share,
            step=one.standing.steps[share],
            su=one.standing.su,
            spent=one.standing.spent,
            at=now,
        )
        for share in shares
    ]
    bulk.insert(rows)
    ours = set(Crossing.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    written = [row for row in rows if row.pk in ours]
    if written:
        telling.reached(one, written[-1])
        told_on_commit(one.budget.allocation)
    return written


@transaction.atomic
def _lift(rows: Sequence[Crossing], now: datetime) -> int:
    """Nothing more is shelved because of them. 0 where another worker has done it."""
    ids = [row.pk for row in rows]
    Shelving.objects.filter(crossing__in=ids, dropped_at=None).update(dropped_at=now)
    return Crossing.objects.filter(pk__in=ids, lifted_at=None).update(lifted_at=now)


def _tell_free(one: Counted, rows: Sequence[Crossing]) -> None:
    """What was blocked is free."""
    if any(row.step in STOPPING for row in rows) and one.standing.blocked_at is None:
        telling.free_again(one, rows[0])
    told_on_commit(one.budget.allocation)
