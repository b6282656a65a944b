"""The transition table: each action where it is possible, and refused beside it, with the reason."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.states import (
    ACTIONS,
    BULK_ACTIONS,
    MachineState,
    badge,
    in_transition,
    progress,
    ruling,
    rulings,
)
from instances.statuses import BADGES, BUSY, TASKS

STATUSES = [
    *("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "SHELVED", "SHELVED_OFFLOADED", "ERROR", "VERIFY_RESIZE"),
    *("BUILD", "RESIZE", "REBOOT", "DELETED", "SOFT_DELETED", "REQUESTED", "RESCUE"),
]
# As Nova has it, and as people may do it here.
POSSIBLE = {
    "start": {"SHUTOFF"},
    "stop": {"ACTIVE"},
    "reboot": {"ACTIVE"},
    "hard_reboot": {"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "ERROR"},
    "suspend": {"ACTIVE"},
    "resume": {"SUSPENDED", "PAUSED"},
    "shelve": {"ACTIVE", "PAUSED", "SHUTOFF", "SUSPENDED"},
    "unshelve": {"SHELVED", "SHELVED_OFFLOADED"},
    "resize": {"ACTIVE", "SHUTOFF"},
    "confirm_resize": {"VERIFY_RESIZE"},
    "revert_resize": {"VERIFY_RESIZE"},
    "rebuild": {"ACTIVE", "SHUTOFF", "ERROR"},
    "snapshot": {"ACTIVE", "PAUSED", "SHUTOFF", "SUSPENDED"},
    "console": {"ACTIVE", "PAUSED", "VERIFY_RESIZE", "REBOOT", "RESCUE"},
    "assign_address": {"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "VERIFY_RESIZE", "RESCUE"},
}
EVERYWHERE = ("lock", "rename", "delete")
GONE = {"DELETED", "SOFT_DELETED"}


def state(status: str = "ACTIVE", **changes: object) -> MachineState:
    return MachineState(status=status, **changes)  # type: ignore[arg-type]


def test_the_table_has_every_action_of_the_contract() -> None:
    contract = (
        "start stop reboot hard_reboot suspend resume shelve unshelve lock unlock rename resize confirm_resize "
        "revert_resize rebuild snapshot console assign_address unassign_address delete"
    )
    assert list(ACTIONS) == contract.split()


@pytest.mark.parametrize(("action", "status"), product(POSSIBLE, STATUSES))
def test_each_action_is_possible_in_its_states_and_refused_in_all_others(action: str, status: str) -> None:
    found = ruling(action, state(status))
    assert found.allowed is (status in POSSIBLE[action])
    assert bool(found.reason) is not found.allowed


@pytest.mark.parametrize(("action", "status"), product(EVERYWHERE, STATUSES))
def test_some_actions_are_possible_until_the_machine_is_gone(action: str, status: str) -> None:
    made = status != "REQUESTED" or action == "delete"
    assert ruling(action, state(status)).allowed is (status not in GONE and made)


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"unlock", "snapshot", "console", "lock"}))
def test_a_lock_stops_what_changes_the_machine(action: str) -> None:
    status = next(iter(POSSIBLE.get(action, {"ACTIVE"})))
    given = {"floating_address": action == "unassign_address"}
    assert ruling(action, state(status, **given)).allowed
    assert "Unlock it first" in ruling(action, state(status, locked=True, **given)).reason


@pytest.mark.parametrize("action", ["unlock", "snapshot", "console"])
def test_a_lock_does_not_stop_what_leaves_the_machine_as_it_is(action: str) -> None:
    assert ruling(action, state(locked=True)).allowed


def test_lock_and_unlock_are_each_possible_where_the_other_is_not() -> None:
    assert ruling("lock", state()).allowed
    assert not ruling("unlock", state()).allowed
    assert ruling("unlock", state(locked=True)).allowed
    assert not ruling("lock", state(locked=True)).allowed


def test_the_operators_veto_names_the_group() -> None:
    vetoed = state(vetoes=frozenset({"suspend"}), group_title="GPU (whole A100)")
    assert ruling("suspend", state()).allowed
    assert "GPU (whole A100)" in ruling("suspend", vetoed).reason
    assert ruling("stop", vetoed).allowed


@pytest.mark.parametrize("action", ["stop", "resize", "snapshot", "shelve", "assign_address"])
def test_a_task_of_the_cloud_stops_other_changes(action: str) -> None:
    assert "being" not in ruling(action, state()).reason
    assert ruling(action, state(task_state="rebooting")).reason == "It is busy: rebooting."


@pytest.mark.parametrize("action", ["delete", "lock", "rename", "console"])
def test_a_task_of_the_cloud_does_not_stop_these(action: str) -> None:
    assert ruling(action, state(task_state="image_uploading")).allowed


def test_an_operation_of_the_portal_stops_others_and_delete_supersedes_it() -> None:
    busy = state(operation="“Stop”, asked for by Bob")
    assert "asked for by Bob" in ruling("reboot", busy).reason
    assert "asked for by Bob" in ruling("rename", busy).reason
    assert ruling("delete", busy).allowed


def test_addresses_come_and_go_by_turns() -> None:
    assert ruling("assign_address", state()).allowed
    assert not ruling("unassign_address", state()).allowed
    assert ruling("unassign_address", state(floating_address=True)).allowed
    assert not ruling("assign_address", state(floating_address=True)).allowed


def test_a_root_volume_is_not_rebuilt() -> None:
    assert ruling("rebuild", state()).allowed
    assert "volume" in ruling("rebuild", state(volume_backed=True)).reason


def test_an_action_that_does_not_exist_is_refused() -> None:
    assert not ruling("explode", state()).allowed


def test_what_destroys_asks_for_the_name() -> None:
    destructive = {name for name, action in ACTIONS.items() if action.danger == "destructive"}
    assert destructive == {"rebuild", "delete"}
    assert all(ACTIONS[name].confirm == "name" for name in destructive)


def test_bulk_has_nothing_that_needs_a_choice_for_each_machine() -> None:
    assert set(BULK_ACTIONS) >= {"start", "stop", "shelve", "unshelve", "delete", "lock", "unlock"}
    assert not {"rename", "resize", "snapshot", "rebuild", "console", "assign_address"} & set(BULK_ACTIONS)


def test_every_action_explains_itself() -> None:
    for action in ACTIONS.values():
        assert action.consequence.endswith(".")
        assert 0 < action.usual_seconds < action.longest_seconds


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_task_is_what_people_read_while_it_lasts(task: str) -> None:
    shown = badge("ACTIVE", task)
    assert (shown.label, shown.busy) == (TASKS[task], True)


@pytest.mark.parametrize(
    ("setup", "label", "busy"),
    [
        ("waiting", "Starting up", True),
        ("running", "Setting up", True),
        ("complete", "Ready", False),
        ("error", "Setup failed", False),
        ("", "Active", False),
    ],
)
def test_set_up_shows_while_the_machine_runs(setup: str, label: str, busy: bool) -> None:
    assert (badge("ACTIVE", "", setup).label, badge("ACTIVE", "", setup).busy) == (label, busy)
    assert badge("SHUTOFF", "", setup).label == "Stopped"


def test_an_unknown_status_is_shown_as_it_is() -> None:
    shown = badge("TELEPORTING_AWAY")
    assert (shown.label, shown.tone, shown.busy) == ("Teleporting away", "unknown", False)


def test_transitions_are_those_that_end_by_themselves() -> None:
    assert in_transition("BUILD")
    assert in_transition("ACTIVE", "powering-off")
    assert not in_transition("VERIFY_RESIZE")
    assert not in_transition("ERROR")
    assert "REQUESTED" not in BUSY
    assert {"BUILD", "RESIZE"} <= BUSY <= BADGES.keys()


@given(st.text(max_size=40), st.text(max_size=40), st.booleans())
def test_no_status_breaks_the_rules(status: str, task: str, locked: bool) -> None:
    found = rulings(state(status, task_state=task, locked=locked))
    assert all(one.allowed or one.reason for one in found.values())
    assert badge(status, task).label


@given(st.floats(0, 1e9), st.floats(0, 1e6))
def test_a_bar_grows_and_is_never_full_before_the_end(elapsed: float, usual: float) -> None:
    assert 0 <= progress(elapsed, usual) <= 95
    assert progress(elapsed, usual) <= progress(elapsed + 1, usual)


def test_a_bar_is_at_two_thirds_at_the_usual_time() -> None:
    assert progress(30, 30) == 67
