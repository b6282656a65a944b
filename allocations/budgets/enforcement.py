"""Whether budgets and limits let somebody have, start or enlarge machines. Asked in the service layer, so that the page,
the API, schedules and workshops obey alike. Call it under the row lock of the allocation: of two at once, the second
sees what the first has asked for."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from allocations.budgets import hooks, words
from allocations.budgets.applies import counts, limits_for
from allocations.budgets.books import Books, Counted, budgets_of
from allocations.budgets.limiting import Wanted, over_size, over_use
from allocations.budgets.models import Limits
from allocations.models import Allocation
from portal.accounts.models import User
from portal.core.errors import PortalError

__all__ = ["Action", "Wanted", "check"]
_ZERO = Decimal(0)
Action = Literal["launch", "start", "unshelve", "resume", "resize", "hard_reboot"]
# What a machine may be is asked when it gets its size, not whenever it is started again.
_NEW_SIZE = frozenset({"launch", "resize"})


def check(
    *, allocation: Allocation, person: User | None, wanted: Wanted, action: Action = "launch", now: datetime
) -> list[PortalError]:
    """What stands in the way, with numbers; empty when nothing does. `person`: whose machine it is, not who clicks."""
    budgets = budgets_of(allocation)
    limits = list(Limits.objects.filter(allocation=allocation).select_related("user", "group"))
    if not budgets and not limits:
        return []
    found = Books([allocation], budgets, now)
    user_id = person.pk if person else None
    counted = [
        *found.of_person(allocation.pk, user_id),
        *(found.of_machine(allocation.pk, wanted.machine_id) if wanted.machine_id else ()),
    ]
    binding = limits_for(limits, found.who(allocation.pk, user_id))
    return [
        *_limit_problems(binding, allocation, user_id, wanted, action in _NEW_SIZE, now),
        *(problem for one in counted if (problem := _budget_problem(one, allocation, wanted))),
    ]


def _budget_problem(one: Counted, allocation: Allocation, wanted: Wanted) -> PortalError | None:
    if not counts(one.budget.resource, wanted.resource or ""):
        return None
    # What the machine costs now is in `burning` already.
    more = max(_ZERO, (wanted.su_per_hour or _ZERO) - wanted.before)
    standing = one.standing
    answer = standing.answer(more)
    if not answer:
        return None
    return PortalError(
        f"budgets:{answer}",
        budget=words.whose(one.budget),
        su=words.su(standing.su),
        spent=words.su(standing.spent),
        left=words.su(standing.left),
        percent=standing.percent,
        period=words.in_period(one.budget.period),
        pace=words.su(standing.burning + more),
        share=standing.blocked_at,
        until=words.until(one.period),
        ask=words.whom_to_ask(allocation),
    )


def _limit_problems(
    binding: Sequence[Limits],
    allocation: Allocation,
    user_id: int | None,
    wanted: Wanted,
    new_size: bool,
    now: datetime,
) -> Iterator[PortalError]:
    if not binding:
        return
    mine = [held for held in hooks.machines([allocation.pk]) if held.owner_key == str(user_id)]
    for limits in binding:
        of_size = over_size(limits, allocation, wanted) if new_size else ()
        for id, numbers in (*of_size, *over_use(limits, mine, wanted, now)):
            yield PortalError(id, **numbers, limits=limits.name, ask=words.whom_to_ask(allocation))
