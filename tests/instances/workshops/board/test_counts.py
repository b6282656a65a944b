"""Counts that are honest, in words."""

from instances.workshops.board.counts import count
from instances.workshops.board.tiles import Call
from tests.instances.workshops.board.said import NOW, facts, taken


def test_a_class_is_counted_in_a_sentence() -> None:
    call = Call("", NOW)
    seats = [taken(number) for number in range(1, 29)]
    seats += [taken(number, call=call) for number in range(29, 32)]
    seats += [facts(number) for number in range(32, 38)]
    seats += [facts(38, "building"), facts(39, "building"), facts(40, "broken")]
    spares = [facts(1, spare=True), facts(2, spare=True)]

    assert count(seats + spares, NOW, replaced=1).words == (
        "37 of 40 ready, 2 building, 1 broken, 1 replaced; 31 joined, 3 need help, 2 of 2 spares ready"
    )


def test_what_is_nothing_is_not_said() -> None:
    assert count([facts()], NOW).words == "1 of 1 ready; 0 joined"


def test_one_needs_help() -> None:
    assert count([taken(call=Call("", NOW))], NOW).words == "1 of 1 ready; 1 joined, 1 needs help"


def test_no_seats() -> None:
    assert count([], NOW).words == "No seats yet"


def test_a_learner_whose_machine_is_still_built_has_joined() -> None:
    found = count([taken(stage="building")], NOW)
    assert (found.ready, found.joined) == (0, 1)
    assert found.words == "0 of 1 ready, 1 building; 1 joined"


def test_seats_that_are_put_away_or_going_are_counted_as_such() -> None:
    found = count([facts(1, "away"), facts(2, "going"), facts(3, "gone"), facts(4, "returning")], NOW)
    assert (found.seats, found.away) == (3, 2)
    assert "1 coming back" in found.words


def test_a_spare_never_counts_as_a_seat() -> None:
    found = count([facts(1, spare=True), facts(2, "building", spare=True)], NOW)
    assert (found.seats, found.ready, found.spares, found.spares_ready) == (0, 0, 2, 1)


def test_every_seat_is_in_exactly_one_group_of_machines() -> None:
    stages = ["empty", "building", "ready", "away", "returning", "mending", "broken", "going"]
    found = count([facts(number, stage) for number, stage in enumerate(stages, 1)], NOW)
    others = sum(number for _, number in found.under_way)
    assert found.ready + found.broken + found.away + others == found.seats == len(stages)
    assert sum(found.by_state.values()) == len(stages)
