"""What was left day by day follows from what each day took, and ahead it goes as the pace says."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import plotly.graph_objects as go
import pytest

from allocations.overview.burndown import Burndown, Pace, Point, burndown
from allocations.overview.charts import figure

START, END = date(2026, 3, 1), date(2026, 3, 31)
NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
STEADY = Pace(now=Decimal(10), likely=Decimal(10), slow=Decimal(10), fast=Decimal(10))
WIDE = Pace(now=Decimal(10), likely=Decimal(8), slow=Decimal(5), fast=Decimal(20))


def drawn(
    spent: dict[date, Decimal] | None = None,
    *,
    left: int = 1200,
    pace: Pace = STEADY,
    now: datetime = NOW,
    reported: Point | None = None,
) -> Burndown:
    return burndown(
        awarded=Decimal(2000),
        left=Decimal(left),
        reported=reported,
        starts_on=START,
        ends_on=END,
        spent=spent or {},
        metered_from=min(spent) if spent else None,
        pace=pace,
        now=now,
    )


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def test_each_midnight_has_what_the_days_after_it_took_on_top_of_what_is_left() -> None:
    found = drawn({date(2026, 3, 9): Decimal(200), date(2026, 3, 11): Decimal(50)})
    assert found.metered == [
        Point(at(9), Decimal(1450)),
        Point(at(10), Decimal(1250)),
        Point(at(11), Decimal(1250)),
        Point(NOW, Decimal(1200)),
    ]


def test_a_straight_line_stands_for_what_was_not_metered() -> None:
    found = drawn({date(2026, 3, 10): Decimal(100)})
    assert found.before == [Point(at(1), Decimal(2000)), Point(at(10), Decimal(1300))]


def test_where_the_portal_was_there_from_the_first_day_nothing_is_assumed() -> None:
    assert drawn({START: Decimal(800)}).before == []


def test_without_any_history_there_is_a_point_now_and_a_line_to_it() -> None:
    found = drawn()
    assert found.metered == [Point(NOW, Decimal(1200))]
    assert found.before == [Point(at(1), Decimal(2000)), Point(NOW, Decimal(1200))]


def test_more_was_never_left_than_was_awarded() -> None:
    found = drawn({date(2026, 3, 2): Decimal(5000)})
    assert found.metered[0].left == Decimal(2000)


def test_ahead_it_ends_where_nothing_is_left() -> None:
    found = drawn(left=240)
    assert found.ahead == [Point(NOW, Decimal(240)), Point(NOW + timedelta(hours=24), Decimal(0))]


def test_ahead_it_ends_with_the_period_where_something_is_left() -> None:
    found = drawn(left=100_000)
    assert found.ahead[-1].at == at(1) + timedelta(days=31)
    assert found.ahead[-1].left == Decimal(100_000) - 10 * (20 * 24 + 12)


def test_the_edges_of_the_range_bend_at_the_same_moments() -> None:
    found = drawn(left=240, pace=WIDE)
    fast, slow = NOW + timedelta(hours=12), NOW + timedelta(hours=48)
    end = at(1) + timedelta(days=31)
    assert [point.at for point in found.low] == [NOW, fast, slow, end] == [point.at for point in found.high]
    assert [point.left for point in found.low] == [240, 0, 0, 0]
    assert [point.left for point in found.high] == [240, 180, 0, 0]


def test_a_pace_that_never_varied_has_no_range() -> None:
    found = drawn()
    assert found.low == found.high == found.likely == []


@pytest.mark.parametrize("left", [0, -50])
def test_what_is_used_up_leads_nowhere(left: int) -> None:
    found = drawn(left=left, pace=WIDE)
    assert found.ahead == found.low == []


def test_nothing_spent_stays_level_until_the_end() -> None:
    still = Pace(now=Decimal(0), likely=Decimal(0), slow=Decimal(0), fast=Decimal(0))
    assert [point.left for point in drawn(pace=still).ahead] == [1200, 1200]


@pytest.mark.parametrize("now", [datetime(2026, 2, 20, tzinfo=UTC), datetime(2026, 4, 20, tzinfo=UTC)])
def test_before_and_after_its_period_nothing_lies_ahead(now: datetime) -> None:
    found = drawn({date(2026, 3, 30): Decimal(10)}, now=now, pace=WIDE)
    assert found.ahead == found.low == []
    assert all(point.at <= at(1) + timedelta(days=31) for point in found.metered)


def test_years_are_thinned_to_what_a_screen_can_show_and_keep_their_end() -> None:
    long = {date(2020, 1, 1) + timedelta(days=n): Decimal(1) for n in range(1500)}
    found = burndown(
        awarded=Decimal(10_000),
        left=Decimal(5),
        reported=None,
        starts_on=date(2020, 1, 1),
        ends_on=END,
        spent=long,
        metered_from=min(long),
        pace=STEADY,
        now=NOW,
    )
    assert len(found.metered) <= 367
    assert found.metered[-1] == Point(NOW, Decimal(5))


def test_the_figure_is_one_that_plotly_knows() -> None:
    reported = Point(at(10, 6), Decimal(1290))
    found = figure(drawn({date(2026, 3, 9): Decimal(200)}, pace=WIDE, reported=reported))
    go.Figure({"data": found["data"], "layout": found["layout"]})
    names = [trace["name"] for trace in found["data"] if trace.get("showlegend", True)]
    assert names == [
        "Range",
        "Not metered by the portal",
        "Left",
        "As the provider reported",
        "Likely, by the days of late",
        "At today's burn",
    ]


def test_a_figure_without_history_or_future_is_one_too() -> None:
    found = figure(drawn(left=0, now=datetime(2026, 2, 1, tzinfo=UTC)))
    go.Figure(found)
    assert found["data"] == []
