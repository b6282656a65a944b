"""Machines × hours × weeks, at the rates of their days, against grants, quota and what is left."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocations.hooks import Size
from allocations.overview.planning import Line, Plan, cost, plan
from portal.cloud.schema import PortalCloud

QUAD, GPU, ODD = (
    Size("m3.quad", 4, 15360, 20, 0),
    Size("g3.medium", 8, 30720, 60, 1),
    Size("p1.odd", 2, 4096, 20, 0),
)
BEGINS = date(2026, 9, 1)
RATES = PortalCloud.model_validate(
    {
        "title": "One",
        "sign_in": {"methods": ["password"]},
        "rates": [
            {"flavor": "m3", "resource": "cpu", "per_vcpu_hour": 1},
            {"flavor": "g3", "resource": "gpu", "per_vcpu_hour": 2, "valid_to": "2026-09-15"},
            {"flavor": "g3", "resource": "gpu", "per_vcpu_hour": 4, "valid_from": "2026-09-15"},
        ],
        "planning": {
            "storage_per_gb": 1,
            "exchange": {"cpu": 1, "gpu": 1, "storage": 1},
            "tiers": [
                {"name": "small", "title": "Small", "credits": 10_000, "at_first": 0.5},
                {"name": "large", "title": "Large", "credits": 100_000},
                {"name": "open", "title": "In units"},
            ],
        },
    }
)


def line(size: Size = QUAD, count: int = 1, times: str = "7", hours: str = "24", weeks: int = 1) -> Line:
    return Line(size, count, Decimal(times), Decimal(hours), weeks)


def planned(*lines: Line, spare: int = 0, gb: int = 0, rates: PortalCloud = RATES, **more: Any) -> Plan:
    return plan(lines, begins=BEGINS, spare_percent=spare, storage_gb=gb, rates=rates, **more)


def test_a_class_costs_its_sessions_only_and_more_if_left_on() -> None:
    """The table of the instructors' page: 40 students, m3.quad, 15 weeks of three hours."""
    found = cost(line(count=40, times="1", hours="3", weeks=15), BEGINS, RATES)
    assert (found.per_hour, found.su, found.left_on) == (Decimal(160), Decimal(7200), Decimal(403_200))
    assert not found.changes


def test_each_rate_holds_for_its_days() -> None:
    found = cost(line(GPU, weeks=4), BEGINS, RATES)
    assert found.su == 14 * 24 * 8 * 2 + 14 * 24 * 8 * 4
    assert found.per_hour == 16 and found.changes


def test_a_size_without_a_rate_is_told_and_left_out_of_sums() -> None:
    found = planned(line(), line(ODD))
    assert found.unpriced == ["p1.odd"] and [need.resource for need in found.needs] == ["cpu"]
    assert found.costs[1].su is None
    assert {need.resource: need.needed for need in found.quota}["cores"] == 6


def test_spare_is_added_to_what_runs_and_not_to_disks() -> None:
    found = planned(line(), spare=10, gb=100)
    assert [(need.resource, need.with_spare) for need in found.needs] == [
        ("cpu", Decimal("739.2")),
        ("storage", Decimal(100)),
    ]
    assert found.credits == Decimal("839.2")


def test_the_smallest_grant_that_is_enough_is_marked() -> None:
    found = planned(line(count=20, weeks=1))
    assert found.credits == Decimal(13_440)
    assert [(fit.tier.name, fit.fits, fit.smallest) for fit in found.tiers] == [
        ("small", False, False),
        ("large", True, True),
        ("open", None, False),
    ]


def test_what_comes_at_first_may_not_be_enough() -> None:
    (small, *_) = planned(line(count=10)).tiers
    assert small.smallest and small.at_first == 5000 and not small.enough_at_first


def test_a_resource_without_a_price_in_credits_makes_no_sum_of_credits() -> None:
    planning = RATES.planning.model_copy(update={"exchange": {"gpu": Decimal(1)}})
    found = planned(line(), line(GPU), rates=RATES.model_copy(update={"planning": planning}))
    assert found.credits is None and found.tiers == []


def test_within_an_allocation_it_says_what_is_left_after_it() -> None:
    found = planned(line(), line(GPU), remaining={"cpu": Decimal(600)})
    after = {need.resource: need.after for need in found.needs}
    assert after == {"cpu": Decimal(600 - 672), "gpu": None}


def test_quota_counts_what_is_in_use_already() -> None:
    quota: dict[str, dict[str, int | None]] = {
        "instances": {"used": 20, "limit": 25},
        "cores": {"used": 4, "limit": None},
    }
    found = {need.resource: need for need in planned(line(count=10), quota=quota).quota}
    assert found["instances"].lacking == 5
    assert found["cores"].lacking == 0 and found["cores"].known
    assert not found["ram_mb"].known and found["ram_mb"].lacking == 0
    assert "volume_gb" not in found


def test_more_than_a_whole_week_is_a_whole_week() -> None:
    assert line(times="30", hours="24").hours_a_week == 168


@given(
    count=st.integers(1, 500),
    weeks=st.integers(1, 60),
    cut=st.integers(1, 59),
    hours=st.integers(1, 24),
)
def test_two_lines_cost_what_one_of_both_does(count: int, weeks: int, cut: int, hours: int) -> None:
    one = planned(line(count=count + cut, hours=str(hours), weeks=weeks)).su
    two = planned(
        line(count=count, hours=str(hours), weeks=weeks), line(count=cut, hours=str(hours), weeks=weeks)
    ).su
    assert abs(one - two) < Decimal("0.000001")


@pytest.mark.parametrize("weeks", [1, 15, 520])
def test_always_on_is_what_leaving_it_on_costs(weeks: int) -> None:
    found = cost(line(weeks=weeks), BEGINS, RATES)
    assert found.su == found.left_on == 4 * 168 * weeks
