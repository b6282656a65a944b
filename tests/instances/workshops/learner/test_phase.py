"""Which face the page shows, by the facts alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.workshops.learner.phase import Facts, phase_of

NOW = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
STAGES = ["", "empty", "building", "ready", "away", "returning", "mending", "broken", "going", "gone"]
WORKSHOPS = ["draft", "planned", "running", "ended", "removing", "removed", "cancelled"]
LEARNERS = ["invited", "waiting", "asking", "in"]


def facts(**changes: Any) -> Facts:
    usual: dict[str, Any] = {
        "workshop": "running",
        "learner": "in",
        "stage": "ready",
        "has_machine": True,
        "may_sit": True,
        "opens_at": NOW - HOUR,
        "closes_at": NOW + HOUR,
        "next_start": None,
        "in_meeting": True,
        "test_drive": False,
    }
    return Facts(**{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "at"),
        ({"workshop": "cancelled"}, "called-off"),
        ({"workshop": "ended"}, "over"),
        ({"closes_at": NOW}, "over"),
        ({"learner": "asking"}, "asking"),
        ({"learner": "invited"}, "invited"),
        ({"learner": "waiting", "stage": ""}, "waiting"),
        ({"stage": ""}, "waiting"),
        ({"may_sit": False, "workshop": "planned", "opens_at": NOW + HOUR}, "before"),
        ({"stage": "building", "has_machine": False}, "building"),
        ({"stage": "ready", "has_machine": False}, "building"),
        ({"stage": "broken"}, "broken"),
        ({"stage": "mending"}, "mending"),
        ({"stage": "away"}, "away"),
        ({"stage": "away", "in_meeting": False, "next_start": NOW + 24 * HOUR}, "away"),
        ({"test_drive": True, "closes_at": None, "workshop": "draft"}, "at"),
        ({"test_drive": True, "may_sit": False, "workshop": "draft"}, "over"),
    ],
)
def test_the_page_follows_the_facts(changes: dict[str, Any], kind: str) -> None:
    assert phase_of(facts(**changes), NOW).kind == kind


def test_a_machine_put_away_in_a_meeting_was_put_away_by_somebody() -> None:
    assert "instructor" in phase_of(facts(stage="away"), NOW).words
    between = phase_of(facts(stage="away", in_meeting=False, next_start=NOW + 24 * HOUR), NOW)
    assert between.title == "Between the meetings"


@given(
    st.builds(
        facts,
        workshop=st.sampled_from(WORKSHOPS),
        learner=st.sampled_from(LEARNERS),
        stage=st.sampled_from(STAGES),
        has_machine=st.booleans(),
        may_sit=st.booleans(),
        in_meeting=st.booleans(),
        test_drive=st.booleans(),
        next_start=st.one_of(st.none(), st.just(NOW + HOUR)),
    )
)
def test_nobody_is_at_a_seat_who_may_not_be(found: Facts) -> None:
    phase = phase_of(found, NOW)
    assert phase.title
    if phase.seated:
        assert found.may_sit and found.has_machine and found.stage == "ready" and found.learner == "in"
