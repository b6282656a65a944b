"""The instructor leaves the allocation: their workshops go on, in the hands of those who manage it."""

from collections.abc import Collection

from allocations.keepers import managers
from instances.workshops import live, trail
from instances.workshops.clock import telling
from instances.workshops.models import Workshop
from portal.accounts.models import User

State = Workshop.State
_OVER = (State.REMOVED, State.CANCELLED)


def membership_ended(user: User, allocation_ids: Collection[int]) -> None:
    """In the transaction that ends it. Times, seats and machines stay as they are."""
    held = Workshop.objects.filter(allocation__in=allocation_ids, owner=user).exclude(state__in=_OVER)
    for workshop in held.select_for_update(of=("self",)).select_related("allocation"):
        workshop.owner = None
        workshop.save(update_fields=["owner"])
        trail.record("workshop.left", workshop, by=None, before=str(user), after="those who manage")
        telling.left_without_owner(workshop, user, managers(workshop.allocation_id))
        live.workshop_changed(workshop)
