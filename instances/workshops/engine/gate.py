"""How many machines of seats a cloud may still be asked for now, by this workshop: counted under a lock, dealt out fairly."""

from collections import Counter
from datetime import timedelta

from django.utils import timezone

from instances.services.portal_launch import URGENCY
from instances.workshops.engine.fair import may_begin
from instances.workshops.engine.models import Gate
from instances.workshops.models import Seat, Workshop
from portal.cloud.config import clouds
from portal.operations.models import Operation

# Whose rounds were not made for so long wants nothing now.
_LOOKED_AT = timedelta(minutes=2)
_WAITS_FOR = (Operation.State.QUEUED, Operation.State.RUNNING, Operation.State.WAITING)


def builds(workshop: Workshop, wanted: int) -> int:
    """How many of `wanted` may begin. Holds the cloud's gate until the transaction ends."""
    cloud, project = workshop.allocation.cloud, workshop.allocation.project_id
    Gate.objects.get_or_create(cloud=cloud)
    Gate.objects.select_for_update().get(cloud=cloud)
    going_on = _building(cloud)
    asked = _wanting(cloud) | {(project, str(workshop.pk)): wanted}
    most = clouds().cloud(cloud).portal.workshops
    here = may_begin(str(workshop.pk), most.builds_per_project, _of(going_on, project), _of(asked, project))
    there = may_begin(str(workshop.pk), most.builds_per_cloud, _of(going_on), _of(asked))
    return min(here, there, wanted)


def power_room(workshop: Workshop) -> int:
    """How many machines may still be switched on or off: a few more at once do no harm, so nobody is locked out."""
    cloud, project = workshop.allocation.cloud, workshop.allocation.project_id
    live = Operation.objects.filter(state__in=_WAITS_FOR, urgency=URGENCY, cloud=cloud)
    projects = Counter(
        live.exclude(kind__in=("instance.launch", "instance.delete")).values_list("project_id", flat=True)
    )
    most = clouds().cloud(cloud).portal.workshops
    free = min(most.power_per_project - projects[project], most.power_per_cloud - projects.total())
    return max(0, free)


def _building(cloud: str) -> dict[tuple[str, str], int]:
    rows = Seat.objects.filter(
        stage=Seat.Stage.BUILDING, instance__isnull=False, workshop__allocation__cloud=cloud
    ).values_list("workshop__allocation__project_id", "workshop_id")
    return {(project, str(pk)): count for (project, pk), count in Counter(rows).items()}


def _wanting(cloud: str) -> dict[tuple[str, str], int]:
    rows = Workshop.objects.filter(
        allocation__cloud=cloud, wants__gt=0, next_at__gt=timezone.now() - _LOOKED_AT
    ).values_list("allocation__project_id", "pk", "wants")
    return {(project, str(pk)): wants for project, pk, wants in rows}


def _of(found: dict[tuple[str, str], int], project: str | None = None) -> dict[str, int]:
    return {pk: count for (one, pk), count in found.items() if project in (None, one)}
