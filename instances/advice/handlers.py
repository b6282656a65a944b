"""Operations of this app: registered where web processes load it too, so their steps are imported when they run."""

from datetime import timedelta

from allocations.access import allocations_of
from allocations.roles import Need, allows
from instances.advice.services import DELETE_VOLUME, RELEASE
from portal.accounts.models import User
from portal.operations import hooks
from portal.operations.context import Context
from portal.operations.models import Operation
from portal.operations.outcomes import Outcome
from portal.operations.registry import handler

_WITHIN = timedelta(minutes=30)
_URGENCY = 4


@handler(RELEASE, label="Release the address", deadline=_WITHIN, urgency=_URGENCY)
def release(ctx: Context) -> Outcome:
    from instances.advice import steps

    return steps.release(ctx)


@handler(DELETE_VOLUME, label="Delete the volume", deadline=_WITHIN, urgency=_URGENCY)
def delete_volume(ctx: Context) -> Outcome:
    from instances.advice import steps

    return steps.delete_volume(ctx)


@hooks.may_access
def may_access(user: User, operation: Operation, to_change: bool) -> bool:
    """Members see them; who manages the allocation may stop them."""
    if operation.kind not in (RELEASE, DELETE_VOLUME):
        return False
    mine = allocations_of(user).filter(pk=operation.spec.get("allocation", 0)).first()
    return mine is not None and allows(mine.viewer_role, Need.MANAGE if to_change else Need.SEE)
