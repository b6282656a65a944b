"""What an allocation can still afford: room in its quota, service units left, and what is burning now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from allocations import ledger
from allocations.forecast import hours_until_empty
from allocations.ledger import Balance
from allocations.models import Allocation
from allocations.rates import resource_of, su_per_hour
from instances import room
from instances.burning import burning_now
from instances.models import Instance
from instances.room import Room
from instances.statuses import ACTIVE, BUILD, REQUESTED
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud

_ZERO = Decimal(0)
# Others take GPUs all the time: what is older tells nothing.
_GPUS_HOLD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """`balances` empty: the cloud counts no service units, so that none can be lacking.

    `burning`: in all regions of the project, since they draw on the same grant. `gpus`: total and used by Placement's
    classes, empty where that is not known or was read long ago.
    """

    cloud: PortalCloud
    now: datetime
    room: Room
    balances: dict[str, Balance]
    burning: dict[str, Decimal]
    gpus: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def remaining(self, resource: str | None) -> Decimal | None:
        balance = self.balances.get(resource or "")
        return balance.remaining if balance else None

    def runs_out_at(self, resource: str | None, more_per_hour: Decimal) -> datetime | None:
        """When the resource is used up if so much more is spent; None: not in sight."""
        remaining = self.remaining(resource)
        if remaining is None:
            return None
        hours = hours_until_empty(remaining, self.burning.get(resource or "", _ZERO) + more_per_hour)
        return None if hours is None else self.now + timedelta(hours=float(hours))

    def lack(self, resource: str | None) -> str:
        """Why nothing can be spent on this resource; empty when something can."""
        if resource is None or not self.balances:
            return ""
        balance = self.balances.get(resource)
        if balance is None:
            return f"This allocation has no service units of the kind “{resource}”."
        if not balance.covers(self.now.date()):
            return f"The service units of this kind hold from {balance.starts_on} to {balance.ends_on}."
        if balance.remaining <= 0:
            return f"All {balance.awarded:,.0f} service units of this kind are used."
        return ""


def of(allocation: Allocation, now: datetime) -> Budget:
    """Nine queries, and one for other regions, whatever the number of machines."""
    cloud = clouds().cloud(allocation.cloud).portal
    live = list(Instance.objects.filter(allocation=allocation, deleted_at=None))
    freed = Instance.objects.filter(allocation=allocation, deleted_at__gt=allocation.quota_read_at or now)
    return Budget(
        cloud=cloud,
        now=now,
        room=room.of(allocation, live, freed),
        balances=ledger.balance(allocation, now.date(), now=now),
        burning=_burning(allocation, live, cloud, now),
        gpus=allocation.gpus if _fresh(allocation.gpus_read_at, now) else {},
    )


def _fresh(read_at: datetime | None, now: datetime) -> bool:
    return read_at is not None and now - read_at < _GPUS_HOLD


def _burning(
    allocation: Allocation, live: list[Instance], cloud: PortalCloud, at: datetime
) -> dict[str, Decimal]:
    """What these machines and those of the project's other regions cost per hour now, by resource."""
    total = burn(live, cloud, at)
    elsewhere = Allocation.objects.filter(cloud=allocation.cloud, project_id=allocation.project_id)
    others = list(elsewhere.exclude(pk=allocation.pk).values_list("pk", flat=True))
    if others:
        for by_resource in burning_now(others).values():
            for resource, hourly in by_resource.items():
                total[resource] = total.get(resource, _ZERO) + hourly
    return total


def burn(instances: list[Instance], cloud: PortalCloud, at: datetime) -> dict[str, Decimal]:
    """SUs per hour of these machines, by resource. A machine that is being made counts as running."""
    total: dict[str, Decimal] = {}
    for instance in instances:
        if not instance.server_id and instance.status != REQUESTED:
            continue  # the cloud refused to make it
        resource = resource_of(instance.flavor_name, at, cloud)
        status = ACTIVE if instance.status in (REQUESTED, BUILD) else instance.status
        hourly = su_per_hour(instance.flavor_name, instance.vcpus, status, at, cloud)
        if resource is not None and hourly is not None:
            total[resource] = total.get(resource, _ZERO) + hourly
    return total
