"""The operations of this app: registered where web processes load it too, so their steps are imported when they run."""

from collections.abc import Sequence
from datetime import timedelta

from instances.models import Instance
from instances.remote import firewall, jumps
from portal.operations import hooks
from portal.operations.context import Context
from portal.operations.models import Operation
from portal.operations.outcomes import Outcome
from portal.operations.registry import handler

# Long enough for a machine that is just being restarted.
_WITHIN = timedelta(minutes=10)
_URGENCY = 2


@handler(jumps.INSTALL, label="Set up as jump host", deadline=_WITHIN, urgency=_URGENCY)
def install_jump(ctx: Context) -> Outcome:
    from instances.remote import jump_steps

    return jump_steps.install(ctx)


@handler(jumps.REMOVE, label="End being the jump host", deadline=_WITHIN, urgency=_URGENCY)
def remove_jump(ctx: Context) -> Outcome:
    from instances.remote import jump_steps

    return jump_steps.remove(ctx)


@handler(firewall.LET_IN, label="Let the portal in", deadline=_WITHIN, urgency=_URGENCY)
def let_in(ctx: Context) -> Outcome:
    from instances.remote import firewall_steps

    return firewall_steps.run(ctx)


@hooks.within_change
def installs_ended(ops: Sequence[Operation]) -> None:
    """A jump host that could not be set up says why, in the same moment as its operation."""
    for op in ops:
        if op.kind == jumps.INSTALL and op.state in (Operation.State.FAILED, Operation.State.CANCELLED):
            machine = Instance.objects.select_related("allocation").filter(pk=op.target_id).first()
            if machine is not None:
                jumps.not_installed(machine, op.error_id or "remote:jump-stopped", op.error_params)
