"""How long still, when it is said, and what follows, with dates."""

from datetime import date, timedelta

import pytest

from allocations.overview.countdown import Ending, Period, due_step, endings, timeline
from portal.cloud.schema_planning import ExpiryStep

TODAY = date(2026, 3, 1)
STEPS = [
    *((200, None), (91, None), (90, 90), (89, 90), (61, 90), (60, 60), (31, 60), (30, 30)),
    *((15, 30), (14, 14), (8, 14), (7, 7), (2, 7), (1, 1), (0, 0), (-5, 0)),
]


def period(resource: str, start: int, end: int) -> Period:
    return Period(resource, TODAY + timedelta(days=start), TODAY + timedelta(days=end))


@pytest.mark.parametrize(
    ("days", "step"),
    [
        (200, None),
        (91, None),
        (90, 90),
        (89, 90),
        (61, 90),
        (60, 60),
        (31, 60),
        (30, 30),
        (15, 30),
        (14, 14),
        (8, 14),
        (7, 7),
        (2, 7),
        (1, 1),
        (0, 0),
        (-5, 0),
    ],
)
def test_the_step_that_so_many_days_have_come_to(days: int, step: int | None) -> None:
    assert due_step(days) == step


def test_a_worker_that_slept_over_a_step_finds_the_newest_of_those_it_missed() -> None:
    assert [due_step(days) for days in (92, 29)] == [None, 30]


def test_the_last_day_counts_as_one() -> None:
    (found,) = endings([period("cpu", -30, 0)], TODAY)
    assert found == Ending(TODAY, ("cpu",), 1)
    assert found.step == 1 and found.tone == "bad"


def test_resources_that_end_together_are_one_ending_and_the_soonest_is_first() -> None:
    found = endings([period("cpu", -9, 50), period("gpu", -9, 20), period("storage", -9, 50)], TODAY)
    assert [(one.resources, one.days) for one in found] == [(("gpu",), 21), (("cpu", "storage"), 51)]


def test_a_period_that_follows_on_puts_the_end_off() -> None:
    found = endings([period("cpu", -300, 10), period("cpu", 11, 376)], TODAY)
    assert [one.days for one in found] == [377]


def test_a_period_after_a_gap_does_not() -> None:
    found = endings([period("cpu", -300, 10), period("cpu", 40, 376)], TODAY)
    assert [one.days for one in found] == [11]


def test_a_shorter_period_inside_of_a_longer_one_changes_nothing() -> None:
    found = endings([period("cpu", -300, 100), period("cpu", -200, 10)], TODAY)
    assert [one.days for one in found] == [101]


def test_what_has_not_begun_has_no_end_yet() -> None:
    assert endings([period("cpu", 5, 100)], TODAY) == []
    assert endings([], TODAY) == []


@pytest.mark.parametrize(
    ("days", "tone"), [(90, ""), (31, ""), (30, "warn"), (8, "warn"), (7, "bad"), (0, "bad")]
)
def test_it_is_said_louder_towards_the_end(days: int, tone: str) -> None:
    assert Ending(TODAY, ("cpu",), days).tone == tone


def test_day_nought_is_the_day_after_the_last() -> None:
    steps = [
        ExpiryStep(day=0, what="disabled"),
        ExpiryStep(day=10, what="shelved"),
        ExpiryStep(day=30, what="gone"),
    ]
    found = timeline(steps, date(2026, 4, 30), date(2026, 5, 11))
    assert [(deed.on.isoformat(), deed.past) for deed in found] == [
        ("2026-05-01", True),
        ("2026-05-11", True),
        ("2026-05-31", False),
    ]
