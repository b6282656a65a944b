"""What is the matter with an allocation, and when nothing is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from allocations.reports.health import KINDS, NAMES, Figures, fullest, means, troubles
from allocations.reports.models import AllocationHealth
from portal.cloud.schema_oversight import Oversight

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
LIMITS = Oversight()
WELL = Figures(
    worst=Decimal(40),
    remaining=Decimal(1000),
    ends_on=date(2027, 6, 30),
    machines=3,
    running=2,
    errors=0,
    ran_at=NOW,
    unread_since=None,
    connected=2,
    quota_percent=50,
)


def test_an_allocation_that_is_well_has_no_trouble() -> None:
    assert troubles(WELL, NOW, LIMITS) == set()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"worst": Decimal("100.1")}, {"over"}),
        ({"worst": Decimal(100)}, set()),
        ({"worst": None}, set()),
        ({"ends_on": date(2026, 12, 21)}, {"ending"}),
        ({"ends_on": date(2026, 12, 22)}, set()),
        ({"ends_on": date(2026, 11, 21)}, {"ending"}),
        ({"ends_on": date(2026, 11, 20)}, {"ended"}),
        ({"ends_on": date(2026, 11, 20), "machines": 0, "running": 0}, set()),
        ({"ends_on": None}, set()),
        ({"errors": 3}, {"erroring"}),
        ({"errors": 2}, set()),
        ({"unread_since": NOW - timedelta(minutes=60)}, {"erroring"}),
        ({"unread_since": NOW - timedelta(minutes=59)}, set()),
        ({"connected": 0}, {"unconnected"}),
        ({"quota_percent": 91}, {"quota"}),
        ({"quota_percent": 90}, set()),
        ({"running": 0, "ran_at": NOW - timedelta(days=14)}, {"idle"}),
        ({"running": 0, "ran_at": NOW - timedelta(days=13)}, set()),
        ({"running": 1, "ran_at": NOW - timedelta(days=14)}, set()),
        ({"running": 0, "ran_at": NOW - timedelta(days=99), "remaining": Decimal(0)}, set()),
    ],
)
def test_each_trouble_begins_exactly_at_its_limit(change: dict[str, Any], found: set[str]) -> None:
    assert troubles(replace(WELL, **change), NOW, LIMITS) == found


def test_the_limits_are_the_operators() -> None:
    strict = Oversight(ending_days=365, error_machines=1, quota_percent=40, idle_days=1, unread_minutes=1)
    bad = replace(
        WELL,
        errors=1,
        running=0,
        ran_at=NOW - timedelta(days=2),
        unread_since=NOW - timedelta(minutes=2),
    )
    assert troubles(bad, NOW, strict) == {"ending", "erroring", "quota", "idle"}


def test_every_trouble_has_its_words_and_its_column() -> None:
    columns = {field.name for field in AllocationHealth._meta.get_fields()}
    for kind in KINDS:
        assert kind.name in columns
        assert "{" not in means(kind, LIMITS)
    assert set(troubles(WELL, NOW, LIMITS)) <= set(NAMES)


def test_the_fullest_quota_is_found_whatever_the_cloud_told() -> None:
    quota: dict[str, Any] = {
        "instances": {"used": 9, "limit": 10},
        "cores": {"used": 50, "limit": None},
        "ram_mb": {"used": None, "limit": 5},
        "volumes": {"used": 0, "limit": 0},
        "odd": 7,
    }
    assert fullest(quota) == (90, "instances")
    assert fullest({}) == (0, "")
