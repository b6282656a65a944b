"""What machines have cost since they were last charged: exact, and in two queries for any number of them."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count
from django.utils import timezone

from allocations.accrual import Accrued, Unpriced
from allocations.models import Grant
from allocations.rates import Charge, charges, resource_of, su_per_hour
from allocations.usage import owner_key
from instances.models import Instance, Poll
from instances.statuses import ACTIVE
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud

# While the cloud is read it says that its machines are there; for so long we take that as said.
_TRUSTED = timedelta(minutes=15)
Prices = dict[tuple[object, ...], list[tuple[Charge, str]]]
_READ = (
    *("pk", "allocation_id", "allocation__cloud", "server_id", "name", "creator_name", "owner_id"),
    *("owner__display_name", "owner__access_id", "owner__username", "flavor_name", "vcpus", "status"),
    *("charged_until", "seen_at"),
)


def accrued(allocation_ids: Collection[int], now: datetime) -> list[Accrued]:
    rows = (
        Instance.objects.filter(allocation__in=allocation_ids, deleted_at=None, charged_until__lt=now)
        .exclude(server_id="")
        .select_related("allocation", "owner")
        .only(*_READ)
        .order_by()
    )
    known, read_at = clouds().clouds, readings(allocation_ids)
    # Most machines of a size cost the same since the same midnight: reckoned once.
    priced: Prices = {}
    return [
        piece
        for row in rows
        if row.allocation.cloud in known
        for piece in pieces(
            row, min(now, confirmed(row, now, read_at) + _TRUSTED), known[row.allocation.cloud].portal, priced
        )
    ]


def pieces(
    row: Instance, until: datetime, cloud: PortalCloud, priced: Prices | None = None
) -> Iterator[Accrued]:
    """What `row`, as it stands, has cost from its last charge to `until`, by UTC day; nothing where it has no rate."""
    if row.charged_until is None or until <= row.charged_until:
        return
    kind = (id(cloud), row.flavor_name, row.vcpus, row.status, row.charged_until, until)
    found = priced.get(kind) if priced is not None else None
    if found is None:
        found = _prices(row, row.charged_until, until, cloud)
        if priced is not None:
            priced[kind] = found
    for charge, resource in found:
        yield Accrued(
            allocation_id=row.allocation_id,
            resource=resource,
            instance_id=str(row.pk),
            instance_name=row.name,
            owner_key=owner_key(row.owner_id, row.creator_name),
            owner_name=str(row.owner or row.creator_name)[:255],
            flavor_name=row.flavor_name,
            status=row.status,
            starts_at=charge.starts_at,
            ends_at=charge.ends_at,
            su=charge.su,
        )


def _prices(row: Instance, since: datetime, until: datetime, cloud: PortalCloud) -> list[tuple[Charge, str]]:
    return [
        (charge, resource_of(row.flavor_name, charge.starts_at, cloud) or Grant.Resource.CPU)
        for charge in charges(row.flavor_name, row.vcpus, row.status, since, until, cloud)
        if charge.su
    ]


def readings(allocation_ids: Collection[int] | None = None) -> dict[int, datetime | None]:
    """When the servers of these allocations were last read; absent where nobody reads them."""
    polls = Poll.objects.filter(what=Poll.What.SERVERS)
    if allocation_ids is not None:
        polls = polls.filter(allocation__in=allocation_ids)
    return dict(polls.values_list("allocation_id", "ok_at"))


def confirmed(row: Instance, now: datetime, read_at: Mapping[int, datetime | None]) -> datetime:
    """Until when the cloud has said that the machine is there: while it cannot be read, nothing is charged."""
    if row.allocation_id not in read_at:
        return now
    seen = [moment for moment in (read_at[row.allocation_id], row.seen_at) if moment is not None]
    return min(now, max(seen)) if seen else now


def unsettled(allocation_ids: Collection[int]) -> set[int]:
    """Where Nova's record of some machine was not read yet, or not since it changed."""
    waiting = Instance.objects.filter(allocation__in=allocation_ids, unsettled_since__isnull=False)
    return set(waiting.exclude(server_id="").order_by().values_list("allocation_id", flat=True).distinct())


def unpriced(allocation_ids: Collection[int]) -> list[Unpriced]:
    """Machines whose size has no rate today, where the cloud has rates at all."""
    kinds = (
        Instance.objects.filter(allocation__in=allocation_ids, deleted_at=None)
        .exclude(server_id="")
        .order_by("allocation_id", "flavor_name")
        .values_list("allocation_id", "allocation__cloud", "flavor_name")
        .annotate(number=Count("pk"))
    )
    now, known = timezone.now(), clouds().clouds
    return [
        Unpriced(allocation_id, flavor_name, number)
        for allocation_id, cloud, flavor_name, number in kinds
        if cloud in known
        and known[cloud].portal.rates
        and su_per_hour(flavor_name, 1, ACTIVE, now, known[cloud].portal) is None
    ]


def names(instance_ids: Collection[str]) -> dict[str, str]:
    ids = [UUID(key) for key in instance_ids if _is_uuid(key)]
    return {str(pk): name for pk, name in Instance.objects.filter(pk__in=ids).values_list("pk", "name")}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
