"""The rhythm of readings: often while something changes or somebody looks, seldom otherwise."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances import reflect
from instances.mirror import schedule
from instances.models import Instance, Poll
from portal.accounts.models import CloudCredential, User
from portal.core.errors import PortalError
from portal.operations import services as operations
from portal.operations.models import Operation
from tests.instances.rows import machine


@pytest.fixture
def poll(allocation: Allocation) -> Poll:
    now = timezone.now()
    return Poll.objects.create(allocation=allocation, what=Poll.What.SERVERS, next_at=now, ok_at=now)


def pace(poll: Poll, error: PortalError | None = None, watched: bool = False) -> float:
    return schedule.pace(poll, error, watched=watched, now=timezone.now())


def test_a_quiet_project_is_read_seldom_and_not_all_at_once(poll: Poll) -> None:
    waits = {pace(poll) for _ in range(20)}
    assert all(24 <= wait <= 36 for wait in waits)
    assert len(waits) > 10


def test_an_open_page_makes_it_more_often(poll: Poll) -> None:
    assert pace(poll, watched=True) == 5


@pytest.mark.parametrize(
    "changes",
    [{"task_state": "powering-off"}, {"status": "BUILD"}, {"status": "RESIZE"}, {"status": "REBOOT"}],
)
def test_a_machine_in_transition_makes_it_fast(poll: Poll, changes: dict[str, Any]) -> None:
    machine(poll.allocation, state_since=timezone.now(), **changes)
    assert pace(poll) <= 1


@pytest.mark.parametrize("status", ["ACTIVE", "VERIFY_RESIZE", "ERROR", "SHUTOFF"])
def test_a_settled_machine_does_not(poll: Poll, status: str) -> None:
    machine(poll.allocation, status=status, state_since=timezone.now())
    assert pace(poll) > 1


def test_a_transition_that_does_not_end_is_no_longer_hurried_for(poll: Poll) -> None:
    machine(poll.allocation, status="BUILD", state_since=timezone.now() - timedelta(hours=1))
    assert pace(poll) > 1


def test_a_machine_of_another_project_makes_nothing_fast(poll: Poll, other_allocation: Allocation) -> None:
    machine(other_allocation, status="BUILD", state_since=timezone.now())
    assert pace(poll) > 1


def test_an_operation_that_waits_makes_it_fast_until_only_set_up_is_left(poll: Poll, member: User) -> None:
    lab = machine(poll.allocation, member)
    op = operations.submit(
        kind="instance.launch",
        by=member,
        cloud="demo",
        region="IU",
        project_id=poll.allocation.project_id,
        target_type="instance",
        target_id=lab.pk,
        target_name="lab",
        spec={},
    )
    assert pace(poll) <= 1
    Operation.objects.filter(pk=op.pk).update(step="setup")
    assert pace(poll) > 1


def test_a_request_to_the_cloud_makes_it_fast_at_once(poll: Poll) -> None:
    Poll.objects.update(next_at=timezone.now() + timedelta(minutes=1))
    schedule.hasten(poll.allocation)
    poll.refresh_from_db()
    assert poll.next_at <= timezone.now()
    assert pace(poll) <= 1


def test_a_cloud_in_trouble_is_not_hurried(poll: Poll) -> None:
    later = timezone.now() + timedelta(minutes=1)
    Poll.objects.update(next_at=later, failures=3)
    schedule.hasten(poll.allocation)
    poll.refresh_from_db()
    assert poll.next_at == later


def test_failures_make_it_slower_and_the_cloud_may_ask_for_more(poll: Poll) -> None:
    trouble = PortalError("cloud:unavailable", outcome="retry")
    poll.failures = 1
    first = pace(poll, trouble)
    poll.failures = 4
    assert pace(poll, trouble) > 3 * first
    poll.failures = 99
    assert pace(poll, trouble) <= 144
    assert pace(poll, PortalError("cloud:rate-limited", outcome="retry", retry_after=500.0)) == 500


def test_a_new_allocation_is_read_at_once(allocation: Allocation) -> None:
    schedule.ensure_polls(timezone.now())
    schedule.ensure_polls(timezone.now())
    assert sorted(Poll.objects.values_list("what", flat=True)) == ["catalogue", "servers"]
    assert len(schedule.due(timezone.now(), 10)) == 2


def test_a_wish_to_hurry_that_comes_during_a_reading_counts(poll: Poll) -> None:
    read = Poll.objects.select_related("allocation").get()
    schedule.hasten(poll.allocation)
    schedule.finish(read, None, began=timezone.now(), watched=False)
    poll.refresh_from_db()
    assert poll.next_at < timezone.now() + timedelta(seconds=2)
    assert poll.lease_until is None


def test_what_a_reading_learnt_about_changes_is_kept_for_the_next(poll: Poll) -> None:
    told, now = timezone.now() - timedelta(hours=1), timezone.now()
    read = Poll.objects.select_related("allocation").get(pk=poll.pk)
    read.changes_since, read.newest_at, read.full_at = told, now, now
    schedule.finish(read, None, began=now, watched=False)
    poll.refresh_from_db()
    assert (poll.changes_since, poll.newest_at, poll.full_at) == (told, now, now)


def test_a_new_credential_has_the_unreadable_project_read_now(poll: Poll, member: User) -> None:
    later = timezone.now() + timedelta(minutes=2)
    Poll.objects.update(next_at=later, error_id="cloud:timeout")
    reflect.credential_usable(member, "demo")
    assert Poll.objects.get().next_at == later
    Poll.objects.update(error_id="instances:no-reader")
    reflect.credential_usable(member, "demo")
    assert Poll.objects.get().next_at < later
    assert CloudCredential.objects.exists()


@pytest.mark.parametrize(
    ("role", "sees", "changes"),
    [("member", True, True), ("pi", True, True), ("colleague", True, False), ("stranger", False, False)],
)
def test_who_may_see_and_stop_what_is_done_to_a_machine(
    allocation: Allocation, member: User, role: str, sees: bool, changes: bool, request: pytest.FixtureRequest
) -> None:
    lab = machine(allocation, member)
    op = Operation(target_type="instance", target_id=str(lab.pk))
    person = request.getfixturevalue(role)
    assert reflect.may_access(person, op, False) is sees
    assert reflect.may_access(person, op, True) is changes
    assert not reflect.may_access(person, Operation(target_type="volume", target_id="x"), False)


def test_a_failed_launch_shows_why_on_the_row_it_leaves(allocation: Allocation, member: User) -> None:
    waiting = machine(allocation, member, server_id="", status="REQUESTED")
    built = machine(allocation, member, name="built")
    params = {"resource": "cores", "limit": 1, "used": 1, "requested": 2}
    for lab in (waiting, built):
        op = Operation(
            kind="instance.launch",
            target_type="instance",
            target_id=str(lab.pk),
            state="failed",
            error_id="cloud:quota",
            error_params=params,
        )
        reflect.launches_ended([op])
        reflect.operations_changed([op])
    waiting.refresh_from_db()
    built.refresh_from_db()
    assert waiting.status == "ERROR"
    assert "Quota reached: cores" in waiting.fault_message
    assert (built.status, built.fault_message) == ("ACTIVE", "")
    assert Instance.objects.get(pk=built.pk).version == 2


def test_a_launch_stopped_before_it_began_leaves_no_row(allocation: Allocation, member: User) -> None:
    waiting = machine(allocation, member, server_id="", status="REQUESTED")
    built = machine(allocation, member, name="built")
    for lab in (waiting, built):
        op = Operation(
            kind="instance.launch", target_type="instance", target_id=str(lab.pk), state="cancelled"
        )
        reflect.launches_ended([op])
    waiting.refresh_from_db()
    built.refresh_from_db()
    assert waiting.deleted_at is not None
    assert built.deleted_at is None
