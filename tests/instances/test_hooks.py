"""The joints with the rest of the portal: topics, tasks, messages, administration, announcements."""

import uuid
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.utils import timezone
from kombu.exceptions import OperationalError

from allocations.models import Allocation
from instances import live, queue, services, tasks, topics
from instances.mirror import readers
from instances.mirror import tasks as mirror_tasks
from instances.mirror.poll import mark_deleted
from instances.models import Instance, Poll
from portal.accounts.models import CloudCredential, User
from portal.core.errors import PortalError
from portal.core.redis_client import client
from portal.operations.models import Operation
from tests.instances.rows import machine


def test_a_page_of_a_machine_joins_its_group(allocation: Allocation, member: User, stranger: User) -> None:
    lab = machine(allocation, member)
    assert topics.instance_group(member, str(lab.pk)) == f"instance.{lab.pk}"
    with pytest.raises(PortalError, match="not-found"):
        topics.instance_group(stranger, str(lab.pk))
    with pytest.raises(PortalError, match="not-found"):
        topics.instance_group(member, str(uuid.uuid4()))


@pytest.mark.parametrize(
    ("task", "path"),
    [
        ("read_keys", "instances.tasks.read_keys"),
        ("mirror.read_poll", "instances.mirror.tasks.read_poll"),
    ],
)
def test_messages_carry_a_name_and_ids(task: str, path: str) -> None:
    with patch("instances.queue.current_app.send_task") as send:
        queue.enqueue(task, 1, "two")
    assert send.call_args.args == (path,)
    assert send.call_args.kwargs["args"] == [1, "two"]


@pytest.mark.parametrize("error", [OperationalError("away"), OSError("away")])
def test_a_broker_that_is_away_breaks_nothing(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with patch("instances.queue.current_app.send_task", side_effect=error):
        queue.enqueue("read_keys", 1, 2)
    assert "was not sent" in caplog.text


def test_every_name_that_is_sent_is_a_task() -> None:
    from portal.celery import app

    app.loader.import_default_modules()
    for name in ("instances.tasks.read_keys", "instances.tasks.meter"):
        assert name in app.tasks
    for name in ("tick", "read_poll", "read_instance"):
        assert f"instances.mirror.tasks.{name}" in app.tasks


def test_keys_are_read_again_at_most_once_a_minute(allocation: Allocation, member: User, pi: User) -> None:
    with patch("instances.services.keys.enqueue") as send:
        services.refresh_keys(allocation=allocation, by=member)
        services.refresh_keys(allocation=allocation, by=member)
        services.refresh_keys(allocation=allocation, by=pi)
    assert [call.args for call in send.call_args_list] == [
        ("read_keys", allocation.pk, member.pk),
        ("read_keys", allocation.pk, pi.pk),
    ]


def test_a_task_for_what_is_gone_does_nothing(db: None) -> None:
    tasks.read_keys(4711, 4712)
    mirror_tasks.read_poll(4711)
    mirror_tasks.read_instance(str(uuid.uuid4()))


def test_the_details_of_a_deleted_machine_are_not_read(allocation: Allocation) -> None:
    lab = machine(allocation, deleted_at=timezone.now())
    with patch("instances.mirror.tasks.details.read") as read:
        mirror_tasks.read_instance(str(lab.pk))
        services.refresh_console(instance=lab)
    read.assert_not_called()


def test_an_open_page_asks_for_the_console_of_a_machine_that_exists(allocation: Allocation) -> None:
    with patch("instances.services.consoles.enqueue") as send:
        services.refresh_console(instance=machine(allocation))
        services.refresh_console(instance=machine(allocation, name="not made", server_id=""))
    assert send.call_count == 1


def test_the_meter_runs_as_a_task(allocation: Allocation) -> None:
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    machine(allocation, charged_until=midnight - timedelta(hours=1))
    tasks.meter()
    assert allocation.ledger.count() == 1


def test_a_reading_that_begins_or_ends_to_fail_is_announced(
    allocation: Allocation, django_capture_on_commit_callbacks: Any
) -> None:
    found = Poll.objects.create(allocation=allocation, what="servers", next_at=timezone.now())
    trouble = PortalError("cloud:timeout", outcome="retry")
    announced: list[str] = []
    with (
        patch("portal.core.events.send", lambda groups, event: announced.append(event.name)),
        patch("instances.mirror.tasks.poll.read_servers", side_effect=[trouble, trouble, None, None]),
    ):
        for _ in range(4):
            with django_capture_on_commit_callbacks(execute=True):
                mirror_tasks.read_poll(found.pk)
    assert announced == ["instances:unread", "instances:unread"]


def test_a_changed_catalogue_is_announced_to_the_allocation(
    allocation: Allocation, django_capture_on_commit_callbacks: Any
) -> None:
    with patch("portal.core.events.send") as send, django_capture_on_commit_callbacks(execute=True):
        live.catalogue_changed(allocation.pk, allocation.slug)
    groups, event = send.call_args.args
    assert (groups, event.name) == ([f"allocation.{allocation.pk}"], "instances:catalogue")


@pytest.mark.parametrize("model", [Instance, Poll])
def test_operators_look_at_machines_in_the_administration_and_change_none(
    model: type, operator: User
) -> None:
    page = admin.site._registry[model]
    request = RequestFactory().get("/")
    request.user = operator
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)


