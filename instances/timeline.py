"""What happened to a machine: the portal's operations, and what Nova recorded of other tools."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from instances.models import CloudAction, Instance
from instances.rows import asker
from portal.accounts.models import CloudLink
from portal.operations.models import Operation, OperationStep

LONGEST = 100
_NOVA = {
    "create": "Created",
    "start": "Started",
    "stop": "Stopped",
    "reboot": "Rebooted",
    "suspend": "Suspended",
    "resume": "Resumed",
    "pause": "Paused",
    "unpause": "Resumed from pause",
    "shelve": "Shelved",
    "shelveOffload": "Shelved, host freed",
    "unshelve": "Unshelved",
    "lock": "Locked",
    "unlock": "Unlocked",
    "resize": "Resized",
    "confirmResize": "Resize confirmed",
    "revertResize": "Resize reverted",
    "rebuild": "Rebuilt",
    "createImage": "Image made",
    "delete": "Deleted",
    "softDelete": "Deleted, can be restored",
    "restore": "Restored",
    "attach_volume": "Volume attached",
    "detach_volume": "Volume detached",
    "attach_interface": "Network attached",
    "detach_interface": "Network detached",
    "live-migration": "Moved to another host",
    "migrate": "Moved to another host",
    "evacuate": "Moved off a failed host",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`operation` None: Nova's record of something done elsewhere. `state`: live, done, failed or ended."""

    label: str
    who: str
    at: datetime
    took: timedelta | None
    state: str
    request_ids: Sequence[str]
    operation: Operation | None = None
    steps: Sequence[OperationStep] = ()
    note: str = ""


def entries(instance: Instance) -> list[Entry]:
    """Newest first, in four queries. What Nova recorded of our own calls is told by the operation alone."""
    operations = list(
        Operation.objects.filter(target_type="instance", target_id=str(instance.pk))
        .select_related("by")
        .prefetch_related("history")[:LONGEST]
    )
    actions = list(instance.cloud_actions.all()[:LONGEST])
    ours = {request_id for op in operations for request_id in op.request_ids}
    others = [action for action in actions if action.request_id not in ours]
    names = _names(instance, others)
    found = [_of_operation(op) for op in operations]
    found += [_of_nova(action, names) for action in others]
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def _names(instance: Instance, actions: Iterable[CloudAction]) -> dict[str, str]:
    """Who is behind the cloud's user ids, where the portal knows."""
    ids = {action.user_id for action in actions if action.user_id}
    links = CloudLink.objects.filter(cloud=instance.allocation.cloud, cloud_user_id__in=ids)
    names = {link.cloud_user_id: str(link.user) for link in links.select_related("user")}
    if instance.cloud_user_id and instance.creator_name:
        names.setdefault(instance.cloud_user_id, instance.creator_name)
    return names


def _of_operation(op: Operation) -> Entry:
    end = op.finished_at
    states = {
        Operation.State.DONE: "done",
        Operation.State.FAILED: "failed",
        Operation.State.CANCELLED: "ended",
    }
    return Entry(
        label=op.label,
        who=asker(op),
        at=op.created_at,
        took=end - op.created_at if end else None,
        state=states.get(Operation.State(op.state), "live"),
        request_ids=op.request_ids,
        operation=op,
        steps=list(op.history.all()),
        note=op.outcome or ("" if end else op.stage),
    )


def _of_nova(action: CloudAction, names: dict[str, str]) -> Entry:
    failed = action.message == "Error"
    end = action.updated_at
    return Entry(
        label=_NOVA.get(action.action, action.action.replace("_", " ").capitalize()),
        who=names.get(action.user_id)
        or (f"cloud user {action.user_id[:8]}" if action.user_id else "the cloud"),
        at=action.started_at,
        took=end - action.started_at if end and end > action.started_at else None,
        state="failed" if failed else "done",
        request_ids=[action.request_id],
        note="" if failed or not action.message else action.message,
    )
