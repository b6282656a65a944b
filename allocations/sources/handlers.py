"""Hooks into the layers below, registered at start."""

from collections.abc import Sequence

from allocations.hooks_sources import deciding_roles, on_accounting
from allocations.sources import deciding_roles as deciding
from allocations.sources import managing, matching, syncing, told_accounting
from allocations.sources import telling as telling  # registers the kind of notice
from portal.accounts.hooks import GrantedProject, on_projects
from portal.accounts.models import User
from portal.accounts.oidc import GroupClaim


@on_projects
def projects_known(
    user: User,
    cloud: str,
    projects: Sequence[GrantedProject],
    claims: Sequence[GroupClaim],
    *,
    complete: bool,
) -> None:
    """Somebody signed in: records that speak of them know it, and what was asked for them may have come true."""
    matching.link(user, cloud)
    matching.arrived(user, cloud)
    managing.expect(user, cloud)
    syncing.expect(cloud, [found.project.id for found in projects])


on_accounting(told_accounting.told)
deciding_roles(deciding.said)
