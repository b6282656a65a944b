"""Whom something about a machine concerns."""

from allocations.keepers import managers
from allocations.models import Membership
from instances.models import Instance
from portal.accounts.models import User


def concerned(instance: Instance) -> list[User]:
    """Its owner, as long as they are a member; else who manages the allocation."""
    if instance.owner_id is not None:
        live = Membership.objects.filter(allocation=instance.allocation_id, ended_at=None)
        owner = live.filter(user=instance.owner_id).select_related("user").first()
        if owner is not None:
            return [owner.user]
    return managers(instance.allocation_id)
