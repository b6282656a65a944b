"""Changing what people may do here, and at the source where it can."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from allocations import services as allocations
from allocations.access import require
from allocations.members import deciding, rules, telling
from allocations.members.people import Crew, crew, held_for
from allocations.models import Allocation, Membership
from allocations.roles import Need
from allocations.sources import requests
from allocations.sources.capabilities import capabilities
from allocations.sources.people import Person
from allocations.sources.rules import GIVEN_HERE
from portal.accounts.models import User
from portal.core import events
from portal.core.audit import record
from portal.core.errors import PortalError
from portal.core.ids import uuid7


@dataclass(frozen=True, slots=True)
class Result:
    """One person of a change of several: the problem, where there was one."""

    person: Person
    problem: PortalError | None


def change_many(*, allocation: Allocation, by: User, keys: Sequence[str], role: str) -> list[Result]:
    """Each on its own: what cannot be done is told beside what was. `allocation` comes from its door."""
    require(allocation, Need.MANAGE)
    return [_try(allocation, by, key, role) for key in dict.fromkeys(keys)]


def _try(allocation: Allocation, by: User, key: str, role: str) -> Result:
    person = crew(allocation).find(key)
    try:
        change(allocation=allocation, by=by, key=key, role=role)
    except PortalError as problem:
        return Result(person, problem)
    return Result(person, None)


@transaction.atomic
def change(*, allocation: Allocation, by: User, key: str, role: str) -> Person:
    """PortalError `members:refused` says why not. Holds across sign-ins, and never more than the cloud allows."""
    allocation, regions = held_for(by, allocation)
    people = crew(allocation)
    person = people.find(key)
    before = people.role_of(person)
    _check(people, by, person, before, role)
    memberships = _memberships(regions, person)
    if memberships and all(one.role == Membership.Role.READER for one in memberships):
        raise PortalError("members:looks-only", person=person.name or person.username)
    deciding.decide(allocation, person.username, person.user, by=by, role=role)
    for membership in memberships:
        if membership.role != Membership.Role.READER:
            allocations.assign(membership, role, Membership.Source.PORTAL, by=by)
    if not memberships:
        _record(allocation, by, person, before, role)
    if role in GIVEN_HERE and capabilities(allocation).can_change_role:
        requests.ask(allocation=allocation, by=by, action="role", usernames=[person.username], role=role)
    _tell(allocation, regions, by, person, before, role)
    return person


def _check(people: Crew, by: User, person: Person, before: str, role: str) -> None:
    own = person.user is not None and person.user.pk == by.pk
    reason = rules.why_not_change(people.actor(by), before, role, own=own)
    if reason:
        raise PortalError("members:refused", person=person.name or person.username, reason=reason)


def _memberships(regions: Sequence[Allocation], person: Person) -> list[Membership]:
    if person.user is None:
        return []
    found = Membership.objects.filter(user=person.user, allocation__in=regions, ended_at=None)
    return list(found.select_related("user", "allocation"))


def _record(allocation: Allocation, by: User, person: Person, before: str, role: str) -> None:
    """Of somebody who is no member yet: the role waits for them."""
    record(
        "membership.role-decided",
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type="user" if person.user else "person",
        target_id=person.user.pk if person.user else "",
        target_name=person.name or person.username,
        before=before,
        after=role,
    )


def _tell(
    allocation: Allocation, regions: Sequence[Allocation], by: User, person: Person, before: str, role: str
) -> None:
    telling.role_changed(
        allocation=allocation,
        by=by,
        user=person.user,
        name=person.name or person.username,
        before=before,
        role=role,
        event=str(uuid7()),
    )
    if person.user is not None:
        allocations.tell(person.user, regions)
    else:
        for one in regions:
            events.publish([f"allocation.{one.pk}"], events.Changed("members:changed", {"slug": one.slug}))
