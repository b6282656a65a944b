"""What a workshop costs by its times."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from instances.workshops.clock.costs import Size, cost, of_stretch, per_hour
from instances.workshops.clock.window import Times
from tests.instances.workshops.clock.rating import RATES

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TEN = datetime(2026, 6, 1, 10, tzinfo=UTC)
# Ten machines with two cores: 20 SU an hour.
TENFOLD = Size(10, "m3.small", 2, RATES)


def times(*starts: datetime, **changes: Any) -> Times:
    return Times(tuple((start, start + HOUR) for start in starts), **changes)


def test_a_meeting_is_charged_with_what_it_is_ready_early_and_its_tail() -> None:
    # Five minutes of margin, 15 before, 60, 15 after.
    found = cost(times(TEN), TENFOLD, build_seconds=0, waves=1)
    assert found.meetings[0].on_from == TEN - 20 * MINUTE
    assert found.meetings[0].on_until == TEN + 75 * MINUTE
    assert found.meetings[0].hours == Decimal("1.58")
    assert round(found.total, 2) == Decimal("31.67")
    assert found.per_machine == Decimal("3.17")
    assert found.priced


def test_between_meetings_it_is_the_rate_of_how_they_are_put_away() -> None:
    def between(how: str) -> Decimal:
        return cost(times(TEN, TEN + DAY, between=how), TENFOLD, build_seconds=0, waves=1).between

    assert between("shelve") == 0
    # 24 h less 75 min after the first and 20 min before the second, at half the rate.
    assert round(between("stop"), 2) == round(Decimal(10) * (24 * 60 - 95) / 60, 2)
    kept = cost(times(TEN, TEN + DAY, between="keep"), TENFOLD, build_seconds=0, waves=1)
    assert kept.between == 0
    assert len(kept.meetings) == 2
    assert kept.meetings[1].hours == Decimal("24.25")


def test_kept_after_the_end_they_rest() -> None:
    stopped = cost(times(TEN, between="stop"), TENFOLD, build_seconds=0, waves=1, keep_days=3)
    assert stopped.kept == 3 * 24 * 10
    shelved = cost(times(TEN), TENFOLD, build_seconds=0, waves=1, keep_days=3)
    assert shelved.kept == 0


def test_meetings_back_to_back_are_charged_once_for_the_time_between() -> None:
    found = cost(times(TEN, TEN + 90 * MINUTE), TENFOLD, build_seconds=0, waves=1)
    first, second = found.meetings
    assert first.on_until == second.on_from == TEN + HOUR
    assert round(found.total, 2) == round(Decimal(20) * (20 + 150 + 15) / 60, 2)


def test_each_day_is_charged_by_its_own_rate() -> None:
    eve = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert of_stretch(TENFOLD, eve, eve + HOUR) == Decimal(10) + Decimal(20)
    assert [per_hour(TENFOLD, at) for at in (eve, eve + HOUR)] == [Decimal(20), Decimal(40)]


@pytest.mark.parametrize("flavor", ["g3.medium", ""])
def test_a_size_without_a_rate_is_said_to_have_none(flavor: str) -> None:
    size = Size(10, flavor, 2, RATES)
    found = cost(times(TEN), size, build_seconds=0, waves=1)
    assert found.total == 0 and not found.priced
    assert per_hour(size, TEN) is None


def test_no_meetings_cost_nothing() -> None:
    found = cost(Times(()), TENFOLD, build_seconds=60, waves=1, keep_days=9)
    assert found.total == 0 and found.priced
    assert found.meetings == ()
    assert cost(times(TEN), Size(0, "m3.small", 2, RATES), build_seconds=0, waves=1).per_machine == 0
