"""The weekly mail to those who manage an allocation: once for each person, allocation and week, whatever happens."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from allocations import hooks, usage
from allocations.forecast import DAYS, project
from allocations.keepers import MANAGING
from allocations.ledger import balance
from allocations.models import Allocation, Grant, Membership
from allocations.reports.models import WeeklyReport
from allocations.reports.naming import UNEXPLAINED
from allocations.reports.periods import Week, last_week
from allocations.reports.spending import spent
from allocations.reports.weekly_text import MachineWeek, ResourceLeft, WeekOf, text, title
from portal.accounts.models import User
from portal.accounts.time_zones import zone_of
from portal.cloud.config import clouds
from portal.core import bulk
from portal.notices import services as notices

KIND = "report.weekly"
_ZERO = Decimal(0)
# What ran until midnight is in the ledger by then.
_SETTLED = timedelta(hours=1)
# A cloud that does not tell what ran before is not waited for longer.
_UNTOLD = timedelta(days=1)
_STOPPED = "SHUTOFF"
_HISTORY = timedelta(days=DAYS + 1)
_RESOURCES = {value: str(label) for value, label in Grant.Resource.choices}


def due(now: datetime) -> list[int]:
    """The allocations of which somebody is to be told their last week now. Two queries."""
    week = last_week(now)
    seen = set(WeeklyReport.objects.filter(week=week.name).values_list("allocation_id", "user_id"))
    found = {
        member.allocation_id
        for member in _managing(now)
        if (member.allocation_id, member.user_id) not in seen and _morning(member.user, week) <= now
    }
    return sorted(found)


@transaction.atomic
def send(allocation_id: int, now: datetime) -> int:
    """Tell those who are due. How many were told. Two workers at once: the second finds that it is done."""
    allocation = Allocation.objects.select_for_update().filter(pk=allocation_id).first()
    if allocation is None:
        return 0
    week = last_week(now)
    seen = set(
        WeeklyReport.objects.filter(allocation=allocation, week=week.name).values_list("user_id", flat=True)
    )
    people = [
        member.user
        for member in _managing(now).filter(allocation=allocation)
        if member.user_id not in seen and _morning(member.user, week) <= now
    ]
    if not people:
        return 0
    found = week_of(allocation, week, now)
    tells = found.worth_telling(now, clouds().oversight.ending_days)
    rows = [
        WeeklyReport(allocation=allocation, user=user, week=week.name, told=tells, at=now) for user in people
    ]
    bulk.insert(rows)
    return _tell(allocation, people, found, now) if tells else 0


def _managing(now: datetime) -> QuerySet[Membership]:
    """Of allocations whose ledger is whole: what ran before the portal met them is asked for soon after."""
    whole = Q(allocation__history_read_at__lte=now) | Q(allocation__created_at__lt=now - _UNTOLD)
    live = Membership.objects.filter(role__in=MANAGING, ended_at=None, user__is_active=True)
    return live.filter(whole).select_related("user")


def _morning(user: User, week: Week) -> datetime:
    """When the person's Monday after that week begins in earnest; never before the week is over in UTC."""
    zone: tzinfo = zone_of(user)
    monday = week.monday + timedelta(days=7)
    local = datetime.combine(monday, time(clouds().oversight.weekly_hour), zone)
    return max(local, datetime.combine(monday, time(), UTC) + _SETTLED)


def _tell(allocation: Allocation, people: Collection[User], found: WeekOf, now: datetime) -> int:
    period = found.week.period
    days = urlencode({"period": "days", "from": period.first.isoformat(), "to": period.last.isoformat()})
    return notices.tell(
        KIND,
        to=people,
        key=f"weekly:{allocation.pk}:{found.week.name}",
        title=title(found),
        text=text(found, now),
        url=f"{reverse('reports:usage', args=[allocation.slug])}?{days}",
        scope=f"allocation.{allocation.pk}",
    )


