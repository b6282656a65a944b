"""Deleting a machine: what is gone already counts as deleted, and addresses go or stay as was asked."""

from instances.actions import ACTIONS
from instances.mirror.adopt import marks_of_launch
from instances.mirror.catalogue import read_kind
from instances.mirror.poll import mark_deleted
from instances.models import CatalogueItem, Instance
from instances.statuses import DELETED, SOFT_DELETED
from instances.steps import floating, seat_data
from instances.steps.link import link_server
from instances.steps.machine import faulty, look_or_none, machine, wait
from portal.cloud import servers
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.models import Operation
from portal.operations.outcomes import Again, Done, Next, Outcome

# A launch whose reply was lost shows its server within so long.
_LAUNCH_SETTLES = 15.0


def run(ctx: Context) -> Outcome:
    row = machine(ctx)
    match ctx.step:
        case "start":
            return _start(ctx, row)
        case "wait":
            return _wait(ctx, row)
        case _:
            return _release(ctx, row)


def _start(ctx: Context, row: Instance) -> Outcome:
    if not row.server_id:
        return _without_server(ctx, row)
    server = look_or_none(ctx, row)
    if server is None or server.status == DELETED:
        return Next("release", "Deleted", {"addresses": ctx.progress.get("addresses", {})})
    found = floating.of_server(ctx.cloud, row.server_id)
    # Remembered first: when the server is gone, nothing tells which addresses it had.
    known = {**ctx.progress.get("addresses", {}), **{address.id: address.address for address in found}}
    ctx.remember(addresses=known)
    try:
        servers.delete_server(ctx.cloud, row.server_id)
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise
    return Next("wait", "Deleting")


def _without_server(ctx: Context, row: Instance) -> Outcome:
    """The launch may be in the middle of asking for the server: let it end, then look for what it made."""
    launch = _launch_of(row)
    if launch is None:
        return _never_made(ctx, row, "Nothing was left to delete")
    # A paused one does nothing until its person comes back, and then finds that it was stopped.
    if launch.live and launch.state != Operation.State.PAUSED:
        return Again(2, "Waiting for the launch to stop")
    server = servers.find_made(ctx.cloud, **marks_of_launch(launch.pk, row))
    if server is not None:
        link_server(row, server.id)
        return Next("start", "Found the machine")
    asked = launch.progress.get("asked_at") is not None
    ended = launch.finished_at or launch.created_at
    if asked and (ctx.now - ended).total_seconds() < _LAUNCH_SETTLES:
        return Again(3, "Making sure that the cloud made nothing")
    return _never_made(ctx, row, "The machine was never made")


def _never_made(ctx: Context, row: Instance, words: str) -> Outcome:
    if not seat_data.copies_gone(ctx, row):
        return Again(2, "Removing its copies of the workshop's data")
    mark_deleted(row.pk)
    return Done(words)


def _launch_of(row: Instance) -> Operation | None:
    launches = Operation.objects.filter(target_type="instance", target_id=str(row.pk), kind="instance.launch")
    return launches.order_by("-id").first()


def _wait(ctx: Context, row: Instance) -> Outcome:
    server = look_or_none(ctx, row)
    if server is None or server.status in (DELETED, SOFT_DELETED):
        soft = server is not None and server.status == SOFT_DELETED
        return Next("release", "Deleted", {"soft": soft})
    row.refresh_from_db()
    problem = faulty(row)
    if problem is not None and not server.task_state and _accepted_long_ago(ctx):
        raise problem
    return wait(ctx, row, ACTIONS["delete"].longest_seconds)


def _accepted_long_ago(ctx: Context) -> bool:
    """A server that was in ERROR before it was deleted stays so for a moment."""
    since = ctx.op.step_since or ctx.op.created_at
    return (ctx.now - since).total_seconds() > 30


def _release(ctx: Context, row: Instance) -> Outcome:
    known: dict[str, str] = ctx.progress.get("addresses", {})
    taken: set[str] = set()
    if ctx.spec["release_address"] and known:
        taken = floating.release_own(ctx.cloud, row.server_id, known)
    if known:
        read_kind(row.allocation, ctx.cloud, CatalogueItem.Kind.FLOATING_IP)
    soft = bool(ctx.progress.get("soft"))
    if not soft and not seat_data.copies_gone(ctx, row):
        return Again(2, "Removing its copies of the workshop's data")
    if not soft:
        mark_deleted(row.pk)
    return Done(_words(ctx, known, taken, soft))


def _words(ctx: Context, known: dict[str, str], taken: set[str], soft: bool) -> str:
    words = ["Deleted"]
    hours = clouds().cloud(ctx.op.cloud).portal.soft_delete_hours
    if soft:
        words.append(
            f"operators can bring it back for {hours:g} h" if hours else "operators can bring it back"
        )
    own = [address for address_id, address in known.items() if address_id not in taken]
    if own:
        verb = "released" if ctx.spec["release_address"] else "kept for the project"
        words.append(f"{', '.join(own)} {verb}")
    if taken:
        words.append(floating.in_use([known[address_id] for address_id in taken]))
    return "; ".join(words)
