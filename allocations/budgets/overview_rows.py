"""The rows of the page of an allocation's budgets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allocations.budgets import meters, words
from allocations.budgets.books import Books, Counted, budgets_of
from allocations.budgets.meters import Meter
from allocations.budgets.models import Budget, Group, GroupMember, Limits, Shelving, Step, Subject
from allocations.models import Allocation, Membership
from allocations.roles import Need, allows
from allocations.usage import owner_names
from portal.accounts.models import User

PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A budget and how it stands for whom it binds. `meter` None: it does not hold today. `url`: of its machine."""

    budget: Budget
    name: str
    meter: Meter | None
    person_key: str = ""
    url: str = ""

    @property
    def steps(self) -> str:
        return steps_say(self.budget)

    @property
    def rank(self) -> tuple[int, str]:
        return (-self.meter.percent if self.meter else 1, self.name.casefold())


@dataclass(frozen=True, slots=True)
class GroupLine:
    group: Group
    people: Sequence[str]
    more: int


@dataclass(frozen=True, slots=True)
class LimitsLine:
    limits: Limits
    name: str
    says: Sequence[str]

    @property
    def place(self) -> str:
        """As the form calls it."""
        limits = self.limits
        if limits.subject == Subject.MEMBER:
            return f"user:{limits.user_id}"
        return f"group:{limits.group_id}" if limits.subject == Subject.GROUP else "default"


def lines(allocation: Allocation, now: datetime) -> tuple[list[Line], list[Line]]:
    """The budgets that are set, the fullest first; and how the default ones stand for each person whom they bind."""
    given = budgets_of(allocation)
    books = Books([allocation], given, now)
    counted = list(books.all())
    names = owner_names({one.person_key for one in counted if one.person_key})
    standing = {one.budget.pk: one for one in counted if not one.person_key}
    set_ones = [_line(budget, standing.get(budget.pk), now) for budget in given]
    of_people = [
        Line(one.budget, names.get(one.person_key, ""), meters.meter(one, now=now), one.person_key)
        for one in counted
        if one.person_key
    ]
    return sorted(set_ones, key=lambda line: line.rank), sorted(of_people, key=lambda line: line.rank)


def _line(budget: Budget, counted: Counted | None, now: datetime) -> Line:
    if counted is None:
        return Line(budget, budget.name, None)
    url = counted.machines[0].url if budget.subject == Subject.MACHINE and counted.machines else ""
    return Line(budget, budget.name, meters.meter(counted, now=now), url=url)


def groups(allocation: Allocation) -> list[GroupLine]:
    """Two queries."""
    people: dict[int, list[str]] = {}
    for seat in GroupMember.objects.filter(group__allocation=allocation).select_related("user"):
        people.setdefault(seat.group_id, []).append(str(seat.user))
    return [
        GroupLine(
            group, sorted(people.get(group.pk, []))[:PAGE], max(0, len(people.get(group.pk, [])) - PAGE)
        )
        for group in Group.objects.filter(allocation=allocation)
    ]


def limits(allocation: Allocation) -> list[LimitsLine]:
    order = {Subject.DEFAULT: 0, Subject.GROUP: 1, Subject.MEMBER: 2}
    rows = Limits.objects.filter(allocation=allocation).select_related("user", "group")
    found = [LimitsLine(row, row.name, limits_say(allocation, row)) for row in rows]
    return sorted(found, key=lambda line: (order[Subject(line.limits.subject)], line.name.casefold()))


def limits_say(allocation: Allocation, row: Limits) -> list[str]:
    """Each limit in a few words."""
    found = []
    if row.max_vcpus is not None:
        found.append(f"{row.max_vcpus} vCPUs in one machine")
    if row.max_ram_gb is not None:
        found.append(f"{row.max_ram_gb} GB of RAM in one machine")
    if row.flavor_groups:
        found.append(f"only {words.flavor_groups(allocation, row.flavor_groups)}")
    if row.max_machines is not None:
        found.append(f"{row.max_machines} machine{'' if row.max_machines == 1 else 's'} each")
    if row.max_gpus is not None:
        found.append(
            f"{row.max_gpus} GPU{'' if row.max_gpus == 1 else 's'} at a time" if row.max_gpus else "no GPUs"
        )
    if row.lifetime_hours is not None:
        then = "then shelved" if row.shelve_at_end else "then told"
        found.append(f"a machine lives {words.minutes(row.lifetime_hours * 60)}, {then}")
    return found


def steps_say(budget: Budget) -> str:
    """What happens when, in a line."""
    tell, block, shelve = (
        [share for share, step in budget.steps.items() if step == wanted]
        for wanted in (Step.TELL, Step.BLOCK, Step.SHELVE)
    )
    parts = [
        f"{what} at {words.joined(f'{share} %' for share in shares)}"
        for what, shares in (("told", tell), ("blocked", block), ("shelved", shelve))
        if shares
    ]
    return "; ".join(parts) or "nothing happens"


def shelvings(allocation: Allocation, machines: Sequence[str] | None = None) -> list[Shelving]:
    """What waits to be shelved; with `machines` only these."""
    rows = Shelving.objects.filter(allocation=allocation, dropped_at=None, asked_at=None)
    if machines is not None:
        rows = rows.filter(machine_id__in=machines)
    return list(rows.order_by("due_at")[:PAGE])


def people(allocation: Allocation) -> list[User]:
    """The live members who can have machines, by name."""
    live = Membership.objects.filter(allocation=allocation, ended_at=None).select_related("user")
    return sorted(
        (one.user for one in live if allows(one.role, Need.LAUNCH)), key=lambda user: str(user).casefold()
    )
