"""Which jobs are due, who has them, and what becomes of them. A worker that dies loses its claim after a while.

What a worker stores, it stores only while the job is still its own: a late one changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from django.db.models import Q, QuerySet
from django.utils import timezone

from instances.workshops.runs.models import Job
from portal.core.errors import PortalError

# Until a seat that did not answer is given up, and how long between.
TRIES = 3
PAUSES = (timedelta(seconds=5), timedelta(seconds=20))
State = Job.State
J = TypeVar("J", bound=Job)


def due(model: type[J], now: datetime) -> QuerySet[J]:
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    return model._default_manager.filter(free, next_at__lte=now)


def take(model: type[J], now: datetime, *, most: int, lease: timedelta, related: Sequence[str]) -> list[J]:
    """Claim so many, those that wait longest first. Three statements; nobody else gets what this returns."""
    ids = list(due(model, now).order_by("next_at").values_list("pk", flat=True)[:most])
    if not ids:
        return []
    name = uuid4()
    due(model, now).filter(pk__in=ids).update(taken_by=name, lease_until=now + lease)
    return list(model._default_manager.filter(taken_by=name).select_related(*related).order_by("next_at"))


def held(job: J) -> QuerySet[J]:
    return type(job)._default_manager.filter(pk=job.pk, taken_by=job.taken_by)


def store(job: Job, **changes: Any) -> bool:
    """End the claim with these changes. False: somebody else has the job by now, and nothing was changed."""
    return held(job).update(taken_by=None, lease_until=None, **changes) == 1


def renew(job: Job, lease: timedelta) -> bool:
    """For what takes long. False: it is somebody else's."""
    return held(job).update(lease_until=timezone.now() + lease) == 1


def later(job: Job, seconds: float, **changes: Any) -> bool:
    return store(job, next_at=timezone.now() + timedelta(seconds=seconds), **changes)


def finish(job: Job, state: str, **changes: Any) -> bool:
    told = {"problem_id": "", "problem_params": {}} | changes
    return store(job, state=state, next_at=None, ended_at=timezone.now(), **told)


def failed(job: Job, error: PortalError, *, tries: int = TRIES) -> bool:
    """A seat that was not reached is tried again, then given up for now; what it said itself is its last word."""
    if not unreached(error):
        return finish(job, State.FAILED, **problem_of(error))
    attempts = job.attempts + 1
    if attempts >= tries:
        return finish(job, State.UNREACHABLE, attempts=attempts, **problem_of(error))
    pause = PAUSES[min(attempts, len(PAUSES)) - 1]
    return later(job, pause.total_seconds(), attempts=attempts, **problem_of(error))


def unreached(error: PortalError) -> bool:
    return error.outcome in ("retry", "unknown") or error.id.startswith("remote:")


def problem_of(error: PortalError) -> dict[str, Any]:
    """Only what can be stored, and is short: parameters are words of machines too."""
    words = {
        name: value if isinstance(value, int | float | bool) else str(value)[:300]
        for name, value in error.params.items()
    }
    return {"problem_id": error.id, "problem_params": words}


def ask_again(rows: QuerySet[J], now: datetime) -> int:
    return rows.update(
        state=State.ASKED, attempts=0, next_at=now, ended_at=None, problem_id="", problem_params={}
    )


def slices_now(model: type[Job], now: datetime) -> int:
    """How many workers have some of these."""
    taken = model._default_manager.filter(lease_until__gte=now).values("taken_by").distinct()
    return taken.count()
