"""What a handler is given for one step."""

import time
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from portal.core.errors import PortalError
from portal.operations import clouds
from portal.operations.models import Operation
from portal.operations.turns import Turn

if TYPE_CHECKING:
    from portal.cloud.connection import Cloud


class Context:
    """One step of one operation. What is changed in `progress` is stored with the step's outcome."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.op: Operation = turn.op
        self.step: str = turn.op.step
        self.spec: dict[str, Any] = turn.op.spec
        self.progress: dict[str, Any] = dict(turn.op.progress)

    @property
    def now(self) -> datetime:
        return timezone.now()

    @property
    def deadline(self) -> float:
        """The value of time.monotonic() that no call of this step may outlive."""
        return self._turn.step_deadline

    def check(self) -> None:
        """For a step that loops: stop when its time is over; it is called again, and looks what it has done."""
        if time.monotonic() > self.deadline:
            raise PortalError("operations:step-too-long", outcome="unknown", step=self.step)

    @cached_property
    def cloud(self) -> "Cloud":
        """The cloud, as the person who asked. Nothing is called before the first use."""
        op = self.op
        return clouds.connect(op.by, op.cloud, op.region, op.project_id, deadline=self.deadline)

    def note(self, message: str, request_id: str = "") -> None:
        """A line for the operation's history, written now; holds the lease for longer."""
        self._turn.add_request_ids([request_id])
        with transaction.atomic():
            self._turn.keep(request_ids=self.op.request_ids)
            self._turn.write(message)

    def remember(self, **facts: Any) -> None:
        """Store facts now, such as the id of what was just made; holds the lease for longer."""
        self.progress.update(facts)
        self._turn.keep(progress=dict(self.progress))

    def stage(self, words: str) -> None:
        """Say what is being done, for a step that takes a while; holds the lease for longer."""
        self._turn.keep(stage=words[:120])

    def request_ids(self) -> list[str]:
        """Those of the changes that this step has made so far."""
        return list(self.cloud.request_ids) if "cloud" in self.__dict__ else []