def week_of(allocation: Allocation, week: Week, now: datetime) -> WeekOf:
    """What the week was, from the ledger. A fixed number of queries."""
    now_spent = list(_spent(allocation, week))
    before = _by_machine(_spent(allocation, week.before))
    owners = _summed((owner, su) for owner, _, su in now_spent)
    names = {"": UNEXPLAINED, **usage.owner_names([key for key in owners if key])}
    burn = hooks.burn([allocation.pk]).get(allocation.pk, {})
    return WeekOf(
        name=_named(allocation),
        week=week,
        spent=sum(owners.values(), _ZERO),
        before=sum(before.values(), _ZERO),
        burn=sum(burn.values(), _ZERO),
        people=[(names.get(key, key), su) for key, su in owners.items()],
        machines=_machines(allocation, now_spent, before, names),
        resources=_left(allocation, now),
    )


def _named(allocation: Allocation) -> str:
    """With its region where the cloud has several: a project has an allocation in each."""
    cloud = clouds().clouds.get(allocation.cloud)
    several = cloud is not None and len(cloud.regions) > 1
    return f"{allocation.project_name} at {allocation.region}" if several else allocation.project_name


def _left(allocation: Allocation, now: datetime) -> list[ResourceLeft]:
    """What is left of each resource. It is the project's: what runs in its other regions is drawn from it too."""
    place = {"cloud": allocation.cloud, "project_id": allocation.project_id}
    ids = list(Allocation.objects.filter(**place).values_list("pk", flat=True))
    history: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for line in usage.totals(ids, start=now - _HISTORY, end=now, by=("resource", "day")):
        history[line.keys[0]].append((date.fromisoformat(line.keys[1]), line.su))
    burning: dict[str, Decimal] = defaultdict(Decimal)
    for resources in hooks.burn(ids).values():
        for name, rate in resources.items():
            burning[name] += rate
    return [
        ResourceLeft(
            label=_RESOURCES.get(name, name),
            remaining=held.remaining,
            awarded=held.awarded,
            ends_on=held.ends_on,
            projection=project(history[name], held.remaining, burning[name], held.ends_on, now),
        )
        for name, held in balance(allocation).items()
        if name not in (Grant.Resource.STORAGE, Grant.Resource.OTHER)
    ]


def _spent(allocation: Allocation, week: Week) -> Iterator[tuple[str, str, Decimal]]:
    """Owner, machine, SU."""
    period = week.period
    by: list[usage.By] = ["owner", "instance"]
    for (owner, instance), su in spent([allocation.pk], start=period.start, end=period.end, by=by):
        yield owner, instance, su


def _machines(
    allocation: Allocation,
    lines: Collection[tuple[str, str, Decimal]],
    before: Mapping[str, Decimal],
    owners: Mapping[str, str],
) -> list[MachineWeek]:
    """Those that spent in the week, and those that are stopped and cost something now."""
    su, owner_of = _by_machine(lines), {instance: owner for owner, instance, _ in lines}
    stopped = {
        one.instance_id: one
        for one in hooks.spenders(allocation.pk)
        if one.status == _STOPPED and one.per_hour > one.per_hour_shelved
    }
    names = usage.instance_names([*su, *stopped])
    found = []
    for key in dict.fromkeys([*su, *stopped]):
        if not key:
            continue
        still = stopped.get(key)
        owner = still.owner if still else owners.get(owner_of[key], owner_of[key])
        costs = still.per_hour if still else _ZERO
        name = names.get(key) or (still.name if still else key)
        found.append(MachineWeek(name, owner, su.get(key, _ZERO), before.get(key, _ZERO), costs))
    return found


def _by_machine(lines: Iterable[tuple[str, str, Decimal]]) -> dict[str, Decimal]:
    return _summed((instance, su) for _, instance, su in lines)


def _summed(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for key, su in pairs:
        found[key] = found.get(key, _ZERO) + su
    return found
