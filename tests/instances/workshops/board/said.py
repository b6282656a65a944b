"""Facts of seats for tests of what is made of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from instances.workshops.board.tiles import Facts

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def facts(number: int = 1, stage: str = "ready", **more: Any) -> Facts:
    return Facts(**{"number": number, "stage": stage, "since": NOW - 5 * MINUTE, **more})


def taken(number: int = 1, **more: Any) -> Facts:
    """A seat with a learner who has joined and was seen just now."""
    given = {"learner": "in", "name": "Lea", "seen_at": NOW - MINUTE / 2}
    return facts(number, **{**given, **more})
