"""Recorded states: each course that a run saw is kept, and the demo cloud is held against all of them."""

from pathlib import Path

import pytest

from tests.contract import sequences
from tests.contract.sequences import State, contains, differences, record, recorded, with_course

A, B, C, D = ["A"], ["B"], ["C"], ["D"]  # type: tuple[State, State, State, State]


@pytest.mark.parametrize(
    ("known", "seen", "kept"),
    [
        ([], [A, B], [[A, B]]),
        ([[A, B, C]], [A, C], [[A, B, C]]),
        ([[A, C]], [A, B, C], [[A, B, C]]),
        ([[A, B, D]], [A, C, D], [[A, B, D], [A, C, D]]),
        ([[A, B, D], [A, C, D]], [A, B, C, D], [[A, B, C, D]]),
        ([[A, B, A, C]], [B, A], [[A, B, A, C]]),
        ([[A, B]], [B, A], [[A, B], [B, A]]),
    ],
)
def test_a_course_is_kept_unless_another_contains_it(
    known: list[list[State]], seen: list[State], kept: list[list[State]]
) -> None:
    assert with_course(known, seen) == kept
    assert with_course(kept, seen) == kept


def test_states_passed_over_leave_what_is_contained() -> None:
    assert contains([A, B, C], [A, C]) and contains([A, B], []) and contains([A, B, A], [B, A])
    assert not contains([A, B], [B, A]) and not contains([A], [A, A]) and not contains([], [A])


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sequences, "PATH", tmp_path / "sequences.json")
    return tmp_path / "sequences.json"


def test_a_run_that_saw_nothing_new_leaves_the_file_alone(file: Path) -> None:
    record("nova", "stop", [A, B, C])
    record("fake", "stop", [A, C])
    before = file.read_bytes(), file.stat().st_mtime_ns
    record("nova", "stop", [A, C])
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    record("nova", "stop", [A, D])
    assert recorded() == {"nova": {"stop": [[A, B, C], [A, D]]}, "fake": {"stop": [[A, C]]}}


def test_the_order_of_runs_makes_no_difference(file: Path) -> None:
    for course in ([A, B, D], [A, C, D], [A, D]):
        record("nova", "stop", course)
    once = file.read_bytes()
    file.unlink()
    for course in ([A, D], [A, C, D], [A, B, D]):
        record("nova", "stop", course)
    assert file.read_bytes() == once


REAL: sequences.Recorded = {"nova": {"stop": [[A, B, C], [A, C]]}, "fake": {"stop": [[A, D, C]]}}


def test_the_same_states_in_the_same_order_are_no_difference() -> None:
    assert differences(REAL, "stop", [A, B, C]) == []
    # What only the other zone of a real cloud showed is real, too.
    assert differences(REAL, "stop", [A, D, B, C]) == []


def test_a_stage_left_out_is_a_difference() -> None:
    assert differences(REAL, "stop", [A, C]) == ["stop: does not take the course A -> B -> C: A -> C"]


def test_stages_in_another_order_are_a_difference() -> None:
    assert len(differences(REAL, "stop", [B, A, C])) == 1


def test_a_state_that_no_real_cloud_showed_is_a_difference() -> None:
    assert differences(REAL, "stop", [A, B, ["E", None], C]) == ["stop: invents ['E', None]"]


def test_a_form_of_an_action_may_show_what_the_plain_one_does() -> None:
    known: sequences.Recorded = {"nova": {"stop": [[A, B, C]], "stop when paused": [[A, C]]}}
    assert differences(known, "stop when paused", [A, B, C]) == []
    assert len(differences(known, "stop", [A, C])) == 1


def test_an_action_that_nobody_recorded_is_a_difference() -> None:
    [line] = differences(REAL, "start", [A])
    assert "not recorded in zone nova" in line
