"""Whether what people asked for is being worked on; and the clouds, whose package is no app to be found at start."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Min
from django.utils import timezone

from portal.cloud import health_checks as clouds
from portal.core.health import Part, check
from portal.operations import queue

__all__ = ["clouds", "operations"]

_LATE = timedelta(minutes=2)


@check("operations")
def operations() -> Iterable[Part]:
    now = timezone.now()
    try:
        oldest = queue.due(now).aggregate(oldest=Min("run_after"))["oldest"]
    except DatabaseError:
        return [Part("operations", False, "cannot be counted without the database")]
    late = now - oldest if oldest else timedelta()
    note = f"the oldest waits for a worker since {late.total_seconds():.0f} s" if oldest else "none waits"
    return [Part("operations", late < _LATE, note)]
