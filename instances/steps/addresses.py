"""Giving a machine a public address, and taking it away."""

from instances.actions import ACTIONS
from instances.mirror.catalogue import read_kind
from instances.models import CatalogueItem
from instances.steps import floating
from instances.steps.machine import look, machine, wait
from portal.cloud import networks
from portal.operations.context import Context
from portal.operations.outcomes import Done, Next, Outcome

_LONGEST = ACTIONS["assign_address"].longest_seconds
# Nova hears of an address from Neutron; if that takes longer, the next full reading shows it.
_SHOWN_WITHIN = 20.0


def assign(ctx: Context) -> Outcome:
    row = machine(ctx)
    server = look(ctx, row)
    if ctx.step == "start":
        address = floating.ensure(ctx, row, ctx.spec["address"])
        if address is None:
            return wait(ctx, row, _LONGEST, "Waiting for the network")
        read_kind(row.allocation, ctx.cloud, CatalogueItem.Kind.FLOATING_IP)
        return Next("show", f"Has the address {address.address}", {"address": address.address})
    shown = ctx.progress["address"] in {address.address for address in server.addresses}
    if not shown and not _late(ctx):
        return wait(ctx, row, _LONGEST)
    return Done(f"Public address {ctx.progress['address']}")


def unassign(ctx: Context) -> Outcome:
    row = machine(ctx)
    server = look(ctx, row)
    if ctx.step == "start":
        found = floating.of_server(ctx.cloud, row.server_id)
        # Remembered first: once taken away it no longer shows which it was.
        taken = {**ctx.progress.get("taken", {}), **{address.id: address.address for address in found}}
        ctx.remember(taken=taken)
        for address_id in taken:
            if ctx.spec["release"]:
                floating.release(ctx.cloud, address_id)
            elif any(address.id == address_id for address in found):
                networks.disassociate(ctx.cloud, address_id)
        read_kind(row.allocation, ctx.cloud, CatalogueItem.Kind.FLOATING_IP)
        return Next("show", "Waiting until it shows")
    still = any(address.kind == "floating" for address in server.addresses)
    if still and not _late(ctx):
        return wait(ctx, row, _LONGEST)
    names = ", ".join(ctx.progress["taken"].values()) or "no address"
    return Done(f"{names} released" if ctx.spec["release"] else f"{names} kept for the project")


def _late(ctx: Context) -> bool:
    since = ctx.op.step_since or ctx.op.created_at
    return (ctx.now - since).total_seconds() > _SHOWN_WITHIN
