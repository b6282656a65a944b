"""The only door to an allocation: fetching it is checking the right to it."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, FilteredRelation, Q, QuerySet

from allocations.models import Allocation
from allocations.roles import WEAKEST, Need, allows
from portal.accounts.models import User
from portal.core.errors import PortalError

Person = User | AnonymousUser


def allocations_of(user: Person) -> QuerySet[Allocation]:
    """The allocations that the person is a member of, each with its `viewer_role`."""
    if not isinstance(user, User):
        return Allocation.objects.none()
    return _with_role(user).exclude(role_of_viewer=None)


def allocation_for(user: Person, slug: str, need: Need) -> Allocation:
    """The allocation, with its `viewer_role`. A stranger gets `allocations:unknown`, as if it did not exist.

    Operators see every allocation, and have no other right where they are not members.
    """
    found = _visible(user, Q(slug=slug), "allocations:unknown")
    require(found, need)
    return found


def allocation_by_id(user: Person, pk: int, need: Need) -> Allocation:
    """As `allocation_for`, for callers that hold something of the allocation rather than its slug."""
    found = _visible(user, Q(pk=pk))
    require(found, need)
    return found


def require(allocation: Allocation, need: Need) -> None:
    """Refuse what the viewer of this allocation may not do."""
    if not allows(allocation.viewer_role, need):
        raise PortalError("portal:forbidden", need=str(need))


def sees_all_spending(user: Person, allocation: Allocation) -> bool:
    """Whether the person sees what each member spent; one's own spending everybody sees. No query.

    Of an allocation that came through its door. Who manages it always does, members as the PI has chosen.
    """
    if isinstance(user, User) and (user.is_operator or allows(allocation.viewer_role, Need.MANAGE)):
        return True
    return allocation.spending_shown and allows(allocation.viewer_role, Need.SEE)


def require_operator(user: Person) -> User:
    """The door to pages about all allocations."""
    if not isinstance(user, User):
        raise PortalError("portal:sign-in")
    if not user.is_operator:
        raise PortalError("allocations:operators-only")
    return user


def _visible(user: Person, which: Q, unknown: str = "portal:not-found") -> Allocation:
    if not isinstance(user, User):
        raise PortalError("portal:sign-in")
    found: Allocation | None = _with_role(user).filter(which).first()
    if found is None or not (found.viewer_role or user.is_operator):
        raise PortalError(unknown)
    if not found.viewer_role:
        setattr(found, "role_of_viewer", WEAKEST)  # noqa: B010  (an annotation, no field of the model)
    return found


def _with_role(user: User) -> QuerySet[Any]:
    live = Q(memberships__user=user, memberships__ended_at=None)
    return Allocation.objects.annotate(
        membership=FilteredRelation("memberships", condition=live), role_of_viewer=F("membership__role")
    )
