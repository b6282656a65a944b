from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import User
from portal.core import audit
from portal.core.models import AuditEvent
from portal.core.redis_client import client
from portal.operations import health_checks, reconciler, tasks
from portal.operations.models import IdempotencyKey, Operation
from portal.operations.outcomes import Done
from tests.portal.operations.conftest import Kinds, ask

pytestmark = pytest.mark.django_db
State = Operation.State


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.advance, "apply_async", lambda **given: sent.append(given))
    yield sent


def test_the_sweep_sends_a_message_for_each_due_operation(
    ada: User, done_kind: None, messages: list[dict[str, Any]]
) -> None:
    for _ in range(3):
        ask(ada)
    ask(ada, run_after=timezone.now() + timedelta(hours=1))
    tasks.sweep()
    assert len(messages) == 3


def test_the_sweep_counts_the_messages_that_are_on_their_way(
    ada: User, done_kind: None, messages: list[dict[str, Any]]
) -> None:
    for _ in range(3):
        ask(ada)
    client().rpush("operations", "one", "two")
    tasks.sweep()
    assert len(messages) == 1


def test_the_sweep_finds_what_a_dead_worker_held(
    ada: User, done_kind: None, messages: list[dict[str, Any]]
) -> None:
    op = ask(ada)
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(pk=op.pk).update(state=State.RUNNING, lease_until=past)
    tasks.sweep()
    assert len(messages) == 1


def test_a_sweep_never_floods_the_queue(
    ada: User, done_kind: None, messages: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SWEEP_AT_MOST", 2)
    for _ in range(5):
        ask(ada)
    tasks.sweep()
    assert len(messages) == 2


def test_a_message_that_nobody_takes_expires(messages: list[dict[str, Any]]) -> None:
    from portal.operations.enqueue import enqueue

    enqueue(after=10)
    assert messages[0]["expires"] > messages[0]["countdown"]
    assert not messages[0]["retry"]


def test_a_message_moves_the_fairest_operation(ada: User, kinds: Kinds) -> None:
    kinds.add(lambda ctx: Done("Done"))
    op = ask(ada)
    tasks.advance()
    op.refresh_from_db()
    assert op.state == State.DONE
    tasks.advance()


class TestPaused:
    @pytest.fixture
    def paused(self, ada: User, done_kind: None) -> Operation:
        op = ask(ada)
        Operation.objects.filter(pk=op.pk).update(state=State.PAUSED)
        return op

    def test_waits_for_its_person_for_a_day(self, paused: Operation) -> None:
        tasks.sweep()
        paused.refresh_from_db()
        assert paused.state == State.PAUSED

    def test_is_given_up_after_that_with_words(self, paused: Operation) -> None:
        long_ago = timezone.now() - tasks.PAUSED_AT_MOST - timedelta(minutes=1)
        Operation.objects.filter(pk=paused.pk).update(run_after=long_ago)
        tasks.sweep()
        paused.refresh_from_db()
        assert (paused.state, paused.error_id) == (State.FAILED, "operations:not-resumed")
        assert paused.finished_at is not None
        assert not reconciler.advance_next()


class TestTidy:
    def test_removes_what_is_older_than_the_operator_keeps(self, ada: User, done_kind: None) -> None:
        old, new = ask(ada), ask(ada)
        ages = {old.pk: 400, new.pk: 10}
        for pk, days in ages.items():
            ended = timezone.now() - timedelta(days=days)
            Operation.objects.filter(pk=pk).update(state=State.DONE, finished_at=ended)
        tasks.tidy()
        assert set(Operation.objects.values_list("pk", flat=True)) == {new.pk}

    def test_never_removes_what_is_in_progress(self, ada: User, done_kind: None) -> None:
        op = ask(ada)
        Operation.objects.filter(pk=op.pk).update(created_at=timezone.now() - timedelta(days=1000))
        tasks.tidy()
        assert Operation.objects.filter(pk=op.pk).exists()

    def test_keeps_what_was_done_for_as_long_as_the_operator_says(self, ada: User) -> None:
        for name, days in (("old", 2000), ("new", 1000)):
            event = audit.record(name, by=None)
            AuditEvent.objects.filter(pk=event.pk).update(at=timezone.now() - timedelta(days=days))
        tasks.tidy()
        assert list(AuditEvent.objects.values_list("action", flat=True)) == ["new"]

    def test_forgets_old_keys(self, ada: User) -> None:
        for name, days in (("old", 3), ("new", 1)):
            row = IdempotencyKey.objects.create(user=ada, key=name, fingerprint="x")
            made = timezone.now() - timedelta(days=days)
            IdempotencyKey.objects.filter(pk=row.pk).update(created_at=made)
        tasks.tidy()
        assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["new"]


class TestHealth:
    def test_a_queue_that_moves_is_well(self, ada: User, done_kind: None) -> None:
        ask(ada)
        [part] = health_checks.operations()
        assert part.ok

    def test_a_queue_that_stands_still_is_named(self, ada: User, done_kind: None) -> None:
        op = ask(ada)
        Operation.objects.filter(pk=op.pk).update(run_after=timezone.now() - timedelta(minutes=5))
        [part] = health_checks.operations()
        assert (part.name, part.ok) == ("operations", False)
        assert "300 s" in part.note
