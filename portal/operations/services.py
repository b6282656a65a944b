"""Asking for operations, waking, stopping and resuming them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from portal.accounts.models import User
from portal.core import audit, bulk
from portal.core.claims import claim
from portal.core.errors import PortalError
from portal.operations import queue
from portal.operations.enqueue import enqueue_on_commit
from portal.operations.models import Operation, OperationStep
from portal.operations.registry import kind_of
from portal.operations.tell import tell, tell_all

State = Operation.State


@dataclass(frozen=True, slots=True)
class Wanted:
    """One operation of several that are asked for together: what it is done to, and how."""

    target_id: object
    target_name: str
    spec: dict[str, Any]


def submit(
    *,
    kind: str,
    by: User,
    cloud: str,
    region: str,
    project_id: str,
    target_type: str,
    target_id: object,
    target_name: str,
    spec: dict[str, Any],
    batch: UUID | None = None,
    run_after: datetime | None = None,
    urgency: int | None = None,
) -> Operation:
    """Write the intent down in the caller's transaction; workers hear of it when that commits."""
    [operation] = submit_many(
        kind=kind,
        by=by,
        cloud=cloud,
        region=region,
        project_id=project_id,
        target_type=target_type,
        wanted=[Wanted(target_id, target_name, spec)],
        batch=batch,
        run_after=run_after,
        urgency=urgency,
    )
    return operation


@transaction.atomic
def submit_many(
    *,
    kind: str,
    by: User,
    cloud: str,
    region: str,
    project_id: str,
    target_type: str,
    wanted: Sequence[Wanted],
    batch: UUID | None = None,
    run_after: datetime | None = None,
    urgency: int | None = None,
) -> list[Operation]:
    """As `submit`, for any number of targets with the same few statements. Their order is the order of their turns.

    `urgency`: another than their kind has, for what the portal does by itself while people wait for theirs.
    """
    known = kind_of(kind)
    if known is None:
        raise ValueError(f"no handler is registered for operation kind {kind!r}")
    now = timezone.now()
    first_turn = queue.fair_key(by.pk, now)
    operations = [
        Operation(
            kind=kind,
            label=known.label,
            by=by,
            cloud=cloud,
            region=region,
            project_id=project_id,
            target_type=target_type,
            target_id=str(one.target_id),
            target_name=one.target_name[:255],
            batch=batch,
            spec=one.spec,
            fair_key=first_turn + number,
            urgency=known.urgency if urgency is None else urgency,
            run_after=run_after or now,
            deadline_at=max(now, run_after or now) + known.deadline,
            created_at=now,
        )
        for number, one in enumerate(wanted)
    ]
    bulk.insert(operations)
    bulk.insert([_line(operation, f"Asked for by {by}", now) for operation in operations])
    tell_all(operations)
    enqueue_on_commit(len(operations), after=((run_after or now) - now).total_seconds())
    return operations


def wake(target_type: str, target_ids: Iterable[object]) -> int:
    """The mirror saw these targets change: operations that wait for them are due now."""
    ids = [str(target_id) for target_id in target_ids]
    if not ids:
        return 0
    now = timezone.now()
    watching = Operation.objects.filter(
        target_type=target_type, target_id__in=ids, state__in=(State.WAITING, State.RUNNING)
    )
    # One statement: between two of them a worker could let go of its operation and be seen by neither.
    waits = Q(state=State.WAITING)
    told = watching.update(
        state=Case(When(waits, then=Value(State.QUEUED)), default=F("state")),
        run_after=Case(When(waits, then=Value(now)), default=F("run_after")),
        woken=Case(When(waits, then=F("woken")), default=Value(True)),
    )
    due = Q(target_type=target_type, target_id__in=ids, state=State.QUEUED, run_after=now)
    woken = Operation.objects.filter(due).count() if told else 0
    enqueue_on_commit(woken)
    return woken


@transaction.atomic
def cancel(*, op: Operation, by: User) -> Operation:
    """Stop it. What had not begun ends here; what had begun is stopped by a worker at the end of its step."""
    now = timezone.now()
    live = Operation.objects.filter(pk=op.pk, state__in=Operation.LIVE)
    idle = live.filter(state__in=(State.QUEUED, State.PAUSED), started_at=None)
    if claim(
        idle, state=State.CANCELLED, finished_at=now, outcome="Stopped before it began", cancel_requested=True
    ):
        _write(op, f"Stopped by {by} before it began")
    elif claim(live.filter(cancel_requested=False), cancel_requested=True):
        live.exclude(state=State.RUNNING).update(state=State.QUEUED, run_after=now)
        _write(op, f"{by} asked to stop this")
        enqueue_on_commit()
    elif not live.exists():
        raise PortalError("operations:over", label=op.label)
    op.refresh_from_db()
    audit.record(
        "operation.cancel",
        by=by,
        scope=scope_of(op),
        target_type=op.target_type,
        target_id=op.target_id,
        target_name=op.target_name,
        operation=str(op.pk),
    )
    tell(op)
    return op


@transaction.atomic
def resume(*, user: User, cloud: str) -> int:
    """The person has connected to the cloud again: what waited for that goes on, with its full time."""
    paused = Operation.objects.filter(by=user, cloud=cloud, state=State.PAUSED)
    resumed = 0
    for operation in paused.select_related("by"):
        resumed += _resume(operation)
    enqueue_on_commit(resumed)
    return resumed


def _resume(operation: Operation) -> bool:
    known = kind_of(operation.kind)
    now = timezone.now()
    deadline = now + known.deadline if known else operation.deadline_at
    still_paused = Operation.objects.filter(pk=operation.pk, state=State.PAUSED)
    changes = {"run_after": now, "deadline_at": deadline, "attempts": 0, "error_id": "", "error_params": {}}
    if not claim(still_paused, state=State.QUEUED, error_detail="", **changes):
        return False
    operation.refresh_from_db()
    _write(operation, "Connected again: going on")
    tell(operation)
    return True


def live_for(target_type: str, ids: Iterable[object]) -> dict[str, Operation]:
    """The operation in progress of each of these targets, the newest where there are several; one query."""
    wanted = [str(target_id) for target_id in ids]
    found = Operation.objects.filter(target_type=target_type, target_id__in=wanted, state__in=Operation.LIVE)
    return {operation.target_id: operation for operation in found.select_related("by").order_by("id")}


def scope_of(operation: Operation) -> str:
    return f"{operation.cloud}/{operation.region}/{operation.project_id}"


def _write(operation: Operation, message: str) -> None:
    _line(operation, message, timezone.now()).save()


def _line(operation: Operation, message: str, at: datetime) -> OperationStep:
    return OperationStep(operation=operation, at=at, step=operation.step, message=message[:255])
