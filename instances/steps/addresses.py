"""Giving a machine a public address, and taking it away."""

from instances.mirror.catalogue import read_kind
from instances.models import CatalogueItem
from instances.steps import floating
from instances.steps.machine import look, machine
from portal.cloud import networks
from portal.operations.context import Context
from portal.operations.outcomes import Done, Next, Outcome


def assign(ctx: Context) -> Outcome:
    row = machine(ctx)
    server = look(ctx, row)
    if ctx.step == "start":
        address = floating.ensure(ctx, row, ctx.spec["address"])
        if address is None:
            return floating.soon(ctx, row, "Waiting for the network")
        read_kind(row.allocation, ctx.cloud, CatalogueItem.Kind.FLOATING_IP)
        return Next("show", f"Has the address {address.address}", {"address": address.address})
    if not floating.shows(server, ctx.progress["address"]) and not floating.late(ctx):
        return floating.soon(ctx, row)
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
    if floating.shows_any(server) and not floating.late(ctx):
        return floating.soon(ctx, row)
    names = ", ".join(ctx.progress["taken"].values()) or "no address"
    return Done(f"{names} released" if ctx.spec["release"] else f"{names} kept for the project")
