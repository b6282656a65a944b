"""The facts that advice stands on, of one allocation: from the mirror, the samples and who used what. Fixed queries."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Max, QuerySet
from django.db.models.functions import Coalesce

from allocations.models import Allocation
from allocations.rates import su_per_hour
from instances import catalogue
from instances.advice.models import Sighting
from instances.advice.rules import WINDOW, Machine, Measured, Size, Unused
from instances.catalogue import gpus_of, value_of
from instances.metrics.models import Sample
from instances.models import CatalogueItem, Instance
from instances.remote.models import RemoteSession
from instances.rows import Row, rows
from instances.statuses import ACTIVE, OFFLOADED, PAUSED, STOPS, SUSPENDED
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud
from portal.operations.models import Operation

_BUCKET_HOURS = Sample.Resolution.QUARTER_HOUR / 3600
_RESTING = {**dict.fromkeys(STOPS, "stopped"), SUSPENDED: "suspended", PAUSED: "paused"}
_ZERO = Decimal(0)


def machines(allocation: Allocation, shown: Iterable[Instance], now: datetime) -> list[Machine]:
    """Those with a rate. `shown`: of the allocation, through its door."""
    found = rows(list(shown))
    ids = [row.instance.pk for row in found]
    rates = clouds().cloud(allocation.cloud).portal
    measured, used = _measured(ids, now), _last_used(ids)
    made = (
        _machine(row, measured.get(row.instance.pk), used.get(row.instance.pk), rates, now) for row in found
    )
    return [machine for machine in made if machine is not None]


def sizes(allocation: Allocation, now: datetime) -> list[Size]:
    """What the cloud offers to the allocation and a rate is known of."""
    rates = clouds().cloud(allocation.cloud).portal
    flavors = catalogue.load(allocation).flavors.values()
    return [
        Size(
            id=flavor.id,
            name=flavor.name,
            vcpus=flavor.vcpus,
            ram_mb=flavor.ram_mb,
            disk_gb=flavor.disk_gb,
            gpus=gpus_of(flavor.extra_specs, rates),
            group=_group(flavor.name, rates),
            su_per_hour=su_per_hour(flavor.name, flavor.vcpus, ACTIVE, now, rates),
        )
        for flavor in flavors
        if not flavor.disabled
    ]


def unused(allocation: Allocation) -> list[Unused]:
    """What is seen unused and still listed."""
    since = {(row.kind, row.cloud_id): row.since for row in Sighting.objects.filter(allocation=allocation)}
    items = CatalogueItem.objects.filter(
        allocation=allocation, user=None, cloud_id__in={id for _, id in since}
    )
    return [_unused(row, since[row.kind, row.cloud_id]) for row in items if (row.kind, row.cloud_id) in since]


def _unused(row: CatalogueItem, since: datetime) -> Unused:
    thing = value_of(row)
    if row.kind == CatalogueItem.Kind.FLOATING_IP:
        return Unused(kind="address", id=row.cloud_id, name=thing.address, since=since)
    return Unused(
        kind="volume", id=row.cloud_id, name=thing.name or row.cloud_id, size_gb=thing.size_gb, since=since
    )


def _machine(
    row: Row, measured: Measured | None, used: datetime | None, rates: PortalCloud, now: datetime
) -> Machine | None:
    one = row.instance
    cost = row.su_per_hour
    full = su_per_hour(one.flavor_name, one.vcpus, ACTIVE, now, rates)
    if not one.server_id or cost is None:
        return None
    began = one.launched_at or one.created_at
    return Machine(
        id=str(one.pk),
        name=one.name,
        active=one.status == ACTIVE,
        resting=_RESTING.get(one.status, ""),
        size=Size(
            id="",
            name=one.flavor_name,
            vcpus=one.vcpus,
            ram_mb=one.ram_mb,
            disk_gb=one.disk_gb,
            gpus=one.gpus,
            group=_group(one.flavor_name, rates),
            su_per_hour=full,
        ),
        volume_backed=one.volume_backed,
        su_per_hour=cost,
        su_shelved=su_per_hour(one.flavor_name, one.vcpus, OFFLOADED, now, rates) or _ZERO,
        state_since=one.state_since,
        last_used=max(used or began, began),
        may=frozenset(name for name in ("shelve", "resize") if row.rulings[name].allowed),
        measured=measured,
    )


def _group(flavor_name: str, rates: PortalCloud) -> str:
    group = rates.flavor_group(flavor_name)
    return group.name if group else ""


def _measured(ids: list[UUID], now: datetime) -> dict[UUID, Measured]:
    taken = Sample.objects.filter(
        instance__in=ids, resolution=Sample.Resolution.QUARTER_HOUR, at__gte=now - WINDOW
    )
    counted = (
        taken.order_by()
        .values("instance")
        .annotate(n=Count("pk"), cpu_most=Max("cpu"), ram_most=Max(Coalesce("ram_peak", "ram")))
    )
    quiet_gpus = _gpu_busiest(taken)
    return {
        one["instance"]: Measured(
            hours=one["n"] * _BUCKET_HOURS,
            cpu_busiest=one["cpu_most"],
            ram_most=one["ram_most"],
            gpu_busiest=quiet_gpus.get(one["instance"]),
        )
        for one in counted
    }


def _gpu_busiest(taken: QuerySet[Sample]) -> Mapping[UUID, float]:
    """The most that any GPU of each machine did in a quarter hour; machines without are not there."""
    most: dict[UUID, float] = {}
    rows = taken.filter(gpus__isnull=False, instance__gpus__gt=0).values_list("instance", "gpus")
    for instance, gpus in rows.iterator():
        for device in gpus or ():
            if (util := device.get("util")) is not None:
                most[instance] = max(most.get(instance, 0.0), float(util))
    return most


def _last_used(ids: list[UUID]) -> dict[UUID, datetime]:
    """When somebody last was on each machine, or did something to it here or by other tools."""
    sessions = RemoteSession.objects.filter(instance__in=ids).order_by().values_list("instance")
    seen = dict(sessions.annotate(last=Max("seen_at")))
    asked = dict(sessions.annotate(last=Max("asked_at")))
    acted = dict(
        Instance.objects.filter(pk__in=ids)
        .order_by()
        .values_list("pk")
        .annotate(last=Max("cloud_actions__started_at"))
    )
    operated = {
        UUID(target): last
        for target, last in Operation.objects.filter(
            target_type="instance", target_id__in=[str(id) for id in ids]
        )
        .order_by()
        .values_list("target_id")
        .annotate(last=Max("created_at"))
    }
    times: dict[UUID, datetime] = {}
    for source in (seen, asked, acted, operated):
        for id, last in source.items():
            if last is not None:
                times[id] = max(times.get(id, last), last)
    return times
