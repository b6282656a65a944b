"""Parameters of actions, checked against the mirror before the operation is stored."""

from typing import Any

from django.utils import timezone

from allocations.rates import resource_of
from instances import budgets, catalogue, naming, room
from instances.choices import smallest_disk
from instances.models import CatalogueItem, Instance
from instances.specs import (
    AssignAddressParams,
    RebuildParams,
    RenameParams,
    ResizeParams,
    SnapshotParams,
    Spec,
)
from portal.accounts.models import User
from portal.cloud.types import Flavor, FloatingIp, Image
from portal.core.errors import PortalError

Kind = CatalogueItem.Kind


def checked(instance: Instance, by: User, action: str, params: Spec) -> dict[str, Any]:
    """What the operation stores: the parameters, and the names that people want to read beside the ids."""
    stored = params.model_dump(mode="json")
    match params:
        case RenameParams() | SnapshotParams():
            _name(params.name)
        case ResizeParams():
            size = _resize(instance, params.flavor_id)
            # `vcpus`: what it will cost, for budgets that count it from now on.
            stored |= {"flavor_name": size.name, "vcpus": size.vcpus}
        case RebuildParams():
            stored["image_name"] = _rebuild(instance, params.image_id).name
        case AssignAddressParams():
            _address(instance, params.address)
        case _:
            pass
    if action in ("confirm_resize", "revert_resize"):
        # The size that is kept or given up, to tell afterwards which of the two happened.
        stored["flavor_name"] = instance.flavor_name
    if action == "unshelve":
        _affordable(instance, instance.flavor_name)
    return stored


def _name(name: str) -> None:
    if complaint := naming.complaint(name):
        raise PortalError("portal:bad-input", reason=complaint)


def _resize(instance: Instance, flavor_id: str) -> Flavor:
    flavor = catalogue.item(instance.allocation, Kind.FLAVOR, flavor_id)
    if not isinstance(flavor, Flavor) or flavor.disabled:
        raise PortalError("instances:flavor-gone", flavor=flavor.name if flavor else flavor_id)
    if flavor.name == instance.flavor_name:
        raise PortalError("portal:bad-input", reason=f"The machine has the size {flavor.name} already.")
    if not instance.volume_backed and flavor.disk_gb < instance.disk_gb:
        raise PortalError(
            "instances:resize-disk", flavor=flavor.name, disk=flavor.disk_gb, least=instance.disk_gb
        )
    budget = budgets.of(instance.allocation, timezone.now())
    if reason := room.lacking(budget.room, room.growth(flavor.vcpus, flavor.ram_mb, instance)):
        raise PortalError("instances:resize-quota", flavor=flavor.name, reason=reason)
    _affordable(instance, flavor.name)
    return flavor


def _affordable(instance: Instance, flavor_name: str) -> None:
    budget = budgets.of(instance.allocation, timezone.now())
    if lack := budget.lack(resource_of(flavor_name, budget.now, budget.cloud)):
        raise PortalError("instances:no-su", reason=lack)


def _rebuild(instance: Instance, image_id: str) -> Image:
    image = catalogue.item(instance.allocation, Kind.IMAGE, image_id)
    if not isinstance(image, Image) or image.status != "active":
        raise PortalError("instances:image-gone", image=image.name if image else image_id)
    if instance.disk_gb and smallest_disk(image) > instance.disk_gb:
        raise PortalError(
            "instances:disk-too-small", image=image.name, least=smallest_disk(image), disk=instance.disk_gb
        )
    if image.min_ram_mb > instance.ram_mb:
        raise PortalError(
            "instances:ram-too-small", image=image.name, least=image.min_ram_mb, ram=instance.ram_mb
        )
    return image


def _address(instance: Instance, address: str) -> None:
    if address == "new":
        share = budgets.of(instance.allocation, timezone.now()).room.shares.get("floating_ips")
        if share is not None and share.free == 0:
            raise PortalError("instances:no-addresses", limit=share.limit, used=share.used + share.queued)
        return
    chosen = catalogue.item(instance.allocation, Kind.FLOATING_IP, address)
    if not isinstance(chosen, FloatingIp) or chosen.port_id is not None:
        raise PortalError("instances:address-gone", address=chosen.address if chosen else "the chosen one")
