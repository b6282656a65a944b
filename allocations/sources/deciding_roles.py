"""Roles that a source tells and that count: where the operator has set `roles_decide`, in place of claims."""

from collections.abc import Mapping

from django.db.models import Q

from allocations.sources.models import MemberRecord
from allocations.sources.people import login_name
from portal.accounts.models import User
from portal.cloud.config import clouds


def said(user: User, cloud: str) -> Mapping[str, str]:
    """{project's name: role} by ACCESS, of people whom it lists as active. One query, and none where it only advises."""
    config = clouds().clouds.get(cloud)
    access = config.portal.sources.access if config else None
    if access is None or not access.roles_decide:
        return {}
    them = Q(user=user)
    if user.access_id:
        # At somebody's first sign-in no record knows its person yet.
        them |= Q(user=None, username__iexact=login_name(user))
    rows = MemberRecord.objects.filter(
        them, source="access", allocation__cloud=cloud, state=MemberRecord.State.ACTIVE
    ).exclude(role="")
    return dict(rows.values_list("allocation__project_name", "role"))
