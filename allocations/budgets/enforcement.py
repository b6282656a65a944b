"""Whether budgets and limits let somebody have, start or enlarge machines. Asked in the service layer, so that the page,
the API, schedules and workshops obey alike. Call it under the row lock of the allocation: of two at once, the second
sees what the first has asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from allocations.budgets import hooks, words
from allocations.budgets.applies import counts, limits_for
from allocations.budgets.books import Books, Counted, budgets_of
from allocations.budgets.limiting import Wanted, over_size, over_use
from allocations.budgets.meters import Meter, meter
from allocations.budgets.models import Limits
from allocations.models import Allocation
from portal.accounts.models import User
from portal.core.errors import PortalError

__all__ = ["Action", "Review", "Wanted", "check", "review"]
_ZERO = Decimal(0)
Action = Literal["launch", "start", "unshelve", "resume", "resize", "hard_reboot"]
# What a machine may be is asked when it gets its size, not whenever it is started again.
_NEW_SIZE = frozenset({"launch", "resize"})


@dataclass(frozen=True, slots=True)
class Review:
    """What stands in the way, and the budgets that are concerned, with what is wanted counted in."""

    problems: tuple[PortalError, ...] = ()
    meters: tuple[Meter, ...] = ()


def check(
    *, allocation: Allocation, person: User | None, wanted: Wanted, action: Action = "launch", now: datetime
) -> list[PortalError]:
    """What stands in the way, with numbers; empty when nothing does. `person`: whose machine it is, not who clicks."""
    return list(review(allocation=allocation, person=person, wanted=wanted, action=action, now=now).problems)


def review(
    *, allocation: Allocation, person: User | None, wanted: Wanted, action: Action = "launch", now: datetime
) -> Review:
    """As `check`, with the meters besides. Two queries where neither budgets nor limits are set."""
    budgets = budgets_of(allocation)
    limits = list(Limits.objects.filter(allocation=allocation).select_related("user", "group"))
    if not budgets and not limits:
        return Review()
    found = Books([allocation], budgets, now)
    user_id = person.pk if person else None
    drawn_on = [
        *found.of_person(allocation.pk, user_id),
        *(found.of_machine(allocation.pk, wanted.machine_id) if wanted.machine_id else ()),
    ]
    counted = [one for one in drawn_on if counts(one.budget.resource, wanted.resource or "")]
    binding = limits_for(limits, found.who(allocation.pk, user_id))
    # What the machine costs now is in what is being spent already.
    more = max(_ZERO, (wanted.su_per_hour or _ZERO) - wanted.before)
    return Review(
        problems=(
            *_limit_problems(binding, allocation, user_id, wanted, action in _NEW_SIZE, now),
            *(problem for one in counted if (problem := _budget_problem(one, allocation, more))),
        ),
        meters=tuple(meter(one, more, now) for one in counted),
    )


def _budget_problem(one: Counted, allocation: Allocation, more: Decimal) -> PortalError | None:
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
