"""Everything that the budgets of some allocations stand on, read once: in a fixed number of queries for one and for all."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from allocations.budgets import hooks, spending
from allocations.budgets.applies import Who, budgets_for, counts
from allocations.budgets.hooks import Held
from allocations.budgets.models import Budget, GroupMember, Subject
from allocations.budgets.periods import Period, Span, period_at
from allocations.budgets.standing import Standing
from allocations.models import Allocation, Grant, Membership
from allocations.usage import Window

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Counted:
    """A budget in its period: how it stands for those whom it binds. `person_key`: of a default one, whose."""

    budget: Budget
    period: Period
    standing: Standing
    machines: tuple[Held, ...]
    person_key: str = ""


class Books:
    """`in_force`: the budgets that hold today, each with its period. `settled`: as for `spending.read`."""

    def __init__(
        self,
        allocations: Collection[Allocation],
        budgets: Iterable[Budget],
        now: datetime,
        *,
        settled: bool = False,
    ) -> None:
        ids = [allocation.pk for allocation in allocations]
        self.now = now
        self.since = {allocation.pk: allocation.created_at for allocation in allocations}
        self.roles = _roles(ids)
        self.groups = _seats(ids)
        self._spans = _spans(ids, now)
        self.in_force: dict[Budget, Period] = {}
        self._of: dict[int, list[Budget]] = defaultdict(list)
        for budget in budgets:
            period = self._period(budget)
            if period is not None:
                self.in_force[budget] = period
                self._of[budget.allocation_id].append(budget)
        self._spent = spending.read(
            {self._window(budget) for budget in self.in_force if budget.subject != Subject.MACHINE},
            {self._window(budget) for budget in self.in_force if budget.subject == Subject.MACHINE},
            settled=settled,
        )
        self._held: dict[int, list[Held]] = defaultdict(list)
        self._by_owner: dict[tuple[int, str], list[Held]] = defaultdict(list)
        for held in hooks.machines(self._of.keys()):
            self._held[held.allocation_id].append(held)
            self._by_owner[held.allocation_id, held.owner_key].append(held)

    def who(self, allocation_id: int, user_id: int | None) -> Who:
        of_groups = self.groups.get(allocation_id, {})
        mine = frozenset(group for group, people in of_groups.items() if user_id in people)
        return Who(user_id, self.roles.get(allocation_id, {}).get(user_id or 0, ""), mine)

    def of_person(self, allocation_id: int, user_id: int | None) -> list[Counted]:
        who = self.who(allocation_id, user_id)
        return [
            self.count(budget, str(user_id) if budget.subject == Subject.DEFAULT else "")
            for budget in budgets_for(self._of[allocation_id], who)
        ]

    def of_machine(self, allocation_id: int, machine_id: str) -> list[Counted]:
        return [
            self.count(budget)
            for budget in self._of[allocation_id]
            if budget.subject == Subject.MACHINE and budget.machine_id == machine_id
        ]

    def all(self) -> Iterator[Counted]:
        """Each budget in force; a default one for each person whom it binds."""
        for budget in self.in_force:
            if budget.subject != Subject.DEFAULT:
                yield self.count(budget)
                continue
            for user_id in self.roles.get(budget.allocation_id, {}):
                if budget in budgets_for(
                    self._of[budget.allocation_id], self.who(budget.allocation_id, user_id)
                ):
                    yield self.count(budget, str(user_id))

    def count(self, budget: Budget, person_key: str = "") -> Counted:
        period, window = self.in_force[budget], self._window(budget)
        if budget.subject == Subject.MACHINE:
            machines = [held for held in self._held[budget.allocation_id] if held.id == budget.machine_id]
            spent = self._spent.of_machine(window, budget.machine_id, budget.resource)
        else:
            keys = self._keys(budget, person_key)
            machines = [held for key in keys for held in self._by_owner[budget.allocation_id, key]]
            spent = self._spent.of_owners(window, keys, budget.resource)
        counted = tuple(held for held in machines if counts(budget.resource, held.resource))
        burning = sum((held.per_hour for held in counted), _ZERO)
        standing = Standing(budget.su, spent, burning, budget.hard, budget.steps)
        return Counted(budget, period, standing, counted, person_key)

    def _window(self, budget: Budget) -> Window:
        return Window(budget.allocation_id, self.in_force[budget].start, self.now)

    def _keys(self, budget: Budget, person_key: str) -> list[str]:
        if budget.subject == Subject.GROUP:
            people = self.groups.get(budget.allocation_id, {}).get(budget.group_id or 0, set())
            return sorted(str(pk) for pk in people)
        return [person_key or str(budget.user_id)]

    def _period(self, budget: Budget) -> Period | None:
        spans = self._spans.get(budget.allocation_id, {})
        return period_at(
            budget.period,
            self.now,
            grant=spans.get(budget.resource, Span()),
            valid=Span(budget.valid_from, budget.valid_to),
            since=self.since[budget.allocation_id],
        )


def budgets_of(*allocations: Allocation) -> list[Budget]:
    """With the people and groups that they are set on; one query."""
    return list(Budget.objects.filter(allocation__in=allocations).select_related("user", "group"))


def _roles(ids: Collection[int]) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = defaultdict(dict)
    live = Membership.objects.filter(allocation__in=ids, ended_at=None)
    for allocation_id, user_id, role in live.values_list("allocation_id", "user_id", "role"):
        found[allocation_id][user_id] = role
    return dict(found)


def _seats(ids: Collection[int]) -> dict[int, dict[int, set[int]]]:
    """{allocation: {group: people}}."""
    found: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    seats = GroupMember.objects.filter(group__allocation__in=ids)
    for allocation_id, group_id, user_id in seats.values_list("group__allocation_id", "group_id", "user_id"):
        found[allocation_id][group_id].add(user_id)
    return {pk: dict(groups) for pk, groups in found.items()}


def _spans(ids: Collection[int], now: datetime) -> dict[int, dict[str, Span]]:
    """{allocation: {resource: the grant that holds today; "": from the first to the last of them}}."""
    found: dict[int, dict[str, Span]] = defaultdict(dict)
    today = now.date()
    grants = Grant.objects.filter(
        allocation__in=ids, active=True, starts_on__lte=today, ends_on__gte=today
    ).order_by("starts_on")
    for pk, resource, first, last in grants.values_list("allocation_id", "resource", "starts_on", "ends_on"):
        mine = found[pk]
        mine[resource] = Span(first, last)
        if resource not in (Grant.Resource.STORAGE, Grant.Resource.OTHER):
            before = mine.get("", Span(first, last))
            mine[""] = Span(min(before.first or first, first), max(before.last or last, last))
    return dict(found)
