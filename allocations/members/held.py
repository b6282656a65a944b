"""Credentials that people have for a project: what ends when they go."""

from collections.abc import Collection

from django.db.models import Q

from allocations.hooks_people import LeftBehind
from allocations.models import Allocation
from portal.accounts.models import CloudCredential, ToolCredential, User


def credentials_left(allocation_ids: Collection[int], user: User) -> list[LeftBehind]:
    """What acts for them at the cloud, of the portal and of their own tools. Three queries."""
    places = Q()
    for cloud, project in Allocation.objects.filter(pk__in=allocation_ids).values_list("cloud", "project_id"):
        places |= Q(cloud=cloud, project_id=project)
    if not places:
        return []
    ours = CloudCredential.objects.filter(places, user=user, revoked_at=None)
    tools = ToolCredential.objects.filter(places, user=user, revoked_at=None)
    ends = "It is revoked at once, and deleted at the cloud by a worker."
    return [
        *(LeftBehind("credential", str(row.pk), "what the portal acts with", ends) for row in ours),
        *(LeftBehind("credential", f"tool-{row.pk}", f"for tools: {row.name}", ends) for row in tools),
    ]
