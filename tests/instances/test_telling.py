"""People hear once what became of a launch, when its last machine has ended."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.models import Allocation
from instances import telling
from instances.launch_words import Ended, words
from instances.models import Instance
from portal.accounts.models import User
from portal.core.ids import uuid7
from portal.notices.models import Mail, Notice
from portal.operations import services as operations
from portal.operations.models import Operation
from portal.operations.services import Wanted
from tests.instances.metrics.conftest import make_instance

pytestmark = pytest.mark.django_db
State = Operation.State


def launch(allocation: Allocation, by: User, count: int = 1, name: str = "blast") -> list[Operation]:
    machines = [make_instance(allocation, f"{name}-{number}", owner=by) for number in range(count)]
    return operations.submit_many(
        kind="instance.launch",
        by=by,
        cloud="demo",
        region="IU",
        project_id=allocation.project_id,
        target_type="instance",
        wanted=[Wanted(machine.pk, machine.name, {}) for machine in machines],
        batch=uuid7(),
    )


def ended(op: Operation, state: str = State.DONE, **more: Any) -> None:
    Operation.objects.filter(pk=op.pk).update(state=state, finished_at=timezone.now(), **more)


def failed(op: Operation) -> None:
    ended(op, State.FAILED, error_id="cloud:no-host", error_params={})


def test_a_machine_that_is_ready_is_told_once(allocation: Allocation, member: User) -> None:
    [op] = launch(allocation, member)
    assert telling.tell_launches() == 0
    ended(op)
    assert telling.tell_launches() == 1
    assert telling.tell_launches() == 0
    notice = Notice.objects.get(user=member)
    assert (notice.title, notice.kind, notice.level) == ("blast-0 is ready", "instance.ready", "success")
    assert notice.url == f"/instances/{op.target_id}/" and notice.scope == f"allocation.{allocation.pk}"


def test_a_launch_that_failed_is_told_with_why_and_by_mail(allocation: Allocation, member: User) -> None:
    [op] = launch(allocation, member)
    failed(op)
    telling.tell_launches()
    notice = Notice.objects.get(user=member)
    assert (notice.title, notice.kind, notice.level) == (
        "blast-0 could not be launched",
        "instance.failed",
        "danger",
    )
    assert "costs nothing" in notice.text
    assert Mail.objects.filter(user=member, kind="instance.failed").count() == 1


def test_one_that_was_stopped_is_not(allocation: Allocation, member: User) -> None:
    [op] = launch(allocation, member)
    ended(op, State.CANCELLED)
    assert telling.tell_launches() == 0


def test_of_a_hundred_one_hears_once_when_the_last_has_ended(allocation: Allocation, member: User) -> None:
    ops = launch(allocation, member, 30)
    for op in ops[:-1]:
        ended(op)
    assert telling.tell_launches() == 0, "one is still on its way"
    failed(ops[-1])
    assert telling.tell_launches() == 1
    notice = Notice.objects.get(user=member)
    assert notice.title == "29 of 30 machines are ready, 1 failed" or "29 of 30" in notice.title
    assert notice.level == "warning" and notice.url.endswith("/instances/")


def test_nobody_else_is_told(allocation: Allocation, member: User, colleague: User, pi: User) -> None:
    [op] = launch(allocation, member)
    ended(op)
    telling.tell_launches()
    assert not Notice.objects.exclude(user=member).exists()


def test_what_ended_long_ago_is_not_dug_up(allocation: Allocation, member: User) -> None:
    [op] = launch(allocation, member)
    ended(op)
    Operation.objects.update(finished_at=timezone.now() - timedelta(hours=3))
    assert telling.tell_launches() == 0


def test_two_workers_tell_once(allocation: Allocation, member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    [op] = launch(allocation, member)
    ended(op)
    monkeypatch.setattr("portal.notices.services.told", lambda keys, people: set())  # neither saw the other's
    assert telling.tell_launches() + telling.tell_launches() == 1
    assert Notice.objects.count() == 1


def test_a_machine_that_is_gone_by_then_is_not_told(allocation: Allocation, member: User) -> None:
    [op] = launch(allocation, member)
    ended(op)
    Instance.objects.filter(pk=UUID(op.target_id)).delete()
    assert telling.tell_launches() == 0


@pytest.mark.parametrize("count", [1, 20])
def test_what_was_told_costs_the_same_few_queries(allocation: Allocation, member: User, count: int) -> None:
    for number in range(count):
        [op] = launch(allocation, member, name=f"m{number}")
        ended(op)
    telling.tell_launches()
    with CaptureQueriesContext(connection) as queries:
        assert telling.tell_launches() == 0
    assert len(queries) == 4


class TestWords:
    def test_several_are_named(self) -> None:
        told = words([Ended("a"), Ended("b")], server="machine")
        assert (told.title, told.level) == ("2 machines are ready", "success")
        assert "a, b" in told.text

    def test_many_are_counted(self) -> None:
        assert "and 5 more" in words([Ended(f"m{n}") for n in range(15)], server="machine").text

    def test_none_that_worked_is_danger(self) -> None:
        told = words([Ended("a", "No room."), Ended("b", "No room.")], server="instance")
        assert told.title == "None of 2 instances could be launched" and told.level == "danger"
        assert "a: No room." in told.text and "cost nothing" in told.text
