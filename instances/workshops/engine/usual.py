"""How long it usually takes until a machine is ready: measured on the like of it, lately."""

from datetime import timedelta
from statistics import median

from django.db.models import Q
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance
from portal.cloud.config import clouds
from portal.operations.models import Operation

_LATELY = timedelta(days=30)
_MANY = 60
# Fewer say nothing.
_ENOUGH = 3
# What took longer was waited for, or not looked at: it says nothing of builds.
_LONGEST = timedelta(hours=3)


def usual_build_seconds(allocation: Allocation, image_id: str, flavor_name: str) -> float:
    """From the request until it is set up: of this image and size, else of this size. One query."""
    since = timezone.now() - _LATELY
    like = Q(image_id=image_id) | Q(flavor_name=flavor_name)
    found = list(
        Instance.objects.filter(
            like,
            allocation__cloud=allocation.cloud,
            allocation__region=allocation.region,
            created_at__gt=since,
            ready_at__isnull=False,
        )
        .order_by("-created_at")
        .values_list("image_id", "flavor_name", "created_at", "ready_at")[:_MANY]
    )
    times = [
        (image == image_id and flavor == flavor_name, flavor == flavor_name, (ready - made).total_seconds())
        for image, flavor, made, ready in found
        if ready is not None and made < ready < made + _LONGEST
    ]
    for rank in (0, 1):
        alike = [one[2] for one in times if one[rank]]
        if len(alike) >= _ENOUGH:
            return median(alike)
    return clouds().cloud(allocation.cloud).portal.workshops.usual_build_seconds


def usual_return_seconds(allocation: Allocation) -> float:
    """From the request until a shelved machine runs again, in this project. One query."""
    found = Operation.objects.filter(
        kind="instance.unshelve",
        state=Operation.State.DONE,
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        created_at__gt=timezone.now() - _LATELY,
    ).order_by("-created_at")
    times = [
        (ended - asked).total_seconds()
        for asked, ended in found.values_list("created_at", "finished_at")[:_MANY]
        if ended is not None
    ]
    if len(times) >= _ENOUGH:
        return median(times)
    return clouds().cloud(allocation.cloud).portal.workshops.usual_return_seconds
