"""One worker's turn at one operation, and the only writes that it may make: those under its own lease."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Q, Value, When
from django.utils import timezone

from portal.core.errors import PortalError
from portal.operations.models import Operation, OperationStep

# A worker that stores nothing for so long is taken for dead. Its calls to a cloud end a quarter of that earlier, so
# that nobody who looks after it took over can miss what it still does.
LEASE = timedelta(seconds=settings.OPERATIONS_LEASE_SECONDS)
MARGIN = LEASE / 4

State = Operation.State


class LeaseLostError(Exception):
    """Somebody else has the operation now (or it was removed): stop without touching anything."""


@dataclass(slots=True)
class Turn:
    op: Operation
    lease: UUID
    # Values of time.monotonic(). Taken before the write that they belong to, which may have waited for others.
    held_until: float
    started: float = field(default_factory=time.monotonic)
    step_deadline: float = 0.0
    # The cloud's id of the latest change that no line of the history names yet.
    unwritten_id: str = ""

    def __post_init__(self) -> None:
        self.begin_step()

    def begin_step(self) -> None:
        self.step_deadline = self.held_until - MARGIN.total_seconds()

    def keep(self, **changes: Any) -> None:
        """Store under the lease, and hold it for longer."""
        held_until = time.monotonic() + LEASE.total_seconds()
        self._update(lease_until=timezone.now() + LEASE, **changes)
        self.held_until = held_until

    def give_back(self, state: Operation.State, **changes: Any) -> None:
        """Store and let go: another turn comes when `run_after` does, or never."""
        self._update(state=state, lease=None, lease_until=None, **changes)

    def give_back_until(self, until: datetime, **changes: Any) -> None:
        """Let go until then; due at once when somebody has asked meanwhile to stop it."""
        self._give_back(When(cancel_requested=True, then=Value(timezone.now())), State.QUEUED, until, changes)

    def give_back_waiting(self, until: datetime, **changes: Any) -> None:
        """Let go until the mirror wakes it; due at once when that, or a stop, has come during this turn."""
        now = Value(timezone.now())
        already = Q(woken=True) | Q(cancel_requested=True)
        changes["state"] = Case(When(already, then=Value(State.QUEUED)), default=Value(State.WAITING))
        self._give_back(When(already, then=now), None, until, changes)

    def _give_back(
        self, early: When, state: Operation.State | None, until: datetime, changes: dict[str, Any]
    ) -> None:
        if state is not None:
            changes["state"] = state
        run_after = Case(early, default=Value(until))
        self._update(run_after=run_after, lease=None, lease_until=None, **changes)
        self.op.refresh_from_db(fields=["state", "run_after"])

    def _update(self, **changes: Any) -> None:
        held = Operation.objects.filter(pk=self.op.pk, state=State.RUNNING, lease=self.lease)
        if held.update(**changes) != 1:
            raise LeaseLostError(str(self.op.pk))
        for name, value in changes.items():
            if not isinstance(value, Case):
                setattr(self.op, name, value)

    def write(self, message: str, *, error: PortalError | None = None) -> None:
        """Add a line to the operation's history."""
        OperationStep.objects.create(
            operation=self.op,
            at=timezone.now(),
            step=self.op.step,
            message=message[:255],
            request_id=self.unwritten_id[:64],
            error_id=error.id if error else "",
        )
        self.unwritten_id = ""

    def add_request_ids(self, ids: Iterable[str]) -> None:
        """Remembered with the next store, and named by the next line of the history."""
        known = self.op.request_ids
        fresh = [name for name in dict.fromkeys(ids) if name and name not in known]
        if fresh:
            self.op.request_ids = [*known, *fresh][-50:]
            self.unwritten_id = fresh[-1]
