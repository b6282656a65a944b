"""Allocations as notices know them: a name, a title, and whether the person may have all of it told elsewhere."""

from allocations.access import allocations_of
from allocations.models import Allocation
from allocations.roles import Need, allows
from portal.accounts.models import User
from portal.notices.hooks import Scope, scopes


def scope_of(allocation: Allocation) -> str:
    """What audit events and notices about this allocation are filed under."""
    return f"allocation.{allocation.pk}"


@scopes
def scopes_of(user: User) -> list[Scope]:
    return [
        Scope(
            name=scope_of(one),
            title=f"{one.project_name} ({one.region})",
            manages=allows(one.viewer_role, Need.MANAGE),
            cloud=one.cloud,
            region=one.region,
        )
        for one in allocations_of(user).order_by("project_name")
    ]
