"""Roles here after a source has changed its mind, between two sign-ins: the same rules with what is known."""

from collections import defaultdict

from allocations.models import Membership
from allocations.services import apply_projects
from portal.accounts.hooks import GrantedProject
from portal.accounts.models import CloudCredential, User
from portal.accounts.oidc import group_claims
from portal.cloud.config import clouds
from portal.cloud.types import Project


def reapply(user: User, cloud: str) -> None:
    """Of the projects that the person is in: nobody is let in or put out by this."""
    regions: dict[str, list[str]] = defaultdict(list)
    seats = Membership.objects.filter(user=user, ended_at=None, allocation__cloud=cloud)
    for project_id, region in seats.values_list("allocation__project_id", "allocation__region"):
        regions[project_id].append(region)
    held = CloudCredential.objects.filter(user=user, cloud=cloud, project_id__in=regions, revoked_at=None)
    projects = [
        GrantedProject(
            project=Project(
                id=one.project_id, name=one.project_name, domain_id="", description="", enabled=True
            ),
            # As Keystone told them when the credential was made.
            roles=tuple(one.roles),
            regions=tuple(regions[one.project_id]),
        )
        for one in held
        if one.roles
    ]
    oidc = clouds().oidc
    claims = group_claims(user.claimed_groups, oidc) if oidc else ()
    if projects:
        apply_projects(user, cloud, projects, claims, complete=False)
