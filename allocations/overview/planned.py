"""A plan against a cloud's configuration and, where it is made within an allocation, against what that has left."""

from allocations.models import Allocation
from allocations.overview.asked import Asked
from allocations.overview.planning import Plan, plan
from allocations.overview.standing import standing
from portal.cloud.config import CloudConfig, clouds
from portal.core.errors import PortalError


def cloud_named(name: str) -> CloudConfig:
    """The first of the configuration where none is named."""
    known = clouds().clouds
    found = known.get(name) if name else next(iter(known.values()))
    if found is None:
        raise PortalError("portal:not-found")
    return found


def machine_word(cloud: str) -> str:
    """What the operator calls a machine."""
    configured = clouds()
    return configured.words(cloud if cloud in configured.clouds else None).get("server", "instance")


def worked_out(wanted: Asked, cloud: CloudConfig, allocation: Allocation | None) -> Plan | None:
    """None while nothing is planned. Within an allocation: what is left of it and its quota beside the plan."""
    if not wanted.lines and not wanted.storage_gb:
        return None
    found = standing(allocation) if allocation else None
    return plan(
        wanted.lines,
        begins=wanted.begins,
        spare_percent=wanted.spare,
        storage_gb=wanted.storage_gb,
        rates=cloud.portal,
        remaining={one.key: one.spending.remaining for one in found.resources} if found else None,
        quota=allocation.quota if allocation else None,
    )
