"""Rules as people type them: what comes out is what they meant, in the zone in which they typed it."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from instances.policies.forms import FORMS, IdleForm, LeaseForm, ScheduleForm, first_values
from instances.policies.rules import DayHours, IdleRules, LeaseRules, ScheduleRules
from tests.instances.policies.conftest import office_hours

CHICAGO = ZoneInfo("America/Chicago")


def typed(values: dict[str, Any]) -> dict[str, str]:
    """As a browser sends what a form began with: a box that is not ticked sends nothing."""
    sent: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, bool):
            if value:
                sent[name] = "on"
        elif isinstance(value, time):
            sent[name] = f"{value:%H:%M}"
        elif value is not None:
            sent[name] = value.isoformat() if isinstance(value, date) else str(value)
    return sent


@pytest.mark.parametrize(
    "rules",
    [
        office_hours(),
        office_hours(again=False, action="suspend", holidays=["2026-12-24", "2026-12-25"]),
        office_hours(week=[None] * 5 + [DayHours(start=22 * 60 + 30, end=4 * 60)] * 2),
        office_hours(zone="Asia/Kolkata"),
        IdleRules(hours=8, warn_minutes=120, action="stop"),
        LeaseRules(until=datetime(2027, 7, 1, 22, 30, tzinfo=UTC), extend_days=7),
    ],
)
def test_what_holds_comes_back_as_it_was(rules: ScheduleRules | IdleRules | LeaseRules) -> None:
    kind = {ScheduleRules: "schedule", IdleRules: "idle", LeaseRules: "lease"}[type(rules)]
    form = FORMS[kind](typed(first_values(kind, rules, CHICAGO)), zone=CHICAGO)
    assert form.is_valid(), form.errors
    assert form.rules == rules


@pytest.mark.parametrize("kind", ["schedule", "idle"])
def test_an_untouched_form_is_valid(kind: str) -> None:
    form = FORMS[kind](typed(first_values(kind, None, CHICAGO)), zone=CHICAGO)
    assert form.is_valid(), form.errors


def test_a_lease_ends_by_the_persons_own_clock() -> None:
    form = LeaseForm({"date": "2026-07-01", "time": "17:00", "action": "shelve"}, zone=CHICAGO)
    assert form.is_valid(), form.errors
    assert isinstance(form.rules, LeaseRules)
    assert form.rules.until == datetime(2026, 7, 1, 22, tzinfo=UTC)


def test_a_lease_needs_its_day_and_a_default_its_days() -> None:
    assert "Give the day on which it ends." in str(LeaseForm({"action": "shelve"}, zone=CHICAGO).errors)
    default = LeaseForm({"action": "shelve"}, zone=CHICAGO, for_default=True)
    assert "Give the number of days." in str(default.errors)


def test_midnight_is_the_end_of_the_day() -> None:
    sent = typed(first_values("schedule", office_hours(), CHICAGO)) | {"end_0": "00:00"}
    form = ScheduleForm(sent, zone=CHICAGO)
    assert form.is_valid(), form.errors
    assert isinstance(form.rules, ScheduleRules)
    assert form.rules.week[0] == DayHours(start=480, end=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"time_zone": "Chicago"}, "no time zone"),
        ({"time_zone": ""}, "Choose a time zone."),
        ({"start_2": ""}, "Give the hours of Wednesday."),
        ({"end_2": "late"}, "Enter a valid time."),
        ({"action": "explode"}, "explode is not one of the available choices"),
        ({"holidays": "2026-12-24\nXmas"}, "Line 2 is no date"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, str], words: str) -> None:
    sent = typed(first_values("schedule", office_hours(), CHICAGO)) | change
    assert words in str(ScheduleForm(sent, zone=CHICAGO).errors.as_text())


def test_closed_on_all_days_is_no_schedule() -> None:
    sent = typed(first_values("schedule", office_hours(), CHICAGO))
    closed = {name: value for name, value in sent.items() if not name.startswith("open_")}
    assert "at least one day" in str(ScheduleForm(closed, zone=CHICAGO).errors)


@pytest.mark.parametrize(("field", "value"), [("hours", "3"), ("hours", "x"), ("warn_minutes", "1")])
def test_idle_rules_are_chosen_from_what_is_offered(field: str, value: str) -> None:
    sent = {"hours": "4", "warn_minutes": "60", "action": "shelve", field: value}
    assert not IdleForm(sent, zone=CHICAGO).is_valid()
