"""What workshops have spent: the ledger's figures of every machine ever made for them, up to this moment."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from allocations import usage
from allocations.rates import su_per_hour
from allocations.usage import Window
from instances.models import Instance
from instances.workshops.models import SeatMachine, Workshop
from portal.cloud.config import clouds

ZERO = Decimal(0)


def machines_of(workshops: Collection[Workshop]) -> dict[UUID, set[str]]:
    """The ids under which the ledger has their machines, those that are gone too. One query."""
    found: dict[UUID, set[str]] = defaultdict(set)
    rows = SeatMachine.objects.filter(workshop__in=workshops).exclude(instance=None).order_by()
    for workshop_id, instance_id in rows.values_list("workshop_id", "instance_id"):
        found[workshop_id].add(str(instance_id))
    return found


def spent_of(workshops: Collection[Workshop], now: datetime) -> dict[UUID, Decimal]:
    """SU of each up to now, those included that are not in the ledger yet. A fixed number of queries for any number."""
    machines = machines_of(workshops)
    windows = {
        one.pk: Window(one.allocation_id, one.created_at, now) for one in workshops if machines[one.pk]
    }
    lines = usage.totals_in(set(windows.values()), by=("instance",))
    return {
        one.pk: sum((line.su for line in lines[windows[one.pk]] if line.keys[0] in machines[one.pk]), ZERO)
        if one.pk in windows
        else ZERO
        for one in workshops
    }


def by_machine(workshop: Workshop, start: datetime, end: datetime) -> dict[str, Decimal]:
    """SU of each of its machines within a time, cut exactly."""
    lines = usage.totals([workshop.allocation_id], start=start, end=end, by=("instance",))
    mine = machines_of([workshop])[workshop.pk]
    return {line.keys[0]: line.su for line in lines if line.keys[0] in mine}


def burning(workshops: Collection[Workshop], now: datetime) -> Mapping[UUID, Decimal]:
    """SU per hour of each as its machines are now. One query. What has no rate counts nothing."""
    found: dict[UUID, Decimal] = defaultdict(Decimal)
    known = clouds().clouds
    rows = Instance.objects.filter(seat_machine__workshop__in=workshops, deleted_at=None).exclude(
        server_id=""
    )
    columns = ("seat_machine__workshop_id", "allocation__cloud", "flavor_name", "vcpus", "status")
    for workshop_id, cloud, flavor_name, vcpus, status in rows.order_by().values_list(*columns):
        if cloud in known:
            hourly = su_per_hour(flavor_name, vcpus, status, now, known[cloud].portal)
            found[workshop_id] += hourly or ZERO
    return found
