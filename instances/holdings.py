"""The machines that people hold, for budgets and limits: what each costs per hour once what is asked for is done."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from allocations.budgets.hooks import Held
from allocations.rates import resource_of, su_per_hour
from allocations.usage import owner_key
from instances.actions import ACTIONS
from instances.hooks_seats import kept_elsewhere
from instances.models import Instance
from instances.services.affording import COSTLY
from instances.services.portal_acts import act_for_portal
from instances.statuses import ACTIVE, BUILD, ERROR, OFFLOADED, REQUESTED, SHELVES
from portal.cloud.config import clouds
from portal.cloud.schema import PortalCloud
from portal.operations.models import Operation

_ZERO = Decimal(0)
_READ = (
    *("pk", "allocation_id", "allocation__cloud", "name", "creator_name", "owner_id", "status", "locked"),
    *("owner__display_name", "owner__access_id", "owner__username", "flavor_name", "vcpus", "gpus"),
    *("created_at", "launched_at", "task_state"),
)
_SHELVABLE = ACTIONS["shelve"].states or frozenset()
_GPU_FREE = frozenset({OFFLOADED, ERROR})


def held(allocation_ids: Collection[int]) -> list[Held]:
    """Three queries for any number. What the cloud refused to make is not there."""
    rows = (
        Instance.objects.filter(allocation__in=allocation_ids, deleted_at=None)
        .exclude(~Q(status=REQUESTED), server_id="")
        .select_related("owner", "allocation")
        .only(*_READ)
        .order_by()
    )
    known, coming, theirs = clouds().clouds, _coming(), kept_elsewhere()
    return [
        _held(row, coming.get(str(row.pk)), known[row.allocation.cloud].portal, theirs)
        for row in rows
        if row.allocation.cloud in known
    ]


def _coming() -> dict[str, dict[str, Any]]:
    """{machine: spec} of what was asked for and will make a machine cost more. Few at any time."""
    kinds = [f"instance.{action}" for action in COSTLY]
    live = Operation.objects.filter(target_type="instance", kind__in=kinds, state__in=Operation.LIVE)
    return dict(live.values_list("target_id", "spec"))


def _held(row: Instance, coming: dict[str, Any] | None, rates: PortalCloud, theirs: Collection[UUID]) -> Held:
    now = timezone.now()
    resource = resource_of(row.flavor_name, now, rates)
    status = ACTIVE if coming is not None or row.status in (REQUESTED, BUILD) else row.status
    flavor, vcpus = row.flavor_name, row.vcpus
    hourly = su_per_hour(flavor, vcpus, status, now, rates) or _ZERO
    if coming and coming.get("action") == "resize":
        # Until it is done it costs what it costs, so the dearer of both counts.
        larger = su_per_hour(coming["flavor_name"], coming.get("vcpus", vcpus), status, now, rates) or _ZERO
        hourly = max(hourly, larger)
    return Held(
        allocation_id=row.allocation_id,
        id=str(row.pk),
        name=row.name,
        owner_id=row.owner_id,
        owner_key=owner_key(row.owner_id, row.creator_name),
        owner_name=str(row.owner or row.creator_name),
        resource=resource or "",
        per_hour=hourly,
        vcpus=vcpus,
        holds_gpus=0 if row.status in _GPU_FREE and coming is None else row.gpus,
        # A class is not shelved by what its owner spends elsewhere.
        shelvable=row.status in _SHELVABLE and not row.locked and hourly > 0 and row.pk not in theirs,
        made_at=row.launched_at or row.created_at,
        url=reverse("instances:detail", args=[row.pk]),
    )


def shelve_for_budget(machine_id: str, reason: str) -> None:
    """Ask for it, acting for the allocation. Its public address stays with it, for nobody was asked."""
    found = Instance.objects.filter(pk=machine_id, deleted_at=None).first()
    if found is not None and found.status not in SHELVES:
        act_for_portal(instance=found, action="shelve", params={"release_address": False}, reason=reason)
