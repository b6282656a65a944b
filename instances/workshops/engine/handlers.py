"""Hooks into the layers below, and the operation of this part."""

from datetime import timedelta

from instances import hooks as machines
from instances import hooks_seats
from instances.workshops.engine import removal, waking
from portal.operations import hooks as operations
from portal.operations.context import Context
from portal.operations.outcomes import Outcome
from portal.operations.registry import handler

operations.on_change(waking.operations_changed)
machines.on_seen(waking.machines_changed)
hooks_seats.kept(waking.machines_of_workshops)


@handler(removal.REMOVE, label="Remove a workshop", deadline=timedelta(hours=12), urgency=6)
def remove(ctx: Context) -> Outcome:
    from instances.workshops.engine import removal_steps

    return removal_steps.run(ctx)
