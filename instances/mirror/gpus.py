"""How many GPUs are free, where the cloud lets the project's members ask Placement."""

from django.utils import timezone

from allocations.models import Allocation
from allocations.offers import note
from portal.cloud import placement
from portal.cloud.connection import Cloud
from portal.cloud.types import Offer
from portal.core.errors import PortalError


def read(allocation: Allocation, cloud: Cloud) -> bool:
    """True when a figure is different now. What cannot be read now stays, and is not shown once it is old."""
    classes = [found.resource_class for found in cloud.config.portal.custom_resources]
    if not classes:
        return False
    try:
        found = placement.gpu_availability(cloud, classes)
    except PortalError as error:
        if error.outcome == "auth":
            raise
        return False
    note(allocation, [Offer(service="placement", state="forbidden" if found is None else "there")])
    free = {one.resource_class: {"total": one.total, "used": one.used} for one in found or ()}
    rows = Allocation.objects.filter(pk=allocation.pk)
    rows.update(gpus=free, gpus_read_at=timezone.now())
    changed: bool = free != allocation.gpus
    allocation.gpus = free
    return changed
