"""Resetting a seat: the home is kept first, then the disk is made anew, then its set-up is waited for.

The home is kept by `instances.workshops.runs`, which puts it back when the seat is ready: nothing is rebuilt before it is
safe, and a worker that dies anywhere is followed by another one that looks how far it came.
"""

from instances import console
from instances.actions import ACTIONS, LAUNCH_STAGES
from instances.exosphere import SETUP_KEY, setup_text
from instances.mirror import details
from instances.models import Instance
from instances.steps import simple
from instances.steps.machine import look, machine
from instances.workshops import hooks
from instances.workshops.models import Seat
from portal.cloud import servers
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.outcomes import Again, Done, Next, Outcome

_LOOK_SECONDS = 5.0


def run(ctx: Context) -> Outcome:
    row = machine(ctx)
    match ctx.step:
        case "start" | "wait":
            return _keep(ctx) or simple.follow(
                ctx,
                row,
                "rebuild",
                simple.MOVES["rebuild"],
                ACTIONS["rebuild"].longest_seconds,
                then="anew",
            )
        case "anew":
            return _anew(ctx, row)
        case _:
            return _setup(ctx, row)


def _keep(ctx: Context) -> Outcome | None:
    """None: the home is safe, or nobody wants it."""
    if ctx.step != "start" or not ctx.spec["keep_home"] or ctx.progress.get("kept"):
        return None
    seat = Seat.objects.select_related("workshop", "learner", "instance").filter(pk=ctx.spec["seat"]).first()
    if seat is None or str(seat.instance_id) != ctx.op.target_id:
        raise PortalError("workshops:seat-changed", name=ctx.op.target_name)
    if not hooks.home_kept(seat, ctx.op.created_at):
        return Again(3, "Keeping the home")
    ctx.remember(kept=True)
    return None


def _anew(ctx: Context, row: Instance) -> Outcome:
    """What stands at the cloud says that it is set up: that was the disk before."""
    servers.set_metadata(ctx.cloud, row.server_id, {SETUP_KEY: setup_text("waiting", ctx.now)})
    look(ctx, row)
    return Next("setup", "Setting up")


def _setup(ctx: Context, row: Instance) -> Outcome:
    """By its own console: the row's status never moves back, so it still tells of the first set-up."""
    look(ctx, row)
    found = console.read(servers.console_output(ctx.cloud, row.server_id)).setup
    # Machines tell whole seconds.
    asked = ctx.op.created_at.replace(microsecond=0)
    fresh = found is not None and (found.at is None or found.at >= asked)
    if found is not None and fresh and found.status == "error":
        raise PortalError("instances:setup-failed", name=row.name, status=found.status)
    if found is not None and fresh and found.status == "complete":
        # Its new host keys, before anybody is told to come.
        details.read_console(row, ctx.cloud)
        return Done("As its image is")
    since = ctx.op.step_since or ctx.op.created_at
    if (ctx.now - since).total_seconds() > LAUNCH_STAGES["setup"][1]:
        minutes = round(LAUNCH_STAGES["setup"][1] / 60)
        raise PortalError("instances:too-slow", name=row.name, label=ctx.op.label, minutes=minutes)
    return Again(_LOOK_SECONDS, "Setting up")
