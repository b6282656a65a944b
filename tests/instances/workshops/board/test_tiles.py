"""What a tile says is decided from facts: the state, the line under the name, and what it waits for."""

from typing import Any

import pytest

from instances.workshops.board.tiles import (
    ICONS,
    IDLE_AFTER,
    LABELS,
    STATES,
    TONES,
    Call,
    belongs,
    tile,
    tile_state,
)
from tests.instances.workshops.board.said import MINUTE, NOW, facts, taken

CALL = Call("My kernel died", NOW - 3 * MINUTE)


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        ("empty", "waiting"),
        ("building", "building"),
        ("returning", "building"),
        ("mending", "building"),
        ("ready", "ready"),
        ("away", "away"),
        ("going", "away"),
        ("gone", "away"),
        ("broken", "broken"),
    ],
)
def test_a_seat_of_nobody_is_where_its_machine_is(stage: str, state: str) -> None:
    assert tile_state(facts(stage=stage), NOW) == state


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"seen_at": None}, "joined"),
        ({}, "joined"),
        ({"cpu": 95.0}, "joined"),
        ({"seen_at": None, "cpu": 95.0}, "joined"),
        ({"seen_at": None, "connected": True}, "working"),
        ({"connected": True}, "working"),
        ({"connected": True, "seen_at": NOW - 60 * MINUTE}, "working"),
        ({"seen_at": NOW - IDLE_AFTER}, "idle"),
        ({"seen_at": NOW - IDLE_AFTER + MINUTE}, "joined"),
        ({"seen_at": NOW - IDLE_AFTER, "cpu": 19.9}, "idle"),
        ({"seen_at": NOW - IDLE_AFTER, "cpu": 20.0}, "working"),
    ],
)
def test_a_learner_at_a_ready_machine_has_joined_works_or_is_idle(more: dict[str, Any], state: str) -> None:
    assert tile_state(taken(**more), NOW) == state


def test_a_machine_that_computes_alone_is_not_said_to_have_somebody_at_it() -> None:
    assert tile(taken(cpu=90.0, seen_at=NOW - IDLE_AFTER), NOW).said == "Its machine computes"
    assert tile(taken(cpu=90.0, connected=True), NOW).said == "On the machine"


@pytest.mark.parametrize("learner", ["", "invited", "waiting", "asking"])
def test_whoever_has_not_come_leaves_the_seat_ready(learner: str) -> None:
    assert tile_state(facts(learner=learner, cpu=90.0), NOW) == "ready"


@pytest.mark.parametrize("stage", ["ready", "broken", "building", "away", "empty"])
def test_a_call_for_help_comes_before_what_the_machine_is_at(stage: str) -> None:
    assert tile_state(taken(stage=stage, call=CALL), NOW) == "help"


def test_help_at_a_broken_machine_says_both() -> None:
    found = tile(taken(stage="broken", call=CALL, problem="No host had room."), NOW)
    assert (found.state, found.said, found.trouble) == ("help", "My kernel died", "No host had room.")


def test_a_claimed_call_says_who_comes() -> None:
    assert tile(taken(call=Call("x", NOW, by="Anna")), NOW).said == "Anna comes"
    assert tile(taken(call=Call("", NOW)), NOW).said == "Asks for help"


def test_a_broken_seat_says_when_the_next_try_is() -> None:
    found = tile(facts(stage="broken", not_before=NOW + MINUTE, problem="No host had room."), NOW)
    assert (found.until_words, found.until) == ("Next try in", NOW + MINUTE)
    assert tile(facts(stage="broken", not_before=NOW - MINUTE), NOW).until is None


def test_a_seat_that_is_held_says_for_how_long() -> None:
    assert tile(facts(stage="away", held_until=NOW + MINUTE), NOW).until_words == "Left alone for"
    assert tile(facts(stage="away", held_until=NOW), NOW).until_words == ""


def test_building_says_the_stage_that_it_is_at() -> None:
    assert tile(facts(stage="building", doing="Waiting for a host"), NOW).said == "Waiting for a host"
    assert tile(facts(stage="mending"), NOW).said == "Being mended"


def test_a_problem_of_the_past_is_not_shown_at_a_ready_machine() -> None:
    assert tile(taken(problem="No host had room."), NOW).trouble == ""


@pytest.mark.parametrize(
    ("learner", "words"), [("", "Free"), ("invited", "Not come yet"), ("asking", "Asks to join")]
)
def test_a_ready_seat_says_whom_it_waits_for(learner: str, words: str) -> None:
    assert tile(facts(learner=learner), NOW).said == words


def test_a_spare_is_called_one() -> None:
    assert tile(facts(spare=True), NOW).said == "Spare"


def test_every_state_has_words_a_tone_and_a_drawing() -> None:
    assert set(STATES) == set(LABELS) == set(TONES) == set(ICONS)
    assert len(set(STATES)) == len(STATES) == 9


def test_every_stage_of_a_seat_says_something() -> None:
    from instances.workshops.models import Seat

    for stage in Seat.Stage.values:
        assert tile(facts(stage=stage), NOW).said


def test_seats_are_picked_by_words() -> None:
    free, broken, spare = facts(), facts(stage="broken"), facts(spare=True)
    asked = taken(stage="broken", call=CALL)
    assert belongs(free, "not-joined", NOW) and not belongs(taken(), "not-joined", NOW)
    assert not belongs(spare, "not-joined", NOW) and not belongs(spare, "all", NOW)
    assert belongs(spare, "spares", NOW)
    assert belongs(broken, "broken", NOW) and belongs(asked, "broken", NOW) and belongs(asked, "help", NOW)
    assert not belongs(facts(stage="going"), "all", NOW)
    assert not belongs(free, "nonsense", NOW)
