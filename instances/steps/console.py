"""A link to the machine's screen. It opens the machine for whoever has it: never store it."""

from instances.services.consoles import deliver
from instances.steps.machine import look, machine
from portal.cloud import servers
from portal.core import events
from portal.operations.context import Context
from portal.operations.outcomes import Done, Outcome


def run(ctx: Context) -> Outcome:
    row = machine(ctx)
    look(ctx, row)
    console = servers.remote_console(ctx.cloud, row.server_id)
    deliver(operation=ctx.op, url=console.url, type=console.type)
    detail = {"id": str(row.pk), "operation": str(ctx.op.pk)}
    events.publish([f"user.{ctx.op.by_id}"], events.Changed("instance:console", detail))
    return Done(f"Console ready ({console.type})")
