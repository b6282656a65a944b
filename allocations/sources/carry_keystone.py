"""Requests carried out at Keystone, as the person who asked: the cloud's own policy decides whether they may."""

from collections.abc import Sequence

from allocations.access import allocation_by_id
from allocations.models import Allocation
from allocations.roles import Need
from allocations.sources import deciding, outcomes, syncing
from allocations.sources.models import MemberRecord, MembershipRequest
from allocations.sources.rules import GIVEN_HERE
from portal.accounts import credentials
from portal.cloud import assignments
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.connection import Cloud, connect
from portal.core import deadline
from portal.core.errors import PortalError

_SPARE = 12.0


def carry(allocation: Allocation, rows: Sequence[MembershipRequest]) -> None:
    for row in rows:
        if deadline.remaining() < _SPARE:
            break
        try:
            _carry(allocation, row)
        except PortalError as error:
            outcomes.failed(row, _in_our_words(error, row, clouds().cloud(allocation.cloud)))
        else:
            outcomes.done(row)
    syncing.soon(allocation.cloud, allocation.project_id, "keystone")


def _carry(allocation: Allocation, row: MembershipRequest) -> None:
    """Looks at what there is, and makes the difference: done twice, the second time there is none."""
    config = clouds().cloud(allocation.cloud)
    cloud = _as_the_asker(allocation, row, config)
    held = assignments.of_project(cloud)
    user = _user_id(cloud, row, config)
    mine = {one.role: one.role_id for one in held if one.user_id == user}
    if row.action == MembershipRequest.Action.REMOVE:
        wanted, unwanted = set[str](), set(mine)
    else:
        keystone = config.portal.sources.keystone
        member_role = keystone.member_role if keystone else "member"
        wanted, unwanted = deciding.keystone_roles(
            row.role or "member", dict(clouds().roles), member_role, GIVEN_HERE
        )
    ids = {one.role: one.role_id for one in held}
    outcomes.sending(row)
    for role in sorted(wanted - mine.keys()):
        assignments.assign(cloud, user=user, role=ids.get(role) or assignments.role_id(cloud, role))
    for role in sorted(unwanted & mine.keys()):
        assignments.unassign(cloud, user=user, role=mine[role])


def _as_the_asker(allocation: Allocation, row: MembershipRequest, config: CloudConfig) -> Cloud:
    if row.asked_by is None:
        raise PortalError("sources:no-name-there", source=config.title)
    allocation_by_id(row.asked_by, allocation.pk, Need.MANAGE)
    login = credentials.login_for(row.asked_by, allocation.cloud, allocation.project_id)
    return connect(login, region=allocation.region, deadline=deadline.current())


def _user_id(cloud: Cloud, row: MembershipRequest, config: CloudConfig) -> str:
    known = MemberRecord.objects.filter(
        allocation=row.allocation, source="keystone", username=row.username
    ).first()
    if known is not None and known.external_id:
        return known.external_id
    return assignments.user_id(cloud, row.username, config.portal.sign_in.user_domain)


def _in_our_words(error: PortalError, row: MembershipRequest, config: CloudConfig) -> PortalError:
    if error.id == "cloud:not-found":
        return PortalError(
            "sources:unknown-person", detail=error.detail, source=config.title, username=row.username
        )
    if error.id == "cloud:forbidden":
        needs = config.portal.sources.manage_text
        return PortalError("sources:roles-not-yours", detail=error.detail, source=config.title, needs=needs)
    return error
