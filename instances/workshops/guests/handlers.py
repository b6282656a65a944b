"""Hooks into the layers below, and the operations of this part."""

from datetime import timedelta

from instances import hooks as launches
from instances.mirror.details import on_console
from instances.workshops import hooks
from instances.workshops.guests import firewall, home, notes, removal
from portal.operations.context import Context
from portal.operations.outcomes import Outcome
from portal.operations.registry import handler

launches.seat_group(firewall.ensure)
hooks.leftovers(removal.left)
on_console(notes.console_was_read)


@handler(firewall.KEEP_TRUE, label="Keep the seats apart", deadline=timedelta(minutes=10), urgency=2)
def keep_true(ctx: Context) -> Outcome:
    from instances.workshops.guests import firewall_steps

    return firewall_steps.run(ctx)


@handler(home.RESET, label="Reset", deadline=timedelta(hours=2), urgency=4)
def reset(ctx: Context) -> Outcome:
    from instances.workshops.guests import home_steps

    return home_steps.run(ctx)
