"""Roles that a source tells and that count: where the operator has set `roles_decide`, in place of claims."""

from collections.abc import Mapping

from django.db.models import Q

from allocations.sources.models import ManagedGrants, MemberRecord
from allocations.sources.names import bare_grant
from allocations.sources.people import login_name
from portal.accounts.models import User
from portal.cloud.config import clouds


def said(user: User, cloud: str) -> Mapping[str, str]:
    """{project's name: role} by ACCESS. Two queries, and none where it only advises.

    Whom its lists show without a role is a manager of what it says that they manage, else a member.
    """
    config = clouds().clouds.get(cloud)
    access = config.portal.sources.access if config else None
    if access is None or not access.roles_decide:
        return {}
    listed = _listed(user, cloud)
    asked = ManagedGrants.objects.filter(user=user, cloud=cloud).exclude(read_at=None).first()
    if asked is None:
        return {name: role for name, role in listed.items() if role}
    managed = {bare_grant(grant): "manager" for grant in asked.grants}
    found = {name: role or managed.get(bare_grant(name), "member") for name, role in listed.items()}
    return {**managed, **found}


def _listed(user: User, cloud: str) -> dict[str, str]:
    them = Q(user=user)
    if user.access_id:
        # At somebody's first sign-in no record knows its person yet.
        them |= Q(user=None, username__iexact=login_name(user))
    rows = MemberRecord.objects.filter(
        them, source="access", allocation__cloud=cloud, state=MemberRecord.State.ACTIVE
    )
    return dict(rows.values_list("allocation__project_name", "role"))
