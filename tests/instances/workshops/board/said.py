"""Facts of seats for tests of what is made of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from instances.metrics.models import Sample
from instances.workshops.board.tiles import Facts
from instances.workshops.models import Seat

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def facts(number: int = 1, stage: str = "ready", **more: Any) -> Facts:
    return Facts(**{"number": number, "stage": stage, "since": NOW - 5 * MINUTE, **more})


def taken(number: int = 1, **more: Any) -> Facts:
    """A seat with a learner who has joined and was seen just now."""
    given = {"learner": "in", "name": "Lea", "seen_at": NOW - MINUTE / 2}
    return facts(number, **{**given, **more})


def sample(seat: Seat, at: datetime, **values: Any) -> Sample:
    """A measurement of the seat's machine."""
    assert seat.instance is not None
    return Sample.objects.create(instance=seat.instance, at=at, resolution=0, **values)
