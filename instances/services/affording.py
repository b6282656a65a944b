"""Whether the budgets and limits of a machine's owner let it cost more: asked before such an action is accepted."""

from decimal import Decimal

from allocations.budgets import enforcement
from allocations.budgets.enforcement import Action, Wanted
from allocations.models import Allocation
from allocations.rates import resource_of, su_per_hour
from instances import catalogue
from instances.hooks_seats import kept_elsewhere
from instances.models import CatalogueItem, Instance
from instances.rows import Row
from instances.specs import ResizeParams, Spec
from instances.statuses import ACTIVE, RESTING
from portal.cloud.types import Flavor

# What can make a machine cost more than it does.
COSTLY: dict[str, Action] = {
    "start": "start",
    "unshelve": "unshelve",
    "resume": "resume",
    "resize": "resize",
    "hard_reboot": "hard_reboot",
}


def lock(instance: Instance, action: str) -> None:
    """Of two things that draw on one budget the second waits here, and then counts the first.

    Taken before the machine's own row. It does not keep others from adding rows that point to the allocation.
    """
    if action in COSTLY:
        Allocation.objects.select_for_update(no_key=True).get(pk=instance.allocation_id)


def require(row: Row, action: str, params: Spec) -> None:
    """PortalError with numbers where the owner's budget or limits are in the way, whoever asks."""
    instance = row.instance
    asked = COSTLY.get(action)
    wanted = _wanted(row, action, params) if asked else None
    if asked is None or wanted is None:
        return
    problems = enforcement.check(
        allocation=instance.allocation, person=instance.owner, wanted=wanted, action=asked, now=row.now
    )
    if problems:
        raise problems[0]


def _wanted(row: Row, action: str, params: Spec) -> Wanted | None:
    """None for what costs no more than now."""
    if isinstance(params, ResizeParams):
        return _resized(row, params.flavor_id)
    if action == "hard_reboot" and row.instance.status not in RESTING:
        return None
    instance = row.instance
    return Wanted(
        flavor_name=instance.flavor_name,
        vcpus=instance.vcpus,
        ram_mb=instance.ram_mb,
        gpus=instance.gpus,
        su_per_hour=row.su_in(ACTIVE),
        resource=resource_of(instance.flavor_name, row.now, row.cloud),
        before=row.su_per_hour or Decimal(0),
        machine_id=str(instance.pk),
        # A workshop ends by its own times, and not by the age of its machines.
        made_at=None if kept_elsewhere([instance.pk]) else instance.launched_at or instance.created_at,
    )


def _resized(row: Row, flavor_id: str) -> Wanted | None:
    instance = row.instance
    flavor = catalogue.item(instance.allocation, CatalogueItem.Kind.FLAVOR, flavor_id)
    if not isinstance(flavor, Flavor):
        return None  # refused elsewhere
    # As it is now: a machine that is stopped costs that part of its new size too.
    after = su_per_hour(flavor.name, flavor.vcpus, instance.status, row.now, row.cloud)
    before = row.su_per_hour or Decimal(0)
    gpus = catalogue.gpus_of(flavor.extra_specs, row.cloud)
    larger = (flavor.vcpus, flavor.ram_mb, gpus) > (instance.vcpus, instance.ram_mb, instance.gpus)
    if not larger and (after is None or after <= before):
        return None
    return Wanted(
        flavor_name=flavor.name,
        vcpus=flavor.vcpus,
        ram_mb=flavor.ram_mb,
        gpus=gpus,
        su_per_hour=after,
        resource=resource_of(flavor.name, row.now, row.cloud),
        before=before,
        machine_id=str(instance.pk),
        made_at=instance.launched_at or instance.created_at,
    )