def test_readers_take_turns(allocation: Allocation, member: User, colleague: User) -> None:
    def readers_at(moment: float) -> list[str]:
        with patch("instances.mirror.readers.time.time", lambda: moment):
            return [one.user.username for one in readers._in_turn(allocation, None)]

    first, second = readers_at(0.0), readers_at(300.0)
    assert sorted(first) == sorted(second) == ["bob", "colin"]
    assert first != second
    assert readers_at(299.0) == first


def test_a_credential_that_is_over_is_nobodys_turn(allocation: Allocation, member: User, pi: User) -> None:
    past = timezone.now() - timedelta(days=1)
    CloudCredential.objects.filter(user=member).update(expires_at=past)
    assert [one.user for one in readers._in_turn(allocation, None)] == [pi]
    CloudCredential.objects.filter(user=pi).update(refused_at=past)
    assert readers._in_turn(allocation, None) == []


def test_marking_deleted_twice_is_once(allocation: Allocation) -> None:
    lab = machine(allocation)
    assert mark_deleted(lab.pk)
    lab.refresh_from_db()
    first = lab.deleted_at
    assert not mark_deleted(lab.pk)
    lab.refresh_from_db()
    assert (lab.status, lab.deleted_at, lab.version) == ("DELETED", first, 2)


def test_a_deleted_machine_is_charged_to_its_end(allocation: Allocation) -> None:
    now = timezone.now()
    lab = machine(allocation, charged_until=now - timedelta(hours=2))
    mark_deleted(lab.pk, at=now - timedelta(hours=1))
    [entry] = allocation.ledger.all()
    assert round(entry.su, 3) == 2


def test_a_console_link_that_does_not_open_belongs_to_its_operation(member: User, pi: User) -> None:
    op = Operation(kind="instance.console", by=member, state="waiting")
    assert services.console_url(operation=op, by=member) is None
    with pytest.raises(PortalError, match="not-found"):
        services.console_url(operation=op, by=pi)
    op.state, op.error_id = "failed", "cloud:unavailable"
    with pytest.raises(PortalError, match="cloud:unavailable"):
        services.console_url(operation=op, by=member)
    other = Operation(kind="instance.stop", by=member, state="done")
    with pytest.raises(PortalError, match="not-found"):
        services.console_url(operation=other, by=member)


def test_what_a_project_shares_is_forgotten_on_demand(allocation: Allocation) -> None:
    from instances.steps.prepare import forget

    client().set(f"prepared:{allocation.pk}", "{}")
    forget(allocation)
    assert client().get(f"prepared:{allocation.pk}") is None
