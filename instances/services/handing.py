"""Machines change hands: from now on another member's, with all that follows from it."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from allocations.access import allocation_by_id
from allocations.models import Membership
from allocations.roles import Need, having
from instances import live, meter, trail
from instances.access import may
from instances.models import Instance, Teammate
from portal.accounts.models import User
from portal.core import bulk, events
from portal.core.errors import PortalError
from portal.notices import services as notices

HANDED = "machine.handed"
_USING = having(Need.ACT)


@transaction.atomic
def hand_over(*, by: User, machines: Collection[UUID], to: User) -> dict[UUID, PortalError]:
    """The machines are `to`'s at once; what each had cost stays with who had it. What stood in the way, by machine.

    `to` has to be a member of the allocation who may use machines; `by` its owner, or somebody who acts on others'.
    """
    rows = list(
        Instance.objects.select_for_update(of=("self",))
        .select_related("owner", "allocation")
        .filter(pk__in=list(machines))
        .order_by("pk")
    )
    places = {pk: allocation_by_id(by, pk, Need.SEE) for pk in {row.allocation_id for row in rows}}
    welcome = _welcome(to, places)
    problems: dict[UUID, PortalError] = {pk: _gone() for pk in set(machines) - {row.pk for row in rows}}
    handed = []
    for row in rows:
        row.allocation = places[row.allocation_id]
        problem = _problem(by, row, to, welcome)
        if problem is not None:
            problems[row.pk] = problem
        elif row.owner_id != to.pk:
            handed.append(row)
    _hand(by, handed, to)
    return problems


def _welcome(to: User, places: Collection[int]) -> set[int]:
    """The allocations in which that person may use machines."""
    members = Membership.objects.filter(user=to, allocation__in=places, ended_at=None, role__in=_USING)
    return set(members.values_list("allocation_id", flat=True))


def _problem(by: User, row: Instance, to: User, welcome: Collection[int]) -> PortalError | None:
    if row.deleted_at is not None:
        return _gone()
    if not may(by, row, Need.ACT):
        return PortalError("portal:forbidden", need=str(Need.ACT_ON_OTHERS))
    if row.allocation_id not in welcome:
        return PortalError("instances:no-such-heir", name=row.name, person=str(to))
    return None


def _gone() -> PortalError:
    return PortalError("portal:not-found")


def _hand(by: User, rows: list[Instance], to: User) -> None:
    if not rows:
        return
    before = {row.pk: row.owner for row in rows}
    named = {row.pk: str(row.owner or row.creator_name or "nobody") for row in rows}
    meter.charge_now([row.pk for row in rows])
    for row in rows:
        row.owner = to
        row.version += 1
    bulk.update(rows, ["owner", "version"])
    Teammate.objects.filter(instance__in=[row.pk for row in rows], user=to).delete()
    for row in rows:
        trail.record("instance.hand-over", row, by=by, before=named[row.pk], after=str(to))
    _tell(by, rows, to, {owner.pk: owner for owner in before.values() if owner is not None})
    live.push_on_commit([row.pk for row in rows])


def _tell(by: User, rows: list[Instance], to: User, before: Mapping[int, User]) -> None:
    names = ", ".join(row.name for row in rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
    event = f"{rows[0].pk}:{rows[0].version}:{len(rows)}"
    place = rows[0].allocation
    notices.tell(
        HANDED,
        to=[to] if to.pk != by.pk else [],
        key=f"handed-to:{event}",
        title=f"Yours now: {names}",
        text=f"{by} handed you {names} in {place}. What it costs counts as yours from now on.",
        url=reverse("instances:list", args=[place.slug]),
        scope=f"allocation.{place.pk}",
    )
    notices.tell(
        HANDED,
        to=[owner for owner in before.values() if owner.pk not in (by.pk, to.pk)],
        key=f"handed-from:{event}",
        title=f"{to} has taken over {names}",
        text=f"{by} handed {names} in {place} to {to}. You cannot act on it as its owner any more.",
    )
    for person in {to.pk, *before}:
        events.publish([f"user.{person}"], events.AccessChanged())
