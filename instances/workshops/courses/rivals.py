"""The other workshops of a project that are planned or under way: what they will still need of quota and service units."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q

from allocations.rates import resource_of
from instances import catalogue
from instances.models import CatalogueItem
from instances.workshops.clock import costs
from instances.workshops.clock.reading import times_of_all
from instances.workshops.clock.window import Times
from instances.workshops.courses.facts import Other
from instances.workshops.models import Workshop
from portal.cloud.schema import PortalCloud
from portal.cloud.types import Flavor

_LIVE = (Workshop.State.PLANNED, Workshop.State.RUNNING)
# A machine that is there, or asked for: the quota counts it already.
STANDING = Q(left_at=None, instance__deleted_at=None, instance__isnull=False)
_HELD = Q(machines__left_at=None, machines__instance__deleted_at=None, machines__instance__isnull=False)


@dataclass(frozen=True, slots=True)
class Rival:
    """`there`: machines that the quota counts already."""

    workshop: Workshop
    flavor: Flavor | None
    times: Times
    there: int


def rivals_of(workshop: Workshop) -> list[Rival]:
    """Of all regions of the project, since they draw on one grant. Three queries for any number."""
    allocation = workshop.allocation
    rows = list(
        Workshop.objects.filter(
            allocation__cloud=allocation.cloud, allocation__project_id=allocation.project_id, state__in=_LIVE
        )
        .exclude(pk=workshop.pk)
        .select_related("allocation")
        .annotate(there=Count("machines", filter=_HELD))
        .order_by("opens_at")
    )
    times = times_of_all(rows)
    wanted = {one.flavor_id for one in rows}
    items = CatalogueItem.objects.filter(
        allocation__in={one.allocation_id for one in rows},
        kind=CatalogueItem.Kind.FLAVOR,
        cloud_id__in=wanted,
    )
    sizes = {(item.allocation_id, item.cloud_id): catalogue.value_of(item) for item in items if wanted}
    return [
        Rival(one, sizes.get((one.allocation_id, one.flavor_id)), times[one.pk], one.there) for one in rows
    ]


def as_others(workshop: Workshop, rivals: Sequence[Rival]) -> Iterator[Other]:
    """Those of the same region: each region has a quota of its own."""
    for one in rivals:
        other = one.workshop
        if (
            other.allocation_id != workshop.allocation_id
            or other.opens_at is None
            or other.remove_after is None
        ):
            continue
        volumes, gb = copies_of(other)
        yield Other(
            title=other.title,
            machines=max(0, other.seats + other.spares - one.there),
            vcpus=one.flavor.vcpus if one.flavor else 0,
            ram_mb=one.flavor.ram_mb if one.flavor else 0,
            volumes=volumes + bool(other.boot_volume_gb),
            volume_gb=gb + (other.boot_volume_gb or 0),
            opens_at=other.opens_at,
            gone_at=other.remove_after,
        )


def promised(rivals: Sequence[Rival], rates: PortalCloud, now: datetime) -> Mapping[str, Decimal]:
    """SUs by resource that they will still spend, as they are planned."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for one in rivals:
        resource = resource_of(one.flavor.name, now, rates) if one.flavor else None
        if one.flavor is None or resource is None:
            continue
        machines = one.workshop.seats + one.workshop.spares
        size = costs.Size(machines, one.flavor.name, one.flavor.vcpus, rates)
        cost = costs.cost(
            ahead(one.times, now),
            size,
            build_seconds=rates.workshops.usual_build_seconds,
            waves=1,
            keep_days=one.workshop.keep_days,
        )
        found[resource] += cost.total
    return found


def ahead(times: Times, now: datetime) -> Times:
    """Without the meetings that are over; one that is in session counts from now."""
    left = tuple((max(start, now), end) for start, end in times.meetings if end > now)
    return Times(left, times.ready_minutes, times.tail_minutes, times.between)


def copies_of(workshop: Workshop) -> tuple[int, int]:
    """Volumes of which each seat has a copy of its own, and their GB."""
    copies = [one for one in workshop.data if one.get("kind") == "volume" and not one.get("shared")]
    return len(copies), sum(int(one.get("size_gb") or 0) for one in copies)
