"""Releasing an address and deleting a volume at the cloud: looked at before it is touched, since it may be in use again."""

from allocations.models import Allocation
from instances.mirror.catalogue import read_kind
from instances.models import CatalogueItem
from portal.cloud import networks, volumes
from portal.cloud.types import FloatingIp, Volume
from portal.core import events
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.outcomes import Again, Done, Next, Outcome

_AGAIN_SECONDS = 3.0
_FREE = frozenset({"available", "error"})
_BUSY = frozenset({"deleting"})


def release(ctx: Context) -> Outcome:
    name = ctx.op.target_name
    found = _address(ctx)
    if found is not None and found.port_id is not None:
        raise PortalError("advice:address-used", name=name)
    if found is not None:
        networks.delete_floating_ip(ctx.cloud, found.id)
    return _done(ctx, CatalogueItem.Kind.FLOATING_IP, f"{name} was released")


def delete_volume(ctx: Context) -> Outcome:
    name = ctx.op.target_name
    found = _volume(ctx)
    if found is None:
        return _done(ctx, CatalogueItem.Kind.VOLUME, f"{name} was deleted")
    if found.status in _BUSY:
        return Again(_AGAIN_SECONDS, "The cloud deletes it")
    if ctx.step == "gone" and found.status.startswith("error"):
        raise PortalError("advice:volume-kept", name=name, status=found.status)
    if found.attachments or found.status not in _FREE:
        raise PortalError("advice:volume-used", name=name, status=found.status)
    volumes.delete_volume(ctx.cloud, found.id)
    return Next("gone", "The cloud deletes it")


def _address(ctx: Context) -> FloatingIp | None:
    listed = networks.list_floating_ips(ctx.cloud)
    return next((one for one in listed if one.id == ctx.op.target_id), None)


def _volume(ctx: Context) -> Volume | None:
    try:
        return volumes.get_volume(ctx.cloud, ctx.op.target_id)
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise
        return None


def _done(ctx: Context, kind: str, words: str) -> Done:
    """The list is read again at once, so that pages show what is gone as gone."""
    allocation = Allocation.objects.filter(pk=ctx.spec["allocation"]).first()
    if allocation is not None:
        read_kind(allocation, ctx.cloud, kind)
        changed = events.Changed("advice:changed", {"slug": allocation.slug})
        events.publish([f"allocation.{allocation.pk}"], changed)
    return Done(words)
