"""Setting budgets: whoever manages the allocation does, and each change is written down with before and after."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from allocations.access import allocation_by_id
from allocations.budgets import hooks
from allocations.budgets.models import Budget, Group, Step, Subject, subject_key
from allocations.models import Allocation, Membership
from allocations.roles import Need
from portal.accounts.models import User
from portal.core import audit, events
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Everything about a budget but whom it is set on."""

    su: Decimal
    resource: str = ""
    period: str = Budget.Period.MONTH
    valid_from: date | None = None
    valid_to: date | None = None
    hard: bool = True
    at_80: str = Step.TELL
    at_90: str = Step.TELL
    at_100: str = Step.TELL
    grace_minutes: int = 60
    tell_managers: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whom or what a budget is set on: a person, a group, a machine, or with none of these each member without one."""

    user: User | None = None
    group: Group | None = None
    machine_id: str = ""

    @property
    def subject(self) -> Subject:
        if self.user is not None:
            return Subject.MEMBER
        if self.group is not None:
            return Subject.GROUP
        return Subject.MACHINE if self.machine_id else Subject.DEFAULT


_TERMS = [field.name for field in fields(Terms)]


@transaction.atomic
def create(*, allocation: Allocation, by: User, place: Place, terms: Terms) -> Budget:
    """PortalError `budgets:taken` where the place has one of that resource and period already."""
    allocation = managed(allocation, by)
    name = _settled(allocation, place)
    _check(terms)
    budget = Budget(
        allocation=allocation,
        subject=place.subject,
        subject_key=key_of(place),
        user=place.user,
        group=place.group,
        machine_id=place.machine_id,
        machine_name=name,
        **_values(terms),
    )
    _save(budget)
    _record("budget.create", budget, by, before=None)
    return budget


@transaction.atomic
def change(*, budget: Budget, by: User, terms: Terms) -> Budget:
    """What was blocked under the terms of before is free as soon as those of now let it."""
    budget = _mine(budget.pk, by)
    _check(terms)
    before = shown(budget)
    for name, value in _values(terms).items():
        setattr(budget, name, value)
    if shown(budget) != before:
        _save(budget)
        _record("budget.change", budget, by, before=before)
    return budget


@transaction.atomic
def delete(*, budget: Budget, by: User) -> None:
    budget = _mine(budget.pk, by)
    _record("budget.delete", budget, by, before=shown(budget), gone=True)
    budget.delete()


@transaction.atomic
def set_for_many(*, allocation: Allocation, by: User, people: Sequence[User], terms: Terms) -> list[Budget]:
    """The same budget for each of these people; who has one of that resource and period gets the new terms."""
    allocation = managed(allocation, by)
    _check(terms)
    held = {
        budget.user_id: budget
        for budget in Budget.objects.select_for_update(of=("self",))
        .filter(allocation=allocation, subject=Subject.MEMBER, resource=terms.resource, period=terms.period)
        .filter(valid_from=terms.valid_from, valid_to=terms.valid_to, user__in=people)
        .select_related("user", "group", "allocation")
    }
    found = []
    for person in people:
        if person.pk in held:
            found.append(change(budget=held[person.pk], by=by, terms=terms))
        else:
            found.append(create(allocation=allocation, by=by, place=Place(user=person), terms=terms))
    return found


def managed(allocation: Allocation, by: User) -> Allocation:
    """The allocation, for one who may set budgets in it."""
    return allocation_by_id(by, allocation.pk, Need.MANAGE)


def budget_for(by: User, allocation: Allocation, pk: UUID) -> Budget:
    """The budget, for one who may change it; the allocation comes from its own door."""
    managed(allocation, by)
    found: Budget | None = _rows().filter(allocation=allocation, pk=pk).first()
    if found is None:
        raise PortalError("portal:not-found")
    return found


def key_of(place: Place) -> str:
    user_id = place.user.pk if place.user else None
    group_id = place.group.pk if place.group else None
    return subject_key(place.subject, user_id=user_id, group_id=group_id, machine_id=place.machine_id)


def shown(budget: Budget) -> dict[str, Any]:
    """The terms, as the record keeps them."""
    return {name: _plain(getattr(budget, name)) for name in _TERMS}


def member_or_refuse(allocation: Allocation, user: User) -> None:
    if not Membership.objects.filter(allocation=allocation, user=user, ended_at=None).exists():
        raise PortalError("budgets:nobody", name=str(user))


def told_on_commit(allocation: Allocation) -> None:
    """Open pages of it fetch again what they show of budgets."""
    events.publish(
        [f"allocation.{allocation.pk}"], events.Changed("budgets:changed", {"slug": allocation.slug})
    )


def _rows() -> Any:
    return Budget.objects.select_related("user", "group", "allocation")


def _mine(pk: UUID, by: User) -> Budget:
    found: Budget | None = _rows().select_for_update(of=("self",)).filter(pk=pk).first()
    if found is None:
        raise PortalError("portal:not-found")
    managed(found.allocation, by)
    return found


def _settled(allocation: Allocation, place: Place) -> str:
    """The machine's name; refused where what it is set on is not of this allocation."""
    if place.user is not None:
        member_or_refuse(allocation, place.user)
    if place.group is not None and place.group.allocation_id != allocation.pk:
        raise PortalError("portal:not-found")
    if not place.machine_id:
        return ""
    found = {held.id: held.name for held in hooks.machines([allocation.pk])}
    if place.machine_id not in found:
        raise PortalError("budgets:no-machine", machine=place.machine_id[:64])
    return found[place.machine_id]


def _check(terms: Terms) -> None:
    if terms.su < 0:
        raise PortalError("budgets:bad-value", reason="A budget is 0 SU or more.")
    if terms.valid_from and terms.valid_to and terms.valid_to < terms.valid_from:
        raise PortalError("budgets:bad-value", reason="Its last day lies before its first.")
    if terms.grace_minutes < 5 and Step.SHELVE in (terms.at_80, terms.at_90, terms.at_100):
        raise PortalError(
            "budgets:bad-value", reason="People need at least 5 minutes between the warning and the shelving."
        )


def _save(budget: Budget) -> None:
    try:
        with transaction.atomic():
            budget.save()
    except IntegrityError:
        raise PortalError("budgets:taken", name=budget.name) from None


def _record(
    action: str, budget: Budget, by: User, *, before: dict[str, Any] | None, gone: bool = False
) -> None:
    audit.record(
        action,
        by=by,
        scope=f"allocation.{budget.allocation_id}",
        target_type="budget",
        # By which `history` finds those concerned.
        target_id=budget.subject_key[:64],
        target_name=budget.name,
        before=before or {},
        after={} if gone else shown(budget),
    )
    told_on_commit(budget.allocation)


def _values(terms: Terms) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in _TERMS}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else value
