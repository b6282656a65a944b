"""Groups of members, and the limits on what machines people may have."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.db import IntegrityError, transaction

from allocations.budgets.models import Group, GroupMember, Limits, Subject, subject_key
from allocations.budgets.services import Place, key_of, managed, member_or_refuse, told_on_commit
from allocations.models import Allocation, Membership
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core import audit
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What limits say; None and empty: no limit."""

    max_vcpus: int | None = None
    max_ram_gb: int | None = None
    flavor_groups: tuple[str, ...] = ()
    max_machines: int | None = None
    max_gpus: int | None = None
    lifetime_hours: int | None = None
    shelve_at_end: bool = False


_BOUNDS = [field.name for field in fields(Bounds)]


@transaction.atomic
def set_limits(*, allocation: Allocation, by: User, place: Place, bounds: Bounds) -> Limits | None:
    """What holds for the place from now on; None where nothing is limited any more."""
    allocation = managed(allocation, by)
    if place.user is not None:
        member_or_refuse(allocation, place.user)
    if place.machine_id or (place.group is not None and place.group.allocation_id != allocation.pk):
        raise PortalError("portal:not-found")
    _check(allocation, bounds)
    key = key_of(place)
    rows = Limits.objects.select_for_update(of=("self",)).filter(allocation=allocation, subject_key=key)
    found = rows.select_related("user", "group").first()
    before = _shown(found) if found else None
    limits = found or Limits(
        allocation=allocation, subject=place.subject, subject_key=key, user=place.user, group=place.group
    )
    for name in _BOUNDS:
        value = getattr(bounds, name)
        setattr(limits, name, list(value) if isinstance(value, tuple) else value)
    after = None if bounds == Bounds() else _shown(limits)
    if after == before:
        return found
    if after is None:
        limits.delete()
    else:
        limits.save()
    _record("limits.set", allocation, by, limits.subject_key, limits.name, before, after)
    return limits if after is not None else None


@transaction.atomic
def save_group(
    *, allocation: Allocation, by: User, name: str, people: Sequence[User], group: Group | None = None
) -> Group:
    """A new group, or a group with this name and these people from now on."""
    allocation = managed(allocation, by)
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80:
        raise PortalError("budgets:bad-value", reason="A group's name has 1 to 80 characters.")
    _require_members(allocation, people)
    before = _group_shown(group) if group else None
    group = _named(allocation, group, name)
    wanted, held = {person.pk for person in people}, _held(group)
    GroupMember.objects.filter(group=group, user__in=held - wanted).delete()
    GroupMember.objects.bulk_create([GroupMember(group=group, user_id=pk) for pk in sorted(wanted - held)])
    after = _group_shown(group)
    if after != before:
        _record("group.save", allocation, by, _key(group), name, before, after)
    return group


@transaction.atomic
def delete_group(*, group: Group, by: User) -> None:
    """With its budgets and limits: its people then have the default, where there is one."""
    allocation = managed(group.allocation, by)
    _record("group.delete", allocation, by, _key(group), group.name, _group_shown(group), None)
    group.delete()


def group_for(by: User, allocation: Allocation, pk: int) -> Group:
    """The group, for one who may change it; the allocation comes from its own door."""
    managed(allocation, by)
    found = Group.objects.select_related("allocation").filter(allocation=allocation, pk=pk).first()
    if found is None:
        raise PortalError("portal:not-found")
    return found


def _check(allocation: Allocation, bounds: Bounds) -> None:
    known = {group.name for group in clouds().cloud(allocation.cloud).portal.flavor_groups}
    if unknown := sorted(set(bounds.flavor_groups) - known):
        raise PortalError("budgets:bad-value", reason=f"The cloud has no group of sizes “{unknown[0][:80]}”.")
    numbers = [getattr(bounds, name) for name in _BOUNDS if name not in ("flavor_groups", "shelve_at_end")]
    if any(number is not None and number < 0 for number in numbers):
        raise PortalError("budgets:bad-value", reason="A limit is 0 or more.")
    if bounds.lifetime_hours == 0:
        raise PortalError("budgets:bad-value", reason="A machine lives for an hour at least.")


def _require_members(allocation: Allocation, people: Sequence[User]) -> None:
    live = Membership.objects.filter(allocation=allocation, ended_at=None, user__in=people)
    known = set(live.values_list("user_id", flat=True))
    for person in people:
        if person.pk not in known:
            raise PortalError("budgets:nobody", name=str(person))


def _named(allocation: Allocation, group: Group | None, name: str) -> Group:
    try:
        with transaction.atomic():
            if group is None:
                return Group.objects.create(allocation=allocation, name=name)
            group.name = name
            group.save(update_fields=["name"])
            return group
    except IntegrityError:
        raise PortalError("budgets:name-taken", name=name) from None


def _key(group: Group) -> str:
    return subject_key(Subject.GROUP, user_id=None, group_id=group.pk)


def _held(group: Group) -> set[int]:
    return set(GroupMember.objects.filter(group=group).values_list("user_id", flat=True))


def _group_shown(group: Group) -> dict[str, Any]:
    seats = GroupMember.objects.filter(group=group).select_related("user")
    return {"name": group.name, "people": sorted(str(seat.user) for seat in seats)}


def _shown(limits: Limits) -> dict[str, Any]:
    return {name: getattr(limits, name) for name in _BOUNDS}


def _record(
    action: str, allocation: Allocation, by: User, set_on: str, name: str, before: object, after: object
) -> None:
    audit.record(
        action,
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type=action.split(".")[0],
        target_id=set_on,
        target_name=name,
        before=before or {},
        after=after or {},
    )
    told_on_commit(allocation)
