"""One worker at a time: a row with `lease_until` and `next_attempt_at` is taken for as long as the work on it lasts."""

from datetime import timedelta
from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

# Longer than any exchange may take, so that a row whose lease is over has lost its worker.
LEASE = timedelta(minutes=3)
_Row = TypeVar("_Row", bound=Model)


def free(rows: QuerySet[_Row]) -> QuerySet[_Row]:
    """Those that no worker holds, of which the next attempt is due."""
    now = timezone.now()
    unheld = Q(lease_until=None) | Q(lease_until__lt=now)
    return rows.filter(unheld, Q(next_attempt_at=None) | Q(next_attempt_at__lte=now))
