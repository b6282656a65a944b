"""Whether a machine's own rules are at least those of its allocation."""

from datetime import timedelta
from typing import Any

import pytest

from instances.policies.rules import AnyRules, DayHours, IdleRules, LeaseRules
from instances.policies.stricter import looser
from tests.instances.policies.conftest import NOON, OFFICE, office_hours

LATE = DayHours(start=8 * 60, end=20 * 60)
SHORT = DayHours(start=9 * 60, end=17 * 60)


@pytest.mark.parametrize(
    ("own", "word"),
    [
        (office_hours(), ""),
        (office_hours(week=[SHORT] * 5 + [None] * 2), ""),
        (office_hours(week=[SHORT] + [None] * 6), ""),
        (office_hours(holidays=["2026-12-25"]), ""),
        (office_hours(again=False), ""),
        (office_hours(week=[LATE] + [OFFICE] * 4 + [None] * 2), "it would run on 2026-02-17"),
        (office_hours(week=[OFFICE] * 6 + [None]), "it would run on"),
        (office_hours(zone="America/New_York"), "it would run on"),
        (
            office_hours(
                zone="America/New_York", week=[DayHours(start=9 * 60, end=20 * 60)] * 5 + [None] * 2
            ),
            "",
        ),
        (office_hours(action="stop"), "“stop” saves less than “shelve”"),
        (office_hours(action="suspend"), "“suspend” saves less than “shelve”"),
    ],
)
def test_hours(own: AnyRules, word: str) -> None:
    found = looser(own, office_hours(), NOON)
    assert found.startswith(word) if word else found == ""


def test_a_holiday_of_the_allocation_is_one_of_its_machines() -> None:
    default = office_hours(holidays=["2026-12-25"])
    assert looser(office_hours(), default, NOON).startswith("it would run on 2026-12-2")
    assert looser(office_hours(holidays=["2026-12-25", "2026-12-24"]), default, NOON) == ""


@pytest.mark.parametrize(
    ("own", "is_looser"),
    [
        ({"hours": 4, "warn_minutes": 60}, False),
        ({"hours": 2, "warn_minutes": 30}, False),
        ({"hours": 8, "warn_minutes": 60}, True),
        ({"hours": 4, "warn_minutes": 120}, True),
        ({"hours": 4, "warn_minutes": 60, "action": "stop"}, True),
    ],
)
def test_idle_rules(own: dict[str, Any], is_looser: bool) -> None:
    default = IdleRules(hours=4, warn_minutes=60)
    assert bool(looser(IdleRules.model_validate(own), default, NOON)) is is_looser


def test_leases() -> None:
    end = NOON + timedelta(days=30)
    default = LeaseRules(days=30)
    assert looser(LeaseRules(until=end), default, NOON, end) == ""
    assert looser(LeaseRules(until=end - timedelta(days=1)), default, NOON, end) == ""
    assert "end later" in looser(LeaseRules(until=end + timedelta(days=1)), default, NOON, end)
