"""Shelving machines because of a budget: warned first, after the PI's time of grace, and only what counts against it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from allocations.budgets import hooks, telling, words
from allocations.budgets.books import Counted
from allocations.budgets.hooks import Held
from allocations.budgets.models import Crossing, Shelving, Step
from portal.core import bulk
from portal.core.claims import claim
from portal.core.errors import PortalError

# A machine that runs on so long after it was asked to be shelved was started again, or could not be.
_LOOK_AGAIN = timedelta(minutes=30)
_TRY_AGAIN = timedelta(minutes=5)


Pair = tuple[str, str]


def cause(row: Crossing) -> str:
    return f"crossing:{row.pk}"


def warned() -> set[Pair]:
    """Machine and cause of all that wait to be shelved, or were; one query."""
    return set(Shelving.objects.filter(dropped_at=None).values_list("machine_id", "cause"))


def plan(one: Counted, crossings: Sequence[Crossing], before: Collection[Pair], now: datetime) -> None:
    """Warn the owners of machines that spend from a budget which is at a share where its PI chose to shelve."""
    shelves = [row for row in crossings if one.standing.steps.get(row.percent) == Step.SHELVE]
    causes = {known for _, known in before}
    # The PI chose otherwise meanwhile.
    for row in crossings:
        if row not in shelves and cause(row) in causes:
            Shelving.objects.filter(crossing=row, dropped_at=None).update(dropped_at=now)
    if not shelves:
        return
    row = min(shelves, key=lambda crossing: crossing.percent)
    wanted = [held for held in one.machines if held.shelvable and (held.id, cause(row)) not in before]
    if wanted:
        name = words.whose(one.budget)
        due = now + timedelta(minutes=one.budget.grace_minutes)
        reason = f"{name[:1].lower()}{name[1:]}"
        announce(wanted, cause=cause(row), reason=reason, due=due, now=now, crossing=row)


@transaction.atomic
def announce(
    machines: Sequence[Held],
    *,
    cause: str,
    reason: str,
    due: datetime,
    now: datetime,
    crossing: Crossing | None = None,
) -> None:
    """Write down that these will be shelved, and tell their owners; once per machine and cause."""
    rows = [
        Shelving(
            allocation_id=held.allocation_id,
            machine_id=held.id,
            machine_name=held.name,
            cause=cause,
            crossing=crossing,
            reason=reason[:120],
            warned_at=now,
            due_at=due,
        )
        for held in machines
    ]
    bulk.insert(rows)
    ours = set(Shelving.objects.filter(pk__in=[row.pk for row in rows]).values_list("machine_id", flat=True))
    by_owner: dict[int, list[Held]] = {}
    for held in machines:
        if held.id in ours and held.owner_id is not None:
            by_owner.setdefault(held.owner_id, []).append(held)
    for owner_id, mine in by_owner.items():
        telling.will_be_shelved(owner_id, mine, reason=reason, due=due, key=f"{cause}:{rows[0].pk}")


def carry_out(machines: Collection[Held], now: datetime) -> None:
    """Shelve what is due and still spends. A machine that cannot be now is tried again in a few minutes."""
    spending = {held.id: held for held in machines if held.shelvable}
    for row in Shelving.objects.filter(due_at__lte=now, dropped_at=None).order_by("due_at"):
        held = spending.get(row.machine_id)
        mine = Shelving.objects.filter(pk=row.pk, due_at=row.due_at, dropped_at=None)
        if claim(mine, due_at=now + _LOOK_AGAIN) and held is not None:
            _shelve(row, held, now)


def _shelve(row: Shelving, held: Held, now: datetime) -> None:
    found = Shelving.objects.filter(pk=row.pk)
    try:
        hooks.shelve(row.machine_id, row.reason)
    except PortalError as error:
        found.update(
            due_at=now + _TRY_AGAIN,
            tries=F("tries") + 1,
            problem_id=error.id,
            problem_params={name: str(value) for name, value in error.params.items()},
        )
        if error.id == "instances:nobody-to-act":
            telling.nobody_to_shelve(held, row)
        return
    found.update(asked_at=now, tries=F("tries") + 1, problem_id="", problem_params={})
