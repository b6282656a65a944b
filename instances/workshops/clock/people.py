"""Who is told what concerns the running of a workshop."""

from allocations.keepers import managers
from allocations.models import Membership
from allocations.roles import Need, having
from instances.workshops.models import Helper, Workshop
from portal.accounts.models import User


def owner_of(workshop: Workshop) -> User | None:
    """Whose it is, as long as they may use the allocation."""
    live = Membership.objects.filter(
        allocation=workshop.allocation_id, user=workshop.owner_id, ended_at=None, role__in=having(Need.ACT)
    ).select_related("user")
    found = live.first() if workshop.owner_id else None
    return found.user if found else None


def planners(workshop: Workshop) -> list[User]:
    """Its owner; when they left, those who manage the allocation."""
    owner = owner_of(workshop)
    return [owner] if owner else managers(workshop.allocation_id)


def runners(workshop: Workshop) -> list[User]:
    """They, and everybody who helps at it, each once. Three queries."""
    helpers = Helper.objects.filter(workshop=workshop).exclude(user=None).select_related("user")
    found = {one.pk: one for one in planners(workshop)}
    found |= {one.user.pk: one.user for one in helpers if one.user is not None}
    return list(found.values())
