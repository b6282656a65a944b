"""Giving a machine a public address, and taking it away."""

from instances.mirror.catalogue import read_kind
from instances.models import CatalogueItem, Instance
from instances.steps import floating
from instances.steps.machine import look, machine
from instances.steps.marks import note_address
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
        note_address(ctx, row, server, "automatic")
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
        elsewhere = _take_away(ctx, row, taken)
        note_address(ctx, row, server, "none")
        read_kind(row.allocation, ctx.cloud, CatalogueItem.Kind.FLOATING_IP)
        return Next("show", "Waiting until it shows", {"elsewhere": elsewhere})
    if floating.shows_any(server) and not floating.late(ctx):
        return floating.soon(ctx, row)
    return Done(_words(ctx))


def _take_away(ctx: Context, row: Instance, taken: dict[str, str]) -> list[str]:
    """The ids of those that another machine has got meanwhile."""
    if ctx.spec["release"]:
        return sorted(floating.release_own(ctx.cloud, row.server_id, taken))
    for address in floating.of_server(ctx.cloud, row.server_id):
        networks.disassociate(ctx.cloud, address.id)
    return []


def _words(ctx: Context) -> str:
    taken, elsewhere = ctx.progress["taken"], ctx.progress.get("elsewhere", [])
    words = [floating.in_use([taken[address_id] for address_id in elsewhere])] if elsewhere else []
    names = ", ".join(address for address_id, address in taken.items() if address_id not in elsewhere)
    if names or not elsewhere:
        verb = "released" if ctx.spec["release"] else "kept for the project"
        words.insert(0, f"{names or 'no address'} {verb}")
    return "; ".join(words)
