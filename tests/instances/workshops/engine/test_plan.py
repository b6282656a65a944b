"""What a round decides: pure, one seat and one day at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from instances.workshops.engine.plan import PATIENT, decide, wants
from instances.workshops.engine.shapes import (
    Act,
    Delete,
    EndDrive,
    Facts,
    Give,
    Launch,
    Loose,
    Machine,
    Op,
    Part,
    Place,
    Ready,
    Rules,
    Show,
    Step,
    Tell,
    Trouble,
)

NOW = datetime(2026, 9, 1, 14, 0, tzinfo=UTC)
RULES = Rules(stuck=600, usual=200, tries=3, first_pause=20, longest_pause=600)


def place(number: int = 1, stage: str = "empty", **fields: Any) -> Place:
    given = {"id": f"{'spare' if fields.get('spare') else 'seat'}-{number}", "stage_since": NOW}
    return Place(**{**given, "number": number, "stage": stage, **fields})


def machine(**fields: Any) -> Machine:
    return Machine(**{"id": "m", **fields})


def building(**fields: Any) -> Machine:
    return machine(**{"status": "BUILD", "setup": "waiting", "since": NOW - timedelta(seconds=30), **fields})


def op(state: str = "live", name: str = "launch", **fields: Any) -> Op:
    return Op(**{"id": "o", "name": name, "state": state, **fields})


def facts(*places: Place, **fields: Any) -> Facts:
    given = {"now": NOW, "want": "on", "build": True, "bring_back": True, "rules": RULES}
    return Facts(**{**given, "places": places, **fields})


def only(found: list[Step]) -> Step:
    [step] = found
    return step


def test_everything_that_has_no_machine_is_asked_for_at_once_learners_first() -> None:
    seats = (place(1), place(2, learner=True), place(1, spare=True), place(0, drive=True, learner=True))
    step = only(decide(facts(*seats)))
    assert isinstance(step, Launch)
    assert [found.id for found in step.places] == ["seat-0", "seat-2", "seat-1", "spare-1"]
    assert wants(facts(*seats)) == 4


@pytest.mark.parametrize("changes", [{"want": "away"}, {"want": "nothing"}, {"build": False}])
def test_nothing_is_built_before_its_time_or_while_it_is_held(changes: dict[str, Any]) -> None:
    assert decide(facts(place(), **changes)) == []
    assert wants(facts(place(), **changes)) == 0


def test_a_test_drive_is_built_whatever_the_clock_says() -> None:
    seat = place(0, drive=True, held_until=NOW + timedelta(hours=1))
    assert isinstance(only(decide(facts(seat, want="nothing", build=False))), Launch)


def test_a_test_drive_whose_time_is_over_ends() -> None:
    seat = place(0, "ready", drive=True, held_until=NOW, machine=machine())
    assert isinstance(only(decide(facts(seat))), EndDrive)


def test_a_seat_that_waits_is_not_asked_for_again_until_then() -> None:
    later = place(not_before=NOW + timedelta(seconds=1))
    assert decide(facts(later)) == []
    assert isinstance(only(decide(facts(later, now=NOW + timedelta(seconds=1)))), Launch)


def test_a_machine_that_is_set_up_makes_its_seat_ready() -> None:
    assert isinstance(only(decide(facts(place(stage="building", machine=machine(), op=op())))), Ready)
    assert decide(facts(place(stage="building", machine=building(), op=op()))) == []


def test_a_failed_build_is_thrown_away_and_counted_and_broken_after_some() -> None:
    bad = op("failed", trouble=Trouble("instances:fault", {"fault": "x"}))
    first = only(decide(facts(place(stage="building", machine=building(), op=bad))))
    third = only(decide(facts(place(stage="building", machine=building(), op=bad, attempts=2))))
    assert isinstance(first, Part) and isinstance(third, Part)
    assert (first.because, first.stage, first.counts, first.not_before) == ("failed", "empty", True, None)
    assert third.stage == "broken"
    assert third.not_before is not None and third.not_before > NOW


def test_a_broken_seat_is_still_tried_but_slowly() -> None:
    waits = place(stage="broken", attempts=3, not_before=NOW + timedelta(minutes=1))
    assert decide(facts(waits)) == []
    assert isinstance(only(decide(facts(place(stage="broken", attempts=3, not_before=NOW)))), Launch)


@pytest.mark.parametrize("id", sorted(PATIENT))
def test_no_room_is_waited_for_with_pauses_that_grow_and_never_given_up(id: str) -> None:
    full = op("failed", trouble=Trouble(id))
    pauses = []
    for attempts in (0, 1, 5, 500):
        step = only(decide(facts(place(stage="building", machine=building(), op=full, attempts=attempts))))
        assert isinstance(step, Part) and step.stage == "empty" and step.not_before is not None
        pauses.append((step.not_before - NOW).total_seconds())
    assert pauses == [20, 40, 600, 600]


def test_a_build_that_takes_too_long_is_stuck_but_not_while_the_cloud_was_not_asked() -> None:
    slow = building(since=NOW - timedelta(seconds=601))
    step = only(decide(facts(place(stage="building", machine=slow, op=op()))))
    assert isinstance(step, Part) and step.because == "stuck"
    unasked = building(status="REQUESTED", since=None)
    long_ago = place(stage="building", machine=unasked, op=op(), stage_since=NOW - timedelta(hours=3))
    assert decide(facts(long_ago)) == []


def test_a_launch_that_waits_for_a_person_is_made_again_with_somebody_elses_credential() -> None:
    step = only(decide(facts(place(stage="building", machine=building(), op=op("paused")))))
    assert isinstance(step, Part) and step.trouble is not None
    assert step.trouble.id == "workshops:build-orphaned"


def test_what_is_tried_again_is_told_once_and_taken_back_when_it_goes_on() -> None:
    again = NOW + timedelta(seconds=8)
    trying = op(trouble=Trouble("cloud:unavailable"), again_at=again)
    step = only(decide(facts(place(stage="building", machine=building(), op=trying))))
    assert isinstance(step, Tell) and step.not_before == again
    told = place(
        stage="building", machine=building(), op=trying, problem_id="cloud:unavailable", not_before=again
    )
    assert decide(facts(told)) == []
    over = place(
        stage="building", machine=building(), op=op(), problem_id="cloud:unavailable", not_before=again
    )
    step = only(decide(facts(over)))
    assert isinstance(step, Tell) and step.trouble is None


@pytest.mark.parametrize("stage", ["building", "ready", "away", "returning", "mending", "broken"])
def test_a_machine_that_was_deleted_elsewhere_is_lost_whatever_was_going_on(stage: str) -> None:
    step = only(decide(facts(place(stage=stage, machine=machine(gone=True), precious=True))))
    assert isinstance(step, Part) and step.because == "lost" and not step.counts


def test_a_ready_spare_goes_to_a_seat_that_has_none_before_one_that_builds() -> None:
    spare = place(1, "ready", spare=True, machine=machine(id="s"))
    seats = (
        place(1, "building", machine=building(), op=op()),
        place(2, not_before=NOW + timedelta(minutes=5)),
    )
    found = decide(facts(*seats, spare))
    assert [(step.place.id, step.spare.id) for step in found if isinstance(step, Give)] == [
        ("seat-2", "spare-1")
    ]
    only_building = decide(facts(seats[0], spare))
    assert isinstance(only(only_building), Give)


def test_a_spare_is_given_in_the_same_round_in_which_a_build_is_found_failed() -> None:
    spare = place(1, "ready", spare=True, machine=machine(id="s"))
    bad = place(1, "building", machine=building(), op=op("failed", trouble=Trouble("instances:fault")))
    found = decide(facts(bad, spare))
    assert [type(step) for step in found] == [Part, Give]


def test_spares_stay_where_nobody_needs_them_or_the_class_is_away() -> None:
    spare = place(1, "ready", spare=True, machine=machine(id="s"))
    assert decide(facts(place(1, "ready", machine=machine()), spare)) == []
    away = decide(facts(place(1), spare, want="away"))
    assert not any(isinstance(step, Give) for step in away)


def test_between_meetings_seats_are_put_away_as_was_chosen_and_brought_back() -> None:
    on = place(stage="ready", machine=machine())
    step = only(decide(facts(on, want="away", put_away="stop")))
    assert isinstance(step, Act) and (step.action, step.stage) == ("stop", "away")
    assert decide(facts(on, want="away", put_away="")) == []
    shelved = place(stage="away", machine=machine(status="SHELVED_OFFLOADED"))
    assert decide(facts(shelved, want="away")) == []
    back = only(decide(facts(shelved)))
    assert isinstance(back, Act) and (back.action, back.stage) == ("unshelve", "returning")
    assert decide(facts(shelved, bring_back=False)) == []


def test_what_was_stopped_by_hand_is_shelved_when_the_class_is_away() -> None:
    stopped = place(stage="away", machine=machine(status="SHUTOFF"))
    step = only(decide(facts(stopped, want="away")))
    assert isinstance(step, Act) and step.action == "shelve"
    assert decide(facts(stopped, want="away", put_away="stop")) == []


@pytest.mark.parametrize("want", ["on", "away", "over"])
def test_a_seat_that_was_put_aside_by_hand_is_left_alone(want: str) -> None:
    until = NOW + timedelta(minutes=5)
    for stage, status in (("ready", "ACTIVE"), ("away", "SHELVED_OFFLOADED")):
        seat = place(stage=stage, machine=machine(status=status), held_until=until)
        assert decide(facts(seat, want=want)) == []
    assert decide(facts(place(held_until=until), want=want)) == []


def test_no_more_are_switched_at_once_than_there_is_room_for_those_that_come_back_first() -> None:
    seats = [
        place(
            number, "away", machine=machine(id=f"m{number}", status="SHELVED_OFFLOADED"), learner=number == 3
        )
        for number in (1, 2, 3)
    ]
    found = decide(facts(*seats, power_room=2))
    assert [step.place.number for step in found if isinstance(step, Act)] == [3, 1]


def test_what_does_not_come_back_is_kept_and_tried_again() -> None:
    failed = op("failed", "unshelve", trouble=Trouble("instances:no-room"))
    seat = place(stage="returning", machine=machine(status="SHELVED_OFFLOADED"), op=failed, precious=True)
    step = only(decide(facts(seat)))
    assert isinstance(step, Show) and (step.stage, step.failed) == ("away", True)
    assert step.not_before == NOW + timedelta(seconds=20)


def test_a_machine_on_which_somebody_worked_is_not_thrown_away_when_it_breaks() -> None:
    bad = machine(status="ERROR", fault="disk")
    kept = only(decide(facts(place(stage="ready", machine=bad, precious=True, learner=True))))
    assert isinstance(kept, Show) and kept.stage == "broken"
    assert kept.trouble is not None and kept.trouble.id == "workshops:machine-broke"
    thrown = only(decide(facts(place(stage="ready", machine=bad, learner=True))))
    assert isinstance(thrown, Part) and thrown.because == "failed"
    spare = place(1, "ready", spare=True, machine=machine(id="s"))
    broken = place(stage="broken", machine=bad, precious=True)
    assert decide(facts(broken, spare)) == []


def test_a_broken_machine_that_somebody_mended_is_ready_again() -> None:
    assert isinstance(only(decide(facts(place(stage="broken", machine=machine())))), Ready)


def test_a_reset_ends_when_the_set_up_does_and_is_told_when_it_fails() -> None:
    coming = machine(setup="running")
    assert decide(facts(place(stage="mending", machine=coming, op=op("live", "reset")))) == []
    assert decide(facts(place(stage="mending", machine=coming, op=op("done", "reset")))) == []
    assert isinstance(only(decide(facts(place(stage="mending", machine=machine(), op=op("done"))))), Ready)
    failed = place(
        stage="mending",
        machine=coming,
        op=op("failed", "reset", trouble=Trouble("workshops:reset-failed")),
    )
    step = only(decide(facts(failed)))
    assert isinstance(step, Show) and step.stage == "broken"


def test_while_somebody_else_acts_on_a_machine_the_round_keeps_its_hands_off() -> None:
    assert decide(facts(place(stage="ready", machine=machine(status="ERROR"), other=True))) == []
    assert decide(facts(place(stage="ready", machine=machine(), other=True), want="away")) == []
    away = place(stage="away", machine=machine(status="SHUTOFF"), other=True)
    assert decide(facts(away)) == []


def test_machines_of_no_seat_are_deleted_once_and_again_after_a_failure() -> None:
    assert only(decide(facts(loose=(Loose(machine="x"),)))) == Delete(machine="x")
    assert decide(facts(loose=(Loose(machine="x", going=True),))) == []
    late = Loose(machine="x", failed_at=NOW - timedelta(minutes=2))
    assert only(decide(facts(loose=(late,)))) == Delete(machine="x")
    assert decide(facts(loose=(Loose(machine="x", failed_at=NOW),))) == []


def test_when_it_is_removed_every_machine_goes_and_nothing_is_built() -> None:
    seats = (place(1, "ready", machine=machine(), held_until=NOW + timedelta(hours=1)), place(2))
    found = decide(facts(*seats, removing=True, want="on"))
    assert [(type(step).__name__, getattr(step, "stage", "")) for step in found] == [
        ("Part", "going"),
        ("Show", "going"),
    ]
    assert wants(facts(*seats, removing=True)) == 0
