"""Telling of a change to an operation: the person's open pages, and whoever listens in `hooks`."""

from collections.abc import Sequence

from portal.core import events
from portal.operations import hooks
from portal.operations.models import Operation


def tell(operation: Operation) -> None:
    """Call it inside the transaction that stores the change: people hear when that has committed."""
    tell_all([operation])


def tell_all(operations: Sequence[Operation]) -> None:
    """As `tell`, for operations that changed together: listeners and pages hear of them once."""
    hooks.changed(operations)
    of: dict[int, list[Operation]] = {}
    for operation in operations:
        of.setdefault(operation.by_id, []).append(operation)
    for person, theirs in of.items():
        detail = summary(theirs[0]) if len(theirs) == 1 else {"batch": str(theirs[0].batch or "")}
        events.publish([f"user.{person}"], events.Changed("operation-changed", detail))


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
