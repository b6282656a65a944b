"""Role assignments at Keystone, for clouds that nobody else keeps a list of members for. Read as a member."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from allocations.roles import WEAKEST, strongest
from allocations.sources.interface import Project, Reading, Seen, Source
from portal.accounts import credentials
from portal.cloud import assignments
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.connection import Cloud, connect
from portal.cloud.schema_sources import KeystoneMembers
from portal.cloud.types_people import Assignment
from portal.core import deadline
from portal.core.errors import PortalError

_T = TypeVar("_T")
# What one member may not see, another (a manager) may: so many are tried.
_TRIED = 4


def _config(cloud: CloudConfig) -> KeystoneMembers:
    found = cloud.portal.sources.keystone
    assert found is not None
    return found


def read(project: Project, validator: str) -> Reading:
    config = clouds().cloud(project.cloud)
    held = _as_any_member(project, assignments.of_project)
    found = people(held, clouds().roles)
    if not found:
        raise PortalError("sources:no-members", outcome="retry", source=config.title)
    return Reading(members=found)


def _as_any_member(project: Project, ask: Callable[[Cloud], _T]) -> _T:
    """With the first credential that is allowed to: those whose roles are more than a member's are tried first."""
    usable = list(credentials.usable_of_project(project.cloud, project.project_id)[:50])
    problem = PortalError("allocations:nobody-connected", outcome="auth")
    for credential in sorted(usable, key=lambda one: -len(one.roles))[:_TRIED]:
        try:
            login = credentials.login_for(credential.user, project.cloud, project.project_id)
            region = clouds().cloud(project.cloud).regions[0]
            return ask(connect(login, region=region, deadline=deadline.current()))
        except PortalError as error:
            if error.id == "cloud:forbidden":
                title = clouds().cloud(project.cloud).title
                problem = PortalError("sources:assignments-hidden", source=title)
            elif error.outcome == "auth":
                credentials.refuse(credential.user, project.cloud, project.project_id)
            else:
                raise
    raise problem


def people(held: Sequence[Assignment], role_names: Mapping[str, str]) -> list[Seen]:
    """Each user once, with the strongest of their roles in our words."""
    roles: dict[str, list[Assignment]] = defaultdict(list)
    for one in held:
        roles[one.user_id].append(one)
    return [
        Seen(
            username=rows[0].user_name or user_id,
            role=strongest(role_names.get(row.role, "") for row in rows) or WEAKEST,
            state="active",
            said=", ".join(sorted(row.role for row in rows))[:64],
            external_id=user_id,
        )
        for user_id, rows in roles.items()
    ]


SOURCE = Source(
    name="keystone",
    title=lambda cloud: cloud.title,
    applies=lambda cloud, grant: cloud.portal.sources.keystone is not None,
    every=lambda cloud: timedelta(minutes=_config(cloud).minutes),
    read=read,
)
