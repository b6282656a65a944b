"""Telling of a change to an operation: the person's open pages, and whoever listens in `hooks`."""

from portal.core import events
from portal.operations import hooks
from portal.operations.models import Operation


def tell(operation: Operation) -> None:
    """Call it inside the transaction that stores the change: people hear when that has committed."""
    hooks.changed(operation)
    events.publish([f"user.{operation.by_id}"], events.Changed("operation-changed", summary(operation)))


def summary(operation: Operation) -> dict[str, str]:
    return {
        "id": str(operation.pk),
        "kind": operation.kind,
        "label": operation.label,
        "state": str(operation.state),
        "stage": operation.stage,
        "outcome": operation.outcome,
        "target_type": operation.target_type,
        "target_id": operation.target_id,
        "target_name": operation.target_name,
        "batch": str(operation.batch or ""),
    }
