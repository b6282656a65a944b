"""What can be done to seats, and what stands in the way."""

import pytest

from instances.workshops.board.acts import ACTS, in_the_way
from instances.workshops.models import Seat
from instances.workshops.rights import Right
from tests.instances.workshops.board.said import NOW, facts, taken

DESTROYS = {"reset", "swap", "replace"}


def test_what_destroys_says_what_is_lost_and_asks_for_the_count() -> None:
    for act in ACTS.values():
        assert act.counted == (act.name in DESTROYS)
        assert bool(act.loses) == act.counted
        assert "home" in act.loses or not act.counted


def test_helpers_act_on_seats_and_those_who_run_it_speak_to_all() -> None:
    assert {act.name for act in ACTS.values() if act.right > Right.HELP} == {"say"}


@pytest.mark.parametrize(
    ("name", "able"),
    [
        ("start", {"away"}),
        ("stop", {"ready"}),
        ("shelve", {"ready"}),
        ("run", {"ready"}),
        ("push", {"ready"}),
        ("reset", {"ready", "away", "broken"}),
        ("swap", {"ready", "away", "broken", "building", "returning", "mending"}),
        ("replace", {"ready", "away", "broken", "building", "returning", "mending", "empty"}),
    ],
)
def test_an_act_is_possible_in_these_stages_alone(name: str, able: set[str]) -> None:
    tried = {stage for stage in Seat.Stage.values if not in_the_way(ACTS[name], taken(stage=stage))}
    assert tried == able


def test_a_spare_is_not_swapped_for_a_spare() -> None:
    assert in_the_way(ACTS["swap"], facts(spare=True)) == "It is a spare itself."


def test_a_message_needs_somebody_to_read_it() -> None:
    assert in_the_way(ACTS["say"], facts()) == "Nobody sits here."
    assert in_the_way(ACTS["say"], taken(stage="building")) == ""


def test_only_what_was_taken_from_the_clock_is_given_back() -> None:
    assert in_the_way(ACTS["release"], taken()) != ""
    assert in_the_way(ACTS["release"], taken(held_until=NOW)) == ""
