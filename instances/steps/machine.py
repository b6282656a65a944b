"""What all steps share: the machine, a look at its server, waiting with a limit, the cloud's record."""

from datetime import timedelta

from instances.mirror.apply import apply
from instances.mirror.poll import looked_up, mark_deleted
from instances.mirror.schedule import hasten
from instances.models import Instance
from instances.statuses import ERROR, GONE
from portal.cloud import servers
from portal.cloud.types import Server
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.outcomes import Wait

# The mirror wakes a waiting step; this is for the case that it cannot.
FALLBACK_SECONDS = 15.0
_JUST_NOW = timedelta(seconds=3)


def machine(ctx: Context) -> Instance:
    found = Instance.objects.select_related("allocation", "owner").filter(pk=ctx.op.target_id).first()
    if found is None:
        raise PortalError("instances:deleted-meanwhile", name=ctx.op.target_name)
    return found


def look(ctx: Context, row: Instance) -> Server:
    """The server as it is now, written to the mirror. PortalError when it was deleted, here or elsewhere."""
    found = look_or_none(ctx, row)
    if found is None or found.status in GONE:
        raise PortalError("instances:deleted-meanwhile", name=row.name)
    return found


def look_or_none(ctx: Context, row: Instance) -> Server | None:
    """As `look`; None where it no longer exists."""
    began = ctx.now
    server = looked_up(ctx.cloud, row.server_id)
    if server is None:
        mark_deleted(row.pk)
        return None
    apply(row.allocation, [server], began=began)
    return server


def observe(ctx: Context, row: Instance) -> None:
    """Bring `row` up to date: from the mirror where that has seen the server just now, else by a look.

    A hundred machines that build are thus watched by the one reading that the project has anyway.
    """
    row.refresh_from_db()
    fresh = row.seen_at is not None and ctx.now - row.seen_at < _JUST_NOW
    if not fresh:
        look(ctx, row)
        row.refresh_from_db()
    if row.deleted_at is not None:
        raise PortalError("instances:deleted-meanwhile", name=row.name)


def busy(server: Server) -> bool:
    return bool(server.task_state)


def wait(
    ctx: Context,
    row: Instance,
    longest_seconds: float,
    stage: str = "",
    *,
    hurry: bool = True,
    seconds: float = FALLBACK_SECONDS,
) -> Wait:
    """Until the mirror sees a change. PortalError once this step has taken longer than it ever should.

    `hurry` False: what is waited for does not show in the list of servers, so that need not be read often.
    """
    since = ctx.op.step_since or ctx.op.created_at
    if ctx.now - since > timedelta(seconds=longest_seconds):
        minutes = round(longest_seconds / 60)
        raise PortalError("instances:too-slow", name=row.name, label=ctx.op.label, minutes=minutes)
    if hurry:
        hasten(row.allocation)
    return Wait(seconds, stage)


def faulty(row: Instance) -> PortalError | None:
    """The error that a machine in status ERROR shows, as last seen."""
    if row.status != ERROR:
        return None
    message = row.fault_message
    if "no valid host" in message.lower():
        return PortalError("instances:no-room", name=row.name, flavor=row.flavor_name, detail=message)
    return PortalError("instances:fault", name=row.name, fault=message or "it gave no reason", detail=message)


def recorded(ctx: Context, row: Instance, action: str) -> dict[str, str]:
    """Request ids of Nova's record for this action, with what it says of each ("Error" where it failed)."""
    found = servers.actions_of(ctx.cloud, row.server_id)
    return {entry.request_id: entry.message for entry in found if entry.action == action}
