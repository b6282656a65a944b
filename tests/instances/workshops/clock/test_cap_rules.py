"""How a workshop stands to its cap."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from instances.workshops.clock.cap_rules import Verdict, blocks_next, verdict_of

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def found(
    spent: int, *, hourly: int = 0, hours: float | None = None, cap: int | None = 100, **more: Any
) -> Verdict:
    until = None if hours is None else NOW + hours * HOUR
    given = None if cap is None else Decimal(cap)
    return verdict_of(given, Decimal(spent), Decimal(hourly), NOW, until=until, **more)


@pytest.mark.parametrize(
    ("spent", "state", "percent"),
    [
        (0, "ok", 0),
        (79, "ok", 79),
        (80, "near", 80),
        (99, "near", 99),
        (100, "reached", 100),
        (140, "reached", 140),
    ],
)
def test_near_at_four_fifths_and_reached_when_all_is_spent(spent: int, state: str, percent: int) -> None:
    assert (found(spent).state, found(spent).percent) == (state, percent)


def test_near_as_soon_as_this_meeting_will_reach_it() -> None:
    assert found(40, hourly=20, hours=2).state == "ok"
    coming = found(70, hourly=20, hours=2)
    assert coming.state == "near" and coming.over_by_then
    assert coming.forecast == 110
    assert coming.reached_at == NOW + 1.5 * HOUR


def test_without_a_cap_nothing_is_near() -> None:
    free = found(10**6, hourly=50, hours=1, cap=None)
    assert (free.state, free.left, free.percent) == ("ok", None, None)
    assert free.forecast == 10**6 + 50


def test_a_cap_of_nothing_is_reached_at_once() -> None:
    assert (found(0, cap=0).state, found(0, cap=0).percent) == ("reached", 100)


def test_only_the_beginning_of_a_meeting_waits() -> None:
    reached, near = found(100), found(99)
    assert blocks_next(reached, NOW + HOUR, anything_on=False)
    assert not blocks_next(near, NOW + HOUR, anything_on=False)
    # What is on was begun under the cap.
    assert not blocks_next(reached, NOW + HOUR, anything_on=True)
    assert not blocks_next(reached, None, anything_on=False)


def test_the_word_holds_for_meetings_that_begin_before_it_ends() -> None:
    given = found(120, beyond_until=NOW + 2 * HOUR)
    assert given.beyond_until == NOW + 2 * HOUR
    assert not blocks_next(given, NOW + HOUR, anything_on=False)
    assert blocks_next(given, NOW + 3 * HOUR, anything_on=False)
    # A word of yesterday is none.
    assert blocks_next(found(120, beyond_until=NOW), NOW - HOUR, anything_on=False)
