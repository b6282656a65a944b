"""Why a machine is left alone, or has to wait."""

from dataclasses import dataclass
from datetime import datetime

from instances.models import Instance
from instances.policies.dues import is_away, rests
from instances.policies.models import PolicyRun
from instances.policies.rules import BACK
from instances.statuses import ERROR
from portal.operations.models import Operation

# What changes neither whether a machine runs nor whether somebody wants it to.
_BESIDE = ("instance.lock", "instance.unlock", "instance.rename", "instance.console", "instance.snapshot")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """`state`: what becomes of the run; `tell`: whether its owner should hear of it."""

    state: PolicyRun.State
    words: str
    error_id: str = ""
    tell: bool = False


def without_need(instance: Instance, action: str) -> str:
    """Why there is nothing to do: it is as this action would have it. Empty: it is not."""
    if action in BACK.values():
        return "" if rests(instance) else "It runs already."
    if instance.status == ERROR and action != "delete":
        return "It was in error, and could not be put away."
    return "It was put away already." if is_away(instance, action) else ""


def started_again(instance: Instance, before: datetime) -> str:
    """Why a schedule does not bring this machine back: only what it put away itself. Empty: it did, and nobody since."""
    last = (
        PolicyRun.objects.filter(instance=instance, kind="schedule", due_at__lt=before)
        .exclude(action__in=BACK.values())
        .first()
    )
    if last is None or last.operation is None:
        return "The schedule had not put it away, so it does not bring it back."
    # Ids of operations are in the order of time.
    newer = Operation.objects.filter(
        target_type="instance", target_id=str(instance.pk), pk__gt=last.operation
    ).exclude(kind__in=_BESIDE)
    if newer.exists():
        return "Somebody has put it away since."
    return ""
