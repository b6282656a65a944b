"""What happens to machines when operations and credentials change."""

from collections.abc import Sequence

from django.db.models import F
from django.utils import timezone

from allocations.access import allocation_by_id
from allocations.models import Membership
from allocations.roles import Need
from instances import live
from instances.access import may
from instances.mirror.makers import recognise
from instances.models import Instance, Poll
from instances.statuses import DELETED, ERROR
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError, explain
from portal.operations.models import Operation


def operations_changed(ops: Sequence[Operation]) -> None:
    """Show it: the rows, and the timelines of machines whose pages are open."""
    asked = {op.target_id for op in ops if op.kind == "instance.launch" and op.live and op.started_at is None}
    live.appeared(asked)
    ids = {op.target_id for op in ops if op.target_type == "instance"} - asked
    if not ids:
        return
    Instance.objects.filter(pk__in=ids).update(version=F("version") + 1)
    live.push(ids)
    for pk in ids:
        events.publish([f"instance.{pk}"], events.Changed("instance:timeline", {"id": pk}))


def launches_ended(ops: Sequence[Operation]) -> None:
    """A machine that the cloud never made goes with a launch that was stopped, or shows why it failed."""
    for op in ops:
        if op.kind == "instance.launch" and op.state in (Operation.State.FAILED, Operation.State.CANCELLED):
            _launch_ended(op)


def _launch_ended(op: Operation) -> None:
    now = timezone.now()
    unmade = Instance.objects.filter(pk=op.target_id, server_id="", deleted_at=None)
    if op.state == Operation.State.CANCELLED:
        unmade.update(status=DELETED, deleted_at=now, state_since=now)
        return
    words = explain(op.error_id, op.error_params)
    unmade.update(status=ERROR, fault_message=f"{words.title}. {words.what}", state_since=now)


def may_access(user: User, op: Operation, to_change: bool) -> bool:
    """Members see what is done to the allocation's machines; who may act on a machine may stop it."""
    if op.target_type != "instance":
        return False
    found = Instance.objects.filter(pk=op.target_id).first()
    if found is None:
        return False
    try:
        found.allocation = allocation_by_id(user, found.allocation_id, Need.SEE)
    except PortalError:
        return False
    return not to_change or may(user, found, Need.ACT)


def credential_usable(user: User, cloud: str) -> None:
    """Their machines are known as theirs, and what could not be read for want of a credential is read now."""
    recognise(user, cloud)
    allocations = Membership.objects.filter(user=user, ended_at=None, allocation__cloud=cloud)
    Poll.objects.filter(
        allocation_id__in=allocations.values("allocation_id"),
        error_id__in=("instances:no-reader", "cloud:unauthorized"),
    ).update(next_at=timezone.now())
