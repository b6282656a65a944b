"""Judgement of steps without a cloud: faults, limits of time, and the record of what was asked."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.actions import ACTIONS
from instances.steps import CANCEL, RUN
from instances.steps.machine import faulty, wait
from instances.steps.resize import _reached
from instances.steps.simple import MOVES
from portal.core.errors import PortalError, explain, listed
from portal.operations.context import Context
from portal.operations.models import Operation
from portal.operations.outcomes import Wait
from portal.operations.registry import kind_of
from tests.instances.rows import machine
from tests.instances.servers import server


def context(seconds_ago: float) -> Context:
    now = timezone.now()
    op = Operation(label="Stop", step_since=now - timedelta(seconds=seconds_ago), created_at=now)
    return cast(Context, SimpleNamespace(op=op, now=now))


def test_every_action_has_steps_and_an_operation_kind() -> None:
    assert set(RUN) == {*ACTIONS, "launch"}
    assert set(CANCEL) == {"launch"}
    for name in RUN:
        kind = kind_of(f"instance.{name}")
        assert kind is not None
        longest = ACTIONS[name].longest_seconds if name in ACTIONS else 7200
        assert kind.deadline.total_seconds() > longest


def test_short_work_goes_before_launches() -> None:
    def urgency(name: str) -> int:
        kind = kind_of(f"instance.{name}")
        assert kind is not None
        return kind.urgency

    assert urgency("console") < urgency("lock") < urgency("stop") < urgency("launch")


@pytest.mark.parametrize(
    ("message", "error_id"),
    [
        ("No valid host was found. ", "instances:no-room"),
        ("Build of instance x aborted: Failed to allocate the network(s)", "instances:fault"),
        ("", "instances:fault"),
    ],
)
def test_a_server_in_error_says_why(allocation: Allocation, message: str, error_id: str) -> None:
    found = faulty(machine(allocation, status="ERROR", fault_message=message))
    assert found is not None
    assert found.id == error_id
    assert "?" not in found.problem.what


def test_a_machine_that_is_well_has_no_fault(allocation: Allocation) -> None:
    assert faulty(machine(allocation, fault_message="long ago")) is None


def test_a_step_waits_until_it_has_taken_too_long(allocation: Allocation) -> None:
    lab = machine(allocation)
    assert isinstance(wait(context(59), lab, 60), Wait)
    with pytest.raises(PortalError) as found:
        wait(context(61), lab, 60)
    assert (found.value.id, found.value.outcome) == ("instances:too-slow", "refused")


@pytest.mark.parametrize("name", [name for name in MOVES if name not in ("lock", "unlock", "rename")])
def test_a_server_in_error_is_where_no_action_wanted_it(name: str) -> None:
    """Else the action would be told as done, and the fault of the server never."""
    broken = server(status="ERROR", vm_state="error", flavor_name="m3.quad")
    assert not MOVES[name].reached(broken, {"flavor_name": "m3.quad", "image_id": "image-1"})


@pytest.mark.parametrize(
    ("changes", "reached"),
    [
        ({"status": "VERIFY_RESIZE", "flavor_name": "m3.quad"}, True),
        ({"status": "VERIFY_RESIZE", "flavor_name": "m3.quad", "task_state": "resize_confirming"}, False),
        ({"status": "RESIZE", "flavor_name": "m3.quad", "task_state": "resize_finish"}, False),
        ({"status": "ACTIVE", "flavor_name": "m3.quad"}, True),
        ({"status": "SHUTOFF", "flavor_name": "m3.quad"}, True),
        ({"status": "ACTIVE", "flavor_name": "m3.small"}, False),
    ],
)
def test_a_resize_has_arrived_when_the_size_is_there_and_nothing_moves(
    changes: dict[str, Any], reached: bool
) -> None:
    assert _reached(server(**changes), {"flavor_name": "m3.quad"}) is reached


PROBLEMS = (
    "not-connected no-reader too-many catalogue-unread flavor-gone image-gone network-gone no-network "
    "address-gone no-addresses key-gone disk-too-small ram-too-small quota no-su few-su not-now busy "
    "resize-disk resize-quota deleted-meanwhile no-room fault given-up too-slow setup-failed image-lost "
    "console-expired"
)


@pytest.mark.parametrize("name", PROBLEMS.split())
def test_every_problem_says_what_happened_what_it_means_and_what_to_do(name: str) -> None:
    assert listed(f"instances:{name}")
    words = explain(f"instances:{name}")
    for text in (words.what, words.means, words.todo):
        assert text.endswith((".", "}", "?", ")")), text
    assert 400 <= words.status < 600
