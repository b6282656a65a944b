"""Putting a machine away and taking it back, with its public address as its owner wished."""

from instances import exosphere
from instances.actions import ACTIONS
from instances.mirror.catalogue import read_kind
from instances.models import CatalogueItem, Instance
from instances.statuses import ACTIVE, SHELVES
from instances.steps import floating
from instances.steps.machine import busy, look, machine
from instances.steps.simple import Move, Spec, follow
from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import Server
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.outcomes import Done, Next, Outcome


def _shelve(cloud: Cloud, server: Server, spec: Spec) -> None:
    servers.shelve(cloud, server.id)


def _unshelve(cloud: Cloud, server: Server, spec: Spec) -> None:
    servers.unshelve(cloud, server.id)


_SHELVE = Move(_shelve, lambda server, _: server.status in SHELVES and not busy(server), "shelve", "Shelved")
_UNSHELVE = Move(_unshelve, lambda s, _: s.status == ACTIVE and not busy(s), "unshelve", "Unshelved")


def shelve(ctx: Context) -> Outcome:
    row = machine(ctx)
    if ctx.step == "address":
        return _release(ctx, row)
    if ctx.step == "show":
        return _released(ctx, row)
    then = "address" if ctx.spec["release_address"] else ""
    return follow(ctx, row, "shelve", _SHELVE, ACTIONS["shelve"].longest_seconds, then=then)


def _release(ctx: Context, row: Instance) -> Outcome:
    found = floating.of_server(ctx.cloud, row.server_id)
    # Remembered first: once released it no longer shows which it was.
    ctx.remember(
        released=sorted({*ctx.progress.get("released", []), *(address.address for address in found)})
    )
    for address in found:
        floating.release(ctx.cloud, address.id)
    if not ctx.progress["released"]:
        return Done("Shelved")
    read_kind(row.allocation, ctx.cloud, CatalogueItem.Kind.FLOATING_IP)
    return Next("show", "Releasing the public address")


def _released(ctx: Context, row: Instance) -> Outcome:
    if floating.shows_any(look(ctx, row)) and not floating.late(ctx):
        return floating.soon(ctx, row)
    return Done(f"Shelved; {', '.join(ctx.progress['released'])} released")


def unshelve(ctx: Context) -> Outcome:
    row = machine(ctx)
    if ctx.step == "address":
        return _address_again(ctx, row)
    if ctx.step == "show":
        return _address_shown(ctx, row)
    return follow(ctx, row, "unshelve", _UNSHELVE, ACTIONS["unshelve"].longest_seconds, then="address")


def _address_again(ctx: Context, row: Instance) -> Outcome:
    """As the metadata of the machine asks for, whichever portal wrote it."""
    server = look(ctx, row)
    marks = exosphere.marks_of(server.metadata)
    if marks.version is None or marks.address == "none" or floating.has_public_address(server, row):
        return Done("Unshelved")
    chosen = marks.address == "existing" and marks.reuse_address not in ("", "create")
    try:
        address = floating.ensure(ctx, row, marks.reuse_address if chosen else floating.NEW)
    except PortalError as error:
        if error.outcome != "refused":
            raise
        return Done(f"Unshelved, without a public address: {error.problem.title}")
    if address is None:
        return floating.soon(ctx, row, "Waiting for the network")
    read_kind(row.allocation, ctx.cloud, CatalogueItem.Kind.FLOATING_IP)
    return Next("show", f"Has the address {address.address}", {"address": address.address})


def _address_shown(ctx: Context, row: Instance) -> Outcome:
    address = ctx.progress["address"]
    if not floating.shows(look(ctx, row), address) and not floating.late(ctx):
        return floating.soon(ctx, row)
    return Done(f"Unshelved, with the public address {address}")
