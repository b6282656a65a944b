"""The machines of some allocations with what each costs, and what sizes a cloud has: for the layer below."""

from collections.abc import Collection

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from allocations.hooks import Size, Spender
from allocations.rates import resource_of, su_per_hour
from instances.actions import ACTIONS
from instances.catalogue import gpus_of, value_of
from instances.models import CatalogueItem, Instance, Poll
from instances.statuses import ACTIVE, BUILD, OFFLOADED, REQUESTED, badge
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud
from portal.cloud.types import Flavor

_NEEDED = ("allocation_id", "name", "status", "flavor_name", "vcpus", "creator_name", "locked")
_PERSON = ("owner__username", "owner__display_name", "owner__access_id")
_SHELVABLE = ACTIONS["shelve"].states or frozenset()


def spending(allocation_ids: Collection[int]) -> list[Spender]:
    """In one query. A machine that is being made counts as running, as it does in `burning.burning_now`."""
    found = (
        Instance.objects.filter(allocation__in=allocation_ids, deleted_at=None)
        .exclude(~Q(status=REQUESTED), server_id="")
        .select_related("owner", "allocation")
        .only(*_NEEDED, "allocation__cloud", *_PERSON)
        .order_by()
    )
    known = clouds().clouds
    priced = (
        _spender(row, known[row.allocation.cloud].portal) for row in found if row.allocation.cloud in known
    )
    return [spender for spender in priced if spender is not None]


def _spender(row: Instance, rates: PortalCloud) -> Spender | None:
    now = timezone.now()
    resource = resource_of(row.flavor_name, now, rates)
    status = ACTIVE if row.status in (REQUESTED, BUILD) else row.status
    hourly = su_per_hour(row.flavor_name, row.vcpus, status, now, rates)
    shelved = su_per_hour(row.flavor_name, row.vcpus, OFFLOADED, now, rates)
    if resource is None or hourly is None or shelved is None:
        return None
    return Spender(
        allocation_id=row.allocation_id,
        instance_id=str(row.pk),
        name=row.name,
        owner=str(row.owner or row.creator_name),
        owner_key=str(row.owner_id) if row.owner_id else f"name:{row.creator_name}",
        resource=resource,
        status=row.status,
        flavor_name=row.flavor_name,
        per_hour=hourly,
        per_hour_shelved=shelved,
        shelvable=row.status in _SHELVABLE and not row.locked and shelved < hourly,
        url=reverse("instances:detail", args=[row.pk]),
        state=badge(row.status).label.lower(),
    )


def offered(cloud: str) -> list[Size]:
    """The sizes that everybody has at this cloud, of each region as last read. Two queries."""
    configured = clouds().clouds.get(cloud)
    if configured is None:
        return []
    read = Poll.objects.filter(what=Poll.What.CATALOGUE, allocation__cloud=cloud).exclude(ok_at=None)
    newest = dict(read.order_by("ok_at").values_list("allocation__region", "allocation_id"))
    rows = CatalogueItem.objects.filter(allocation__in=newest.values(), kind=CatalogueItem.Kind.FLAVOR)
    flavors = (value_of(row) for row in rows.only("kind", "data", "seen_at"))
    return [_size(flavor, configured.portal) for flavor in flavors if flavor.public and not flavor.disabled]


def _size(flavor: Flavor, rates: PortalCloud) -> Size:
    return Size(flavor.name, flavor.vcpus, flavor.ram_mb, flavor.disk_gb, gpus_of(flavor.extra_specs, rates))
