"""What the guests' part made at the cloud for a workshop: counted for the proof, and removed."""

from collections.abc import Mapping

from allocations.models import Allocation
from instances import lacking
from instances.steps.seat_data import WORKSHOP_KEY
from instances.workshops.guests import firewall
from instances.workshops.guests.isolation import group_name
from instances.workshops.models import Workshop
from portal.cloud import networks, volumes
from portal.cloud.connection import Cloud
from portal.cloud.types import Volume
from portal.core.errors import PortalError

_FREE = frozenset({"available", "error"})


def remove(cloud: Cloud, workshop: Workshop) -> bool:
    """Once its machines are gone: copies of data that none of them took along, and the group. False: look again."""
    left = _copies(cloud, workshop)
    for volume in left:
        if volume.status in _FREE:
            _delete(cloud, volume)
    return (not _has_groups(workshop.allocation) or firewall.remove(cloud, workshop)) and not left


def left(workshop: Workshop, cloud: Cloud) -> Mapping[str, int]:
    """How many of each are there still."""
    groups = (
        len(networks.find_security_groups(cloud, group_name(workshop.pk)))
        if _has_groups(workshop.allocation)
        else 0
    )
    return {"security_groups": groups, "data_volumes": len(_copies(cloud, workshop))}


def _copies(cloud: Cloud, workshop: Workshop) -> list[Volume]:
    if not lacking.has(workshop.allocation, "volumes"):
        return []
    found = volumes.list_volumes(cloud)
    return [volume for volume in found if volume.metadata.get(WORKSHOP_KEY) == str(workshop.pk)]


def _delete(cloud: Cloud, volume: Volume) -> None:
    try:
        volumes.delete_volume(cloud, volume.id)
    except PortalError as error:
        if error.outcome != "refused":
            raise  # being deleted already, or gone, is what was wanted


def _has_groups(allocation: Allocation) -> bool:
    return lacking.has(allocation, "firewall")
