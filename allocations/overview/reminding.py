"""Telling people that an allocation ends: 90, 60, 30, 14, 7 and 1 days before, and once it has; each of them once.

Runs often and tells seldom. A worker that was away over a day tells the newest step that is due, and no older ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from allocations import hooks
from allocations.hooks import Spender
from allocations.models import Allocation, Grant, Membership
from allocations.overview.countdown import Ending, Period, endings, timeline
from allocations.overview.ending import expiry_of
from allocations.overview.reminder import Machines, reminder
from allocations.overview.standing import label_of
from allocations.roles import Need, allows
from portal.accounts.models import User
from portal.notices import services as notices
from portal.notices.models import Told

KIND = "allocation.expiry"
# What ended longer ago than this is no news.
_NEWS = timedelta(days=40)
Project = tuple[str, str]


@dataclass(slots=True)
class _Place:
    """A project with its allocations in all regions: they share the grant, so people hear of it once."""

    allocations: list[Allocation] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Due:
    """An ending that has come to a step, and under which key people count as told."""

    place: _Place
    ending: Ending
    key: str


def remind(now: datetime | None = None) -> int:
    """How many people were told something new. A fixed number of queries where there is nothing new."""
    today = (now or timezone.now()).astimezone(UTC).date()
    due = list(_due(_places(today), today))
    members = _members(due)
    told = _told(due)
    spenders = _by_allocation(hooks.spenders(*(one.pk for each in due for one in each.place.allocations)))
    return sum(_tell(each, members, told.get(each.key, set()), spenders, today) for each in due)


def _places(today: date) -> dict[Project, _Place]:
    found: dict[Project, _Place] = defaultdict(_Place)
    grants = Grant.objects.filter(ends_on__gte=today - _NEWS).select_related("allocation")
    for grant in grants.order_by("allocation_id"):
        allocation = grant.allocation
        place = found[allocation.cloud, allocation.project_id]
        if allocation not in place.allocations:
            place.allocations.append(allocation)
        place.periods.append(Period(grant.resource, grant.starts_on, grant.ends_on))
    return found


def _due(places: Mapping[Project, _Place], today: date) -> Iterable[_Due]:
    for (cloud, project_id), place in places.items():
        for ending in endings(place.periods, today):
            if ending.step is not None and today - ending.ends_on <= _NEWS:
                yield _Due(place, ending, f"expiry:{cloud}:{project_id}:{ending.ends_on}:{ending.step}")


def _members(due: Sequence[_Due]) -> dict[int, list[Membership]]:
    ids = {one.pk for each in due for one in each.place.allocations}
    found: dict[int, list[Membership]] = defaultdict(list)
    for membership in Membership.objects.filter(allocation__in=ids, ended_at=None).select_related("user"):
        found[membership.allocation_id].append(membership)
    return found


def _told(due: Sequence[_Due]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    rows = Told.objects.filter(key__in=[each.key for each in due])
    for key, user_id in rows.values_list("key", "user_id"):
        found[key].add(user_id)
    return found


def _by_allocation(spenders: Iterable[Spender]) -> dict[int, dict[str, list[str]]]:
    """{allocation: {owner key: names of their machines}}"""
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in spenders:
        found[one.allocation_id][one.owner_key].append(one.name)
    return found


def _tell(
    due: _Due,
    members: Mapping[int, Sequence[Membership]],
    told: set[int],
    spenders: Mapping[int, Mapping[str, Sequence[str]]],
    today: date,
) -> int:
    """Who manages it hears of every step; the others of those that concern machines of theirs."""
    people: dict[int, tuple[User, Allocation, Machines]] = {}
    for allocation in due.place.allocations:
        for membership in members.get(allocation.pk, ()):
            user = membership.user
            names = spenders.get(allocation.pk, {}).get(str(user.pk), ())
            before = people.get(user.pk)
            if user.pk in told or not (names or before or allows(membership.role, Need.MANAGE)):
                continue
            first = before[1] if before else allocation
            people[user.pk] = (user, first, (*(before[2] if before else ()), *names))
    return sum(_one(due, user, allocation, machines, today) for user, allocation, machines in people.values())


@transaction.atomic
def _one(due: _Due, user: User, allocation: Allocation, machines: Machines, today: date) -> int:
    found = reminder(
        due.ending,
        name=allocation.project_name,
        title=allocation.title,
        resources=[label_of(name) for name in due.ending.resources],
        deeds=timeline(expiry_of(allocation).steps, due.ending.ends_on, today),
        machines=machines,
    )
    return notices.tell(
        KIND,
        to=[user],
        key=due.key,
        title=found.title,
        text=found.text,
        url=reverse("overview:save", args=[allocation.slug]),
        level=found.level,
        scope=f"allocation.{allocation.pk}",
    )
