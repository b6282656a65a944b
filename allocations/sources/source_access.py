"""ACCESS's keyed APIs: who is in a project, in which role, and how it stands with them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

from allocations.sources.interface import Project, Reading, Seen, Source
from allocations.sources.states import state_of, together
from portal.cloud import access_members
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.keys import key
from portal.cloud.schema_sources import Access
from portal.cloud.types_people import AccessMember
from portal.core.errors import PortalError


def _config(cloud: CloudConfig) -> Access:
    found = cloud.portal.sources.access
    assert found is not None
    return found


def applies(cloud: CloudConfig, grant: str) -> bool:
    access = cloud.portal.sources.access
    return access is not None and bool(grant) and bool(key(access.keys.usermanagement))


def read(project: Project, validator: str) -> Reading:
    access = _config(clouds().cloud(project.cloud))
    try:
        listed = access_members.members(project.cloud, access, project.grant)
    except PortalError as error:
        raise told(error, access, project.grant) from error
    found = people(listed, access.roles)
    if not found:
        raise PortalError("sources:no-members", outcome="retry", source=access.title)
    pending = any(one.state == "pending" for one in found)
    return Reading(members=found, again=timedelta(minutes=access.pending_minutes) if pending else None)


def told(error: PortalError, access: Access, grant: str) -> PortalError:
    """`outside:unknown` of a project is a grant that nobody knows there."""
    if error.id != "outside:unknown":
        return error
    return PortalError("sources:unknown-grant", detail=error.detail, source=access.title, grant=grant)


def people(listed: Sequence[AccessMember], roles: Mapping[str, str]) -> list[Seen]:
    """Each person once, whatever the number of resources they are listed for."""
    rows: dict[str, list[AccessMember]] = defaultdict(list)
    for one in listed:
        rows[one.username.casefold()].append(one)
    return [_person(of_one, roles) for of_one in rows.values()]


def _person(rows: Sequence[AccessMember], roles: Mapping[str, str]) -> Seen:
    first = rows[0]
    state = together(state_of(one.state) for one in rows)
    word = next((one.role for one in rows if one.role), "")
    counting = [one for one in rows if state_of(one.state) == state]
    return Seen(
        username=first.username,
        role=roles.get(word.casefold(), "member") if word else "",
        state=state,
        said=counting[0].state,
        name=first.name,
        email=first.email,
        organization=first.organization,
        resources=tuple(dict.fromkeys(one.resource for one in counting if one.resource)),
    )


SOURCE = Source(
    name="access",
    title=lambda cloud: _config(cloud).title,
    applies=applies,
    every=lambda cloud: timedelta(minutes=_config(cloud).members_minutes),
    read=read,
    url=lambda cloud: cloud.portal.sources.manage_url,
)
