"""Policies as sentences."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from instances.policies import words
from instances.policies.rules import DayHours, IdleRules, LeaseRules, usual_week
from tests.instances.policies.conftest import NOON, OFFICE, office_hours

CHICAGO = ZoneInfo("America/Chicago")
NIGHT = DayHours(start=20 * 60, end=0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"week": [OFFICE] * 7}, "Shelved daily at 19:00 (America/Chicago), back at 8:00"),
        (
            {"week": [OFFICE] * 7, "again": False},
            "Shelved daily at 19:00 (America/Chicago), not started again",
        ),
        (
            {"action": "stop"},
            "Runs Mon–Fri 8:00–19:00 (America/Chicago); stopped outside, then started again",
        ),
        (
            {"week": [OFFICE, None, NIGHT, NIGHT, None, DayHours(start=0, end=1440), None]},
            "Runs Mon 8:00–19:00, Wed–Thu 20:00–0:00, Sat all day (America/Chicago); shelved outside, then started again",
        ),
    ],
)
def test_a_schedule(changes: dict[str, object], said: str) -> None:
    assert words.of_schedule(office_hours(**changes)) == said


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (1, "today 13:00"),
        (11, "today 23:00"),
        (12, "tomorrow 0:00"),
        (50, "Thu 14:00"),
        (24 * 7, "17 Feb 12:00"),
        (24 * 400, "17 Mar 2027 13:00"),
    ],
)
def test_a_moment_is_said_from_near_to_far(hours: int, said: str) -> None:
    assert words.near(NOON + timedelta(hours=hours), NOON, CHICAGO) == said


def test_leases_and_idle_rules() -> None:
    end = datetime(2026, 3, 1, 18, tzinfo=UTC)
    rules = LeaseRules(until=end, action="delete", delete_by=1)
    assert words.of_lease(rules, end, CHICAGO) == "Deleted at 12:00 on 1 Mar 2026 (America/Chicago)"
    assert words.of_lease(LeaseRules(days=30), None, CHICAGO) == "Shelved 30 days after it was made"
    assert words.of_idle(IdleRules(hours=1, warn_minutes=30)) == (
        "Shelved after an hour in which nothing happens on it, with a warning 30 min before"
    )


def test_a_weeks_cost() -> None:
    assert words.weekly(Decimal(4), 55 / 168) == "about 220 SU/week instead of 672"


@pytest.mark.parametrize(
    ("minutes", "said"), [(5, "5 min"), (60, "1 h"), (95, "1 h 35 min"), (4320, "3 days")]
)
def test_spans(minutes: int, said: str) -> None:
    assert words.span(timedelta(minutes=minutes)) == said


def test_what_an_untouched_form_has() -> None:
    assert words.week(usual_week("UTC").week) == "Mon–Fri 8:00–19:00"


def test_the_record_keeps_all_that_rules_say() -> None:
    closed = office_hours(holidays=["2026-12-24", "2026-12-25"])
    assert words.whole(closed).endswith("; closed on 2026-12-24, 2026-12-25")
    lease = LeaseRules(days=30, extend_days=7, longest_days=90)
    assert words.whole(lease) == (
        "Shelved 30 days after it was made; extended by 7 days, 90 days at the longest"
    )
    assert words.whole(None) == "none"
