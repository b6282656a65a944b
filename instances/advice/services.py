"""Following advice that is about no machine, and not wanting to hear of some of it for a while."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from allocations.access import allocation_by_id
from allocations.models import Allocation
from allocations.roles import Need
from instances import catalogue
from instances.advice import board
from instances.advice.models import Dismissal
from instances.advice.sightings import is_unused
from instances.models import CatalogueItem
from portal.accounts.models import User
from portal.core import audit, events
from portal.core.errors import PortalError
from portal.operations import services as operations
from portal.operations.models import Operation

RELEASE, DELETE_VOLUME = "address.release", "volume.delete"
SPAN = timedelta(days=30)
Kind = CatalogueItem.Kind


@transaction.atomic
def dismiss(*, allocation: Allocation, by: User, key: str) -> Dismissal:
    """Not shown to anybody for 30 days: by whoever could follow it. Again begins anew."""
    allocation = allocation_by_id(by, allocation.pk, Need.SEE)
    found = board.find(allocation, by, key)
    if not found.may_act:
        raise PortalError("portal:forbidden", need="follow this advice")
    now = timezone.now()
    made, _ = Dismissal.objects.update_or_create(
        allocation=allocation, key=key[:320], defaults={"by": by, "at": now, "until": now + SPAN}
    )
    _told(allocation, by, "advice.dismiss", key, found.advice.subject)
    return made


@transaction.atomic
def restore(*, allocation: Allocation, by: User, key: str) -> None:
    """Show it again."""
    allocation = allocation_by_id(by, allocation.pk, Need.SEE)
    found = board.find(allocation, by, key)
    if not found.may_act:
        raise PortalError("portal:forbidden", need="follow this advice")
    if Dismissal.objects.filter(allocation=allocation, key=key).delete()[0]:
        _told(allocation, by, "advice.restore", key, found.advice.subject)


@transaction.atomic
def release_address(*, allocation: Allocation, by: User, address_id: str) -> Operation:
    """Give a public address that no machine has back to the cloud. The operation of the first time where one is live."""
    return _submit(allocation, by, RELEASE, Kind.FLOATING_IP, address_id, "advice:address-used")


@transaction.atomic
def delete_volume(*, allocation: Allocation, by: User, volume_id: str) -> Operation:
    """Delete a volume that no machine has, with what is on it."""
    return _submit(allocation, by, DELETE_VOLUME, Kind.VOLUME, volume_id, "advice:volume-used")


def _submit(
    allocation: Allocation, by: User, operation: str, kind: str, cloud_id: str, used: str
) -> Operation:
    allocation = allocation_by_id(by, allocation.pk, Need.MANAGE)
    # Of two people at once the second finds the first one's operation.
    row = (
        CatalogueItem.objects.select_for_update()
        .filter(allocation=allocation, kind=kind, cloud_id=cloud_id, user=None)
        .first()
    )
    if row is None:
        raise PortalError("advice:unknown")
    thing = catalogue.value_of(row)
    name = str(thing.address if kind == Kind.FLOATING_IP else thing.name or cloud_id)
    if live := operations.live_for(kind, [cloud_id]).get(cloud_id):
        return live
    if not is_unused(kind, row.data):
        raise PortalError(used, name=name, status=str(row.data.get("status", "")))
    made = operations.submit(
        kind=operation,
        by=by,
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        target_type=kind,
        target_id=cloud_id,
        target_name=name,
        spec={"allocation": allocation.pk},
    )
    _told(allocation, by, operation, cloud_id, name, kind)
    return made


def _told(allocation: Allocation, by: User, action: str, id: str, name: str, kind: str = "advice") -> None:
    audit.record(
        action,
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type=kind,
        target_id=id[:64],
        target_name=name,
    )
    changed = events.Changed("advice:changed", {"slug": allocation.slug})
    events.publish([f"allocation.{allocation.pk}"], changed)
