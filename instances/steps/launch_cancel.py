"""Stopping a launch: what was not asked for yet never is; what was made stays, and its owner is told."""

from instances.mirror.adopt import marks_of_launch
from instances.mirror.poll import mark_deleted
from instances.steps import seat_data
from instances.steps.link import link_server
from instances.steps.machine import machine
from portal.cloud import servers
from portal.operations.context import Context
from portal.operations.outcomes import Done, Outcome


def run(ctx: Context) -> Outcome:
    row = machine(ctx)
    if not row.server_id and ctx.progress.get("asked_at") is not None:
        found = servers.find_made(ctx.cloud, **marks_of_launch(ctx.op.pk, row))
        if found is not None:
            link_server(row, found.id)
    if row.server_id:
        return Done("Stopped; the machine had been made already and stays until it is deleted")
    seat_data.copies_gone(ctx, row)
    mark_deleted(row.pk)
    return Done("Stopped before the machine was made")
