"""What can be done about the members of an allocation from here, and what a PI has to do elsewhere."""

from dataclasses import dataclass
from re import Pattern

from allocations.models import Allocation
from allocations.sources.names import grant_number
from portal.cloud.config import clouds
from portal.cloud.keys import key
from portal.cloud.schema_sources import Access, Sources


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`source` carries requests out; empty: nobody does, and `needs` says what the PI has to do (at `url`).

    `can_search`: people can be looked up who are not known here yet.
    """

    source: str
    title: str
    can_add: bool
    can_remove: bool
    can_change_role: bool
    can_search: bool
    needs: str
    url: str
    takes: str = ""


def capabilities(allocation: Allocation) -> Capabilities:
    cloud = clouds().clouds.get(allocation.cloud)
    sources = cloud.portal.sources if cloud else Sources()
    access = access_of(allocation)
    if access is not None and key(access.keys.usermanagement):
        search = bool(key(access.keys.userinfo))
        takes = f"It can take {access.pending_hours:g} hours until {access.title} has passed a change on."
        return Capabilities(
            "access",
            access.title,
            True,
            True,
            False,
            search,
            _roles_elsewhere(access),
            sources.manage_url,
            takes,
        )
    if sources.keystone is not None and sources.keystone.change:
        title = cloud.title if cloud else allocation.cloud
        return Capabilities("keystone", title, True, True, True, False, "", sources.manage_url)
    return Capabilities("", "", False, False, False, False, _by_hand(sources), sources.manage_url)


def name_pattern() -> Pattern[str] | None:
    """What the identity provider's ids look like: the name alone is what sources know."""
    oidc = clouds().oidc
    return oidc.access_id_pattern if oidc else None


def grant_of(allocation: Allocation) -> str:
    """The number under which the allocation is known outside; empty where its project is no grant."""
    cloud = clouds().clouds.get(allocation.cloud)
    return grant_number(allocation.project_name, cloud.portal.sources.grants) if cloud else ""


def access_of(allocation: Allocation) -> Access | None:
    """ACCESS as configured for this allocation; None where its project is no grant."""
    cloud = clouds().clouds.get(allocation.cloud)
    if cloud is None or cloud.portal.sources.access is None:
        return None
    return cloud.portal.sources.access if grant_of(allocation) else None


def _roles_elsewhere(access: Access) -> str:
    return f"Roles at {access.title} are changed there; a role given here holds in this portal only."


def _by_hand(sources: Sources) -> str:
    if sources.manage_text:
        return sources.manage_text
    return (
        "This portal cannot add or remove people here: the PI asks the operators of the cloud, who give them a role in "
        "the project."
    )
