"""The firewall group of a workshop, made right again by a worker."""

from instances.workshops.guests import firewall
from instances.workshops.models import Workshop
from portal.operations.context import Context
from portal.operations.outcomes import Done, Outcome


def run(ctx: Context) -> Outcome:
    workshop = Workshop.objects.select_related("allocation").filter(pk=ctx.op.target_id).first()
    over = (Workshop.State.REMOVING, Workshop.State.REMOVED, Workshop.State.CANCELLED)
    if workshop is None or workshop.state in over:
        return Done("The workshop is over")
    firewall.put(ctx.cloud, workshop.allocation, workshop.pk, workshop.title)
    return Done("Its seats let in the jump host, and nobody else")
