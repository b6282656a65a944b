from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from portal.core.errors import PortalError, explain
from portal.operations.models import Operation

router = Router(tags=["operations"])


class ErrorOut(Schema):
    id: str
    title: str
    what: str
    means: str
    todo: str
    cloud_said: str


class StepOut(Schema):
    at: datetime
    step: str
    message: str
    request_id: str
    error_id: str


class OperationOut(Schema):
    """`state`: queued, running, waiting, paused (needs you), done, failed, cancelled."""

    id: UUID
    kind: str
    label: str
    state: str
    stage: str
    target_type: str
    target_id: str
    target_name: str
    batch: UUID | None
    request_ids: list[str]
    outcome: str
    error: ErrorOut | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class OperationDetailOut(OperationOut):
    history: list[StepOut]


def out(op: Operation) -> dict[str, Any]:
    """An operation as the API shows it."""
    fields = (
        *("id", "kind", "label", "state", "stage", "target_type", "target_id", "target_name", "batch"),
        *("request_ids", "outcome", "created_at", "started_at", "finished_at"),
    )
    return {**{name: getattr(op, name) for name in fields}, "error": _error(op)}


def _error(op: Operation) -> ErrorOut | None:
    if not op.error_id:
        return None
    words = explain(op.error_id, op.error_params)
    return ErrorOut(
        id=op.error_id,
        title=words.title,
        what=words.what,
        means=words.means,
        todo=words.todo,
        cloud_said=op.error_detail,
    )


@router.get("/operations/{operation_id}", response=OperationDetailOut)
def get_operation(request: HttpRequest, operation_id: UUID) -> dict[str, Any]:
    """One operation of yours, with its history."""
    op = Operation.objects.filter(pk=operation_id, by_id=request.user.pk).first()
    if op is None:
        raise PortalError("portal:not-found")
    history = op.history.values("at", "step", "message", "request_id", "error_id")
    return {**out(op), "history": list(history)}
