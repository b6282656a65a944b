from datetime import UTC, datetime, timedelta

import pytest

from allocations.sources import deciding
from allocations.sources.rules import GIVEN_HERE


@pytest.mark.parametrize(
    ("action", "state", "listed", "step"),
    [
        ("add", "asked", "", "send"),
        ("add", "sent", "", "send"),
        ("add", "pending", "", "wait"),
        ("add", "asked", "active", "done"),
        ("add", "sent", "active", "done"),
        ("add", "pending", "active", "done"),
        ("add", "asked", "pending", "wait"),
        ("add", "sent", "pending", "wait"),
        ("add", "asked", "inactive", "send"),
        ("add", "pending", "inactive", "wait"),
        ("add", "pending", "refused", "declined"),
        ("add", "asked", "refused", "send"),
        ("remove", "asked", "active", "send"),
        ("remove", "asked", "pending", "send"),
        ("remove", "sent", "active", "send"),
        ("remove", "pending", "active", "wait"),
        ("remove", "asked", "", "done"),
        ("remove", "pending", "inactive", "done"),
    ],
)
def test_the_list_decides_what_is_done_next(action: str, state: str, listed: str, step: str) -> None:
    assert deciding.step(action, state, listed) == step


def test_pauses_grow_up_to_a_limit_and_are_never_shorter_than_asked_for() -> None:
    pauses = [deciding.pause(attempts, None) for attempts in range(20)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(minutes=30)
    assert deciding.pause(0, 3600) == timedelta(hours=1)


def test_what_was_never_taken_and_what_was_never_done_end_differently() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    late = now - timedelta(seconds=1)
    assert deciding.expired("asked", late, now) == "sources:not-sent"
    assert deciding.expired("sent", late, now) == "sources:not-sent"
    assert deciding.expired("pending", late, now) == "sources:took-too-long"
    assert deciding.expired("pending", now + timedelta(seconds=1), now) == ""


ROLES = {"manager": "manager", "member": "member", "reader": "reader", "admin": "manager"}


@pytest.mark.parametrize(
    ("role", "wanted", "unwanted"),
    [
        ("member", {"member"}, {"manager", "reader"}),
        ("manager", {"manager", "member"}, {"reader"}),
        ("ta", {"member"}, {"manager", "reader"}),
        ("reader", {"reader"}, {"manager", "member"}),
    ],
)
def test_a_role_here_is_roles_at_keystone(role: str, wanted: set[str], unwanted: set[str]) -> None:
    """The cloud's administrators are managers here; nobody becomes one of them by being made a manager."""
    assert deciding.keystone_roles(role, ROLES, "member", GIVEN_HERE) == (wanted, unwanted)


def test_roles_that_are_not_ours_are_left_alone() -> None:
    wanted, unwanted = deciding.keystone_roles("manager", {"manager": "manager"}, "member", GIVEN_HERE)
    assert "load-balancer_member" not in wanted | unwanted
