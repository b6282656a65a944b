"""Shares of a cloud that has not room for all."""

from hypothesis import given
from hypothesis import strategies as st

from instances.workshops.engine.fair import may_begin, shares

DEMANDS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 300), max_size=12)


@given(st.integers(0, 500), DEMANDS)
def test_all_that_is_wanted_is_given_as_far_as_it_reaches_and_nobody_gets_more_than_they_want(
    room: int, demands: dict[str, int]
) -> None:
    found = shares(room, demands)
    assert sum(found.values()) == min(room, sum(demands.values()))
    assert all(0 <= found[name] <= wanted for name, wanted in demands.items())


@given(st.integers(0, 500), DEMANDS)
def test_nobody_who_wants_more_has_two_less_than_another(room: int, demands: dict[str, int]) -> None:
    found = shares(room, demands)
    hungry = [found[name] for name, wanted in demands.items() if found[name] < wanted]
    for has in hungry:
        assert max(found.values()) <= has + 1


@given(st.integers(0, 400), DEMANDS, DEMANDS)
def test_together_they_never_begin_more_than_there_is_room_for(
    room: int, going_on: dict[str, int], wanted: dict[str, int]
) -> None:
    at_work = dict(going_on)
    before = sum(at_work.values())
    for name in sorted(wanted):
        more = may_begin(name, room, at_work, {**wanted, name: wanted[name]})
        assert 0 <= more <= wanted[name]
        at_work[name] = at_work.get(name, 0) + more
        wanted = {**wanted, name: wanted[name] - more}
    assert sum(at_work.values()) <= max(room, before)


def test_ten_classes_of_a_hundred_get_the_same_and_a_small_one_all() -> None:
    demands = {f"class-{number}": 100 for number in range(10)} | {"small": 5}
    found = shares(240, demands)
    assert found["small"] == 5
    assert {found[name] for name in demands if name != "small"} <= {23, 24}


def test_whoever_has_more_than_their_share_waits_for_the_others() -> None:
    assert may_begin("late", 100, {"early": 100}, {"late": 50}) == 0
    assert may_begin("early", 100, {"early": 60}, {"early": 40, "late": 50}) == 0
    assert may_begin("late", 100, {"early": 60}, {"early": 40, "late": 50}) == 40
