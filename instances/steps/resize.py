"""Another size: ask, wait until the person can check it, and say until when they may go back."""

from instances.actions import ACTIONS
from instances.statuses import ACTIVE, STOPS, VERIFY_RESIZE
from instances.steps.machine import busy, machine
from instances.steps.simple import Move, Spec, follow
from portal.cloud import servers
from portal.cloud.config import clouds
from portal.cloud.connection import Cloud
from portal.cloud.types import Server
from portal.operations.context import Context
from portal.operations.outcomes import Done, Outcome


def _ask(cloud: Cloud, server: Server, spec: Spec) -> None:
    servers.resize(cloud, server.id, spec["flavor_id"])


def _reached(server: Server, spec: Spec) -> bool:
    """Also when the cloud, or somebody elsewhere, has confirmed it already."""
    settled = server.status in (VERIFY_RESIZE, ACTIVE, *STOPS) and not busy(server)
    return settled and server.flavor_name == spec["flavor_name"]


_MOVE = Move(_ask, _reached, "resize", "Resized")


def run(ctx: Context) -> Outcome:
    row = machine(ctx)
    if ctx.step == "tell":
        return Done(_words(ctx, row.status))
    return follow(ctx, row, "resize", _MOVE, ACTIONS["resize"].longest_seconds, then="tell")


def _words(ctx: Context, status: str) -> str:
    size = ctx.spec["flavor_name"]
    if status != VERIFY_RESIZE:
        return f"The size is {size} now"
    hours = clouds().cloud(ctx.op.cloud).portal.resize_confirm_hours
    limit = f" within {hours:g} h; after that the cloud confirms it" if hours else ""
    return f"The size is {size}: check the machine, then confirm or revert{limit}"
