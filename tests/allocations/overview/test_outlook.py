"""The sentences: a date never stands without what it rests on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from allocations.forecast import project
from allocations.hooks import Spender
from allocations.overview.outlook import Spending, as_is, if_shelved, likely, saved_by, soonest

NOW = datetime(2026, 3, 1, tzinfo=UTC)
END = date(2026, 6, 30)


def spending(**given: Any) -> Spending:
    usual: dict[str, Any] = {
        "label": "CPU",
        "remaining": Decimal(2400),
        "burn": Decimal(10),
        "saved": Decimal(0),
        "chosen": 0,
        "starts_on": date(2026, 1, 1),
        "ends_on": END,
        "now": NOW,
    }
    return Spending(**{**usual, **given})


def spender(name: str, per_hour: int, *, shelvable: bool = True, shelved: int = 0) -> Spender:
    return Spender(
        allocation_id=1,
        instance_id=name,
        name=name,
        owner="Bob",
        owner_key="1",
        resource="cpu",
        status="ACTIVE",
        flavor_name="m3.quad",
        per_hour=Decimal(per_hour),
        per_hour_shelved=Decimal(shelved),
        shelvable=shelvable,
        url="/x/",
    )


def test_it_says_the_burn_the_date_and_how_far_that_is_from_the_end() -> None:
    assert as_is(spending(), "instance") == (
        "At today's burn of 10 SU per hour the CPU service units run out on 11 March 2026 (in 10 days, 111 days before the "
        "period ends on 30 June 2026)."
    )


def test_what_lasts_says_what_is_left_at_the_end() -> None:
    said = as_is(spending(remaining=Decimal(100_000)), "instance")
    assert (
        "the CPU service units last until the period ends on 30 June 2026; about 70,720 SU would be left"
        in said
    )


def test_where_nothing_burns_there_is_no_date() -> None:
    said = as_is(spending(burn=Decimal(0)), "virtual machine")
    assert said.startswith("No virtual machine spends CPU service units now")
    assert "run out on" not in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"remaining": Decimal(0)}, "All CPU service units are used up. The period ends on 30 June 2026."),
        ({"remaining": Decimal("-12.5")}, "are used up, and 12.5 SU more are spent"),
        ({"ends_on": date(2026, 2, 1)}, "The period ended on 1 February 2026"),
        ({"starts_on": date(2026, 4, 1)}, "begins on 1 April 2026 and ends on 30 June 2026"),
    ],
)
def test_each_state_has_its_own_words(given: dict[str, Any], said: str) -> None:
    assert said in as_is(spending(**given), "instance")


def test_today_is_called_today() -> None:
    assert "on 1 March 2026 (today, 121 days before" in as_is(spending(remaining=Decimal(5)), "instance")


def test_shelving_two_moves_the_date() -> None:
    said = if_shelved(spending(saved=Decimal(5), chosen=2), "instance")
    assert said == (
        "If you shelve these two instances, 5 SU per hour go on: they run out on 21 March 2026 (in 20 days, 101 days "
        "before the period ends on 30 June 2026)."
    )


def test_shelving_all_leaves_no_date() -> None:
    said = if_shelved(spending(saved=Decimal(10), chosen=1), "instance")
    assert (
        said
        == "If you shelve this instance: nothing is spent any more, and what is left stays until 30 June 2026."
    )


@pytest.mark.parametrize(
    "given",
    [
        {"chosen": 0},
        {"chosen": 2, "remaining": Decimal(0)},
        {"chosen": 2, "burn": Decimal(0)},
        {"chosen": 2, "ends_on": date(2026, 2, 1)},
    ],
)
def test_where_a_choice_changes_nothing_nothing_is_said(given: dict[str, Any]) -> None:
    assert if_shelved(spending(saved=Decimal(5), **given), "instance") == ""


def test_what_cannot_be_shelved_saves_nothing_and_what_still_costs_is_counted() -> None:
    machines = [
        spender("a", 8),
        spender("b", 4, shelvable=False),
        spender("c", 4, shelved=1),
        spender("d", 9),
    ]
    assert saved_by(machines, frozenset("abc")) == Decimal(11)
    assert saved_by(machines, frozenset({"nobody"})) == 0


def test_the_break_even_rate_would_last_exactly_to_the_end() -> None:
    found = spending()
    level = replace(found, burn=found.break_even)
    assert abs(level.as_is.left_at_end) < Decimal("0.001")
    assert spending(ends_on=date(2026, 2, 1)).break_even == 0
    assert spending(remaining=Decimal(-5)).break_even == 0


def test_the_days_of_late_speak_with_their_basis() -> None:
    found = spending()
    history = [(NOW.date() - timedelta(days=ago), Decimal(100 + 200 * (ago % 2))) for ago in range(1, 15)]
    said = likely(found, project(history, found.remaining, found.burn, END, NOW))
    assert said.startswith("Likely they last until 13 March 2026, between ")
    assert "the last 14 days" in said


def test_without_history_nothing_more_is_claimed() -> None:
    found = spending()
    assert likely(found, project([], found.remaining, found.burn, END, NOW)) == ""


def test_the_resource_that_runs_out_first_is_shown_first() -> None:
    calm, hot = spending(remaining=Decimal(100_000)), spending(remaining=Decimal(10))
    over = spending(ends_on=date(2026, 1, 31))
    assert soonest([calm, hot, over]) == 1
    assert soonest([over, calm]) == 1
    assert soonest([spending(burn=Decimal(0)), calm]) == 1
