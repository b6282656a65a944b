"""The only door to machines: fetching one is checking the right to it."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from allocations.access import Person, allocation_by_id, require
from allocations.models import Allocation
from allocations.roles import Need, allows
from instances import hooks_seats
from instances.models import Instance, Teammate
from portal.accounts.models import User
from portal.core.errors import PortalError


def instance_for(user: Person, id: UUID | str, need: Need) -> Instance:
    """The machine with its allocation (and the viewer's role in it) and owner; strangers get not-found.

    `Need.ACT` on somebody else's machine asks for `Need.ACT_ON_OTHERS`. Deleted machines are still found.
    """
    if not isinstance(user, User):
        # Before anything else, so that nobody learns without signing in which machines there are.
        raise PortalError("portal:sign-in")
    found = Instance.objects.select_related("owner").filter(pk=uuid_of(id)).first()
    if found is None:
        raise PortalError("portal:not-found")
    found.allocation = allocation_by_id(user, found.allocation_id, Need.SEE)
    require(found.allocation, _effective(user, found, need))
    return found


def instances_of(user: Person, allocation: Allocation) -> QuerySet[Instance]:
    """The allocation's machines that are there, whoever made them. `allocation` comes from its own door."""
    return Instance.objects.filter(allocation=allocation, deleted_at=None).select_related(
        "owner", "allocation"
    )


def may(user: Person, instance: Instance, need: Need) -> bool:
    """The same rule for a machine of an allocation that was fetched through its door. No query."""
    return allows(instance.allocation.viewer_role or "", _effective(user, instance, need))


def connectable(user: Person, id: UUID | str) -> Instance:
    """The machine, for one who may log in to it: who may act on it, and those whom its owner lets in."""
    found = instance_for(user, id, Need.SEE)
    if not may_connect(user, found):
        raise PortalError("portal:forbidden", need="connect to this machine")
    return found


def may_connect(user: Person, instance: Instance) -> bool:
    """Whether `connectable` would give it; for a machine that came through a door. One query at most."""
    return bool(connectable_ids(user, [instance]))


def attendable(user: Person, id: UUID | str) -> Instance:
    """The machine, for one who may have a shell, a desktop, files or a port of it in the portal.

    Who is `connectable` is; besides them the learner whose seat it is and a workshop's helpers (`instances.hooks_seats`),
    who have no role in its allocation: `found.place` says what they are, and nothing else of the machine is theirs.
    """
    try:
        return connectable(user, id)
    except PortalError as refusal:
        if not isinstance(user, User) or refusal.id not in ("portal:not-found", "portal:forbidden"):
            raise
        pk = uuid_of(id)
        place = hooks_seats.places(user, [pk]).get(pk)
        if place is None:
            raise
    found = Instance.objects.select_related("owner", "allocation").get(pk=pk)
    found.place = place
    return found


def may_look_on(user: Person, instance: Instance) -> bool:
    """Whether the person helps those who are on this machine. For one that came through `attendable`. No query."""
    if instance.place is not None:
        return instance.place.role == "helper"
    return may(user, instance, Need.ACT)


def connectable_ids(user: Person, instances: Iterable[Instance]) -> set[UUID]:
    """Those of the machines that the person may log in to. One query at most, for any number."""
    asked = list(instances)
    by_right = {one.pk for one in asked if may(user, one, Need.ACT)}
    # Who was let in keeps it only while the allocation lets them use machines at all.
    others = [one.pk for one in asked if one.pk not in by_right and _may_use(one)]
    if others and isinstance(user, User):
        by_right |= set(
            Teammate.objects.filter(instance__in=others, user=user).values_list("instance_id", flat=True)
        )
    return by_right


def _may_use(instance: Instance) -> bool:
    return allows(instance.allocation.viewer_role or "", Need.ACT)


def _effective(user: Person, instance: Instance, need: Need) -> Need:
    return Need.ACT_ON_OTHERS if need is Need.ACT and instance.owner_id != user.pk else need


def uuid_of(value: UUID | str) -> UUID:
    """What is no id of anything is the id of nothing: not-found."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except ValueError:
        raise PortalError("portal:not-found") from None


def governed(user: Person, id: UUID | str) -> Instance:
    """The machine, for one who decides how long it runs: its owner, and who manages the allocation."""
    found = instance_for(user, id, Need.SEE)
    if not may_govern(user, found):
        raise PortalError("portal:forbidden", need="decide on this machine's policies")
    return found


def may_govern(user: Person, instance: Instance) -> bool:
    """Whether `governed` would give it; for a machine that came through a door. No query."""
    role = instance.allocation.viewer_role or ""
    own = instance.owner_id is not None and instance.owner_id == user.pk
    return allows(role, Need.MANAGE) or (own and allows(role, Need.ACT))
