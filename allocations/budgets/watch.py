"""Looking at every budget, limit and grant: what was reached is written down, told, blocked, and shelved where chosen.

Safe to run at any time, twice, or twice at once: what is told and done is a row with a unique key before it is told.
"""

from datetime import datetime

from django.utils import timezone

from allocations.budgets import crossing, grants, hooks, lifetimes, shelving
from allocations.budgets.books import Books
from allocations.budgets.models import Budget, Limits, Shelving
from allocations.models import Allocation
from portal.cloud.config import clouds

_READ = ("cloud", "region", "project_id", "project_name", "slug")


def look(now: datetime | None = None) -> None:
    """Of all allocations, in a fixed number of queries, and a few more for each thing that is new."""
    now = now or timezone.now()
    grants.see_to(list(Allocation.objects.filter(cloud__in=clouds().clouds).only(*_READ)), now)
    rows = Budget.objects.filter(allocation__cloud__in=clouds().clouds)
    budgets = list(rows.select_related("user", "group", "allocation"))
    timed = list(
        Limits.objects.filter(allocation__cloud__in=clouds().clouds)
        .filter(lifetime_hours__isnull=False)
        .select_related("user", "group", "allocation")
    )
    concerned = {one.allocation_id: one.allocation for one in budgets}
    concerned |= {one.allocation_id: one.allocation for one in timed}
    books = Books(list(concerned.values()), budgets, now, settled=True)
    crossing.see_to(books)
    others = list(Limits.objects.filter(allocation__in=concerned).select_related("user", "group"))
    lifetimes.see_to(books, others, hooks.machines({one.allocation_id for one in timed}))
    due = Shelving.objects.filter(due_at__lte=now, dropped_at=None)
    waiting = set(due.values_list("allocation_id", flat=True))
    if waiting:
        shelving.carry_out(hooks.machines(waiting), now)
