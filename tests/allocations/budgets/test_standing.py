from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocations.budgets.standing import Standing, reached, tone

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TELLING = {80: "tell", 90: "tell", 100: "tell"}
HARD = {80: "tell", 90: "tell", 100: "block"}


def standing(
    su: float = 100, spent: float = 0, burning: float = 0, hard: bool = True, steps: object = None
) -> Standing:
    given = steps if isinstance(steps, dict) else (HARD if hard else TELLING)
    return Standing(Decimal(str(su)), Decimal(str(spent)), Decimal(str(burning)), hard, given)


def test_a_hard_budget_with_room_for_an_hour_says_yes() -> None:
    assert standing(spent=80, burning=10).answer(Decimal(10)) == ""


def test_what_runs_already_counts_towards_the_hour() -> None:
    assert standing(spent=80, burning=11).answer(Decimal(10)) == "hour"


def test_a_spent_hard_budget_says_no_even_to_what_costs_nothing() -> None:
    assert standing(spent=100).answer(Decimal(0)) == "spent"


def test_a_soft_budget_says_yes_beyond_its_end() -> None:
    assert standing(spent=150, hard=False).answer(Decimal(10)) == ""


@pytest.mark.parametrize("step", ["block", "shelve"])
def test_a_step_that_blocks_does_so_from_its_share_on(step: str) -> None:
    steps = {80: "tell", 90: step, 100: "tell"}
    assert standing(spent=89.9, hard=False, steps=steps).answer(Decimal(1)) == ""
    assert standing(spent=90, hard=False, steps=steps).answer(Decimal(1)) == "blocked"
    assert standing(spent=95, hard=False, steps=steps).blocked_at == 90


def test_a_budget_of_nothing_is_spent() -> None:
    nothing = standing(su=0)
    assert (nothing.percent, nothing.answer(Decimal(1))) == (100, "spent")


def test_a_raised_budget_says_yes_again() -> None:
    assert standing(su=100, spent=100).answer(Decimal(1)) == "spent"
    assert standing(su=200, spent=100).answer(Decimal(1)) == ""


def test_per_cents_are_never_rounded_up() -> None:
    assert standing(spent=99.999).percent == 99


def test_how_long_it_lasts_counts_what_is_asked_for_too() -> None:
    found = standing(spent=40, burning=2)
    assert found.lasts_until(NOW) == NOW + timedelta(hours=30)
    assert found.lasts_until(NOW, Decimal(2)) == NOW + timedelta(hours=15)
    assert standing().lasts_until(NOW) is None


def test_shares_are_reached_in_order_and_only_where_something_happens() -> None:
    assert reached(95, {80: "tell", 90: "", 100: "block"}) == [80]
    assert reached(100, {80: "tell", 90: "block", 100: "block"}) == [80, 90, 100]


def test_meters_turn_red_only_when_more_is_refused() -> None:
    assert (tone(79, True), tone(80, True), tone(100, True), tone(100, False)) == ("", "warn", "bad", "warn")


@given(
    st.decimals(0, 1000, places=2),
    st.decimals(0, 1000, places=2),
    st.decimals(0, 50, places=2),
    st.decimals(0, 50, places=2),
)
def test_what_is_let_through_lasts_an_hour(
    su: Decimal, spent: Decimal, burning: Decimal, more: Decimal
) -> None:
    found = Standing(su, spent, burning, True, HARD)
    if found.answer(more) == "":
        assert found.spent + found.burning + more <= found.su
