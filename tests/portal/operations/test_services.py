from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.operations import enqueue, hooks, queue, reconciler, services
from portal.operations.models import Operation
from portal.operations.outcomes import Done, Wait
from tests.portal.operations.conftest import Kinds, ask

State = Operation.State
pytestmark = pytest.mark.django_db
OnCommit = Callable[..., AbstractContextManager[list[Any]]]


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The delay of each message that workers were sent."""
    from portal.operations import tasks

    sent: list[float] = []
    monkeypatch.setattr(
        tasks.advance, "apply_async", lambda **given: sent.append(given.get("countdown", 0.0))
    )
    yield sent


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Operation]:
    """What listeners of operations were told."""
    told: list[Operation] = []
    monkeypatch.setattr(hooks, "_on_change", [told.extend])
    return told


def test_asking_tells_workers_after_commit(
    ada: User,
    done_kind: None,
    messages: list[float],
    heard: list[Operation],
    django_capture_on_commit_callbacks: OnCommit,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        op = ask(ada)
        assert messages == [] and heard == []
    assert messages == [0.0]
    assert heard == [op]


def test_many_are_asked_for_in_one_go(
    ada: User,
    done_kind: None,
    messages: list[float],
    heard: list[Operation],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: OnCommit,
) -> None:
    from portal.operations import tasks

    roused: list[int] = []
    monkeypatch.setattr(tasks.rouse, "apply_async", lambda **given: roused.append(given["args"][0]))
    with django_capture_on_commit_callbacks(execute=True):
        made = services.submit_many(
            kind="test.kind",
            by=ada,
            cloud="demo",
            region="IU",
            project_id="p1",
            target_type="instance",
            wanted=[services.Wanted(number, f"machine {number}", {"n": number}) for number in range(100)],
        )
    assert heard == made
    # Whoever asks does not wait until each worker was told: a worker does that.
    assert (roused, messages) == ([100], [])
    stored = list(Operation.objects.order_by("fair_key"))
    assert [(op.target_id, op.spec) for op in stored] == [(str(n), {"n": n}) for n in range(100)]
    made[0].outcome = "mended"
    made[0].save()
    assert Operation.objects.count() == 100


def test_a_worker_sends_the_messages_of_a_batch(messages: list[float]) -> None:
    from portal.operations import tasks

    tasks.rouse(23)
    assert len(messages) == 23
    messages.clear()
    tasks.rouse(10_000)
    assert len(messages) == tasks.ROUSE_AT_MOST


def test_what_is_rolled_back_was_never_asked(
    ada: User, done_kind: None, messages: list[float], django_capture_on_commit_callbacks: OnCommit
) -> None:
    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(RuntimeError),
        transaction.atomic(),
    ):
        ask(ada)
        raise RuntimeError
    assert messages == []
    assert not Operation.objects.exists()


def test_asking_works_while_workers_cannot_be_told(
    ada: User,
    done_kind: None,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: OnCommit,
) -> None:
    from kombu.exceptions import OperationalError

    from portal.operations import tasks

    def refuse(**given: Any) -> None:
        raise OperationalError("Redis is away")

    monkeypatch.setattr(tasks.advance, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        op = ask(ada)
    assert Operation.objects.get(pk=op.pk).state == State.QUEUED


def test_what_is_for_much_later_is_left_to_the_sweep(
    ada: User, done_kind: None, messages: list[float], django_capture_on_commit_callbacks: OnCommit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        ask(ada, run_after=timezone.now() + timedelta(hours=1))
        enqueue.enqueue_on_commit(after=12.5)
    assert messages == [12.5]


def test_a_kind_that_nobody_handles_cannot_be_asked_for(ada: User) -> None:
    with pytest.raises(ValueError, match=r"test\.kind"):
        ask(ada)


def test_the_deadline_counts_from_when_it_may_run(ada: User, kinds: Kinds) -> None:
    kinds.add(lambda ctx: Done(), deadline=timedelta(minutes=10))
    later = timezone.now() + timedelta(hours=2)
    assert ask(ada, run_after=later).deadline_at == later + timedelta(minutes=10)


def test_a_listener_that_fails_does_not_keep_others_from_hearing(
    ada: User,
    done_kind: None,
    heard: list[Operation],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: OnCommit,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(ops: Sequence[Operation]) -> None:
        raise RuntimeError("a listener's own mistake")

    monkeypatch.setattr(hooks, "_on_change", [broken, heard.extend])
    with django_capture_on_commit_callbacks(execute=True):
        ask(ada)
    assert len(heard) == 1


def test_the_person_is_told_of_each_change(
    ada: User,
    done_kind: None,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: OnCommit,
) -> None:
    sent: list[tuple[list[str], Any]] = []
    monkeypatch.setattr(events, "send", lambda groups, event: sent.append((list(groups), event)))
    with django_capture_on_commit_callbacks(execute=True):
        op = ask(ada)
        reconciler.advance_next()
    assert {tuple(groups) for groups, _ in sent} == {(f"user.{ada.pk}",)}
    assert [event.detail["state"] for _, event in sent] == ["queued", "done"]
    assert {event.detail["id"] for _, event in sent} == {str(op.pk)}


class TestWake:
    @pytest.fixture
    def waiting(self, ada: User, kinds: Kinds) -> Operation:
        kinds.add(lambda ctx: Wait(600))
        op = ask(ada)
        reconciler.advance_next()
        op.refresh_from_db()
        assert op.state == State.WAITING
        return op

    def test_a_change_of_the_target_makes_it_due(self, waiting: Operation) -> None:
        assert services.wake("instance", [waiting.target_id]) == 1
        assert reconciler.advance_next()

    def test_a_step_that_ends_while_the_mirror_tells_is_due_too(self, waiting: Operation) -> None:
        """The worker lets go between any two statements of the mirror's, on PostgreSQL."""
        services.wake("instance", [waiting.target_id])
        turn = queue.claim_next()
        assert turn is not None
        ended: list[bool] = []

        def worker_ends_its_step(execute: Any, sql: str, *rest: Any) -> Any:
            result = execute(sql, *rest)
            if not ended:
                ended.append(True)
                turn.give_back_waiting(timezone.now() + timedelta(minutes=10))
            return result

        with connection.execute_wrapper(worker_ends_its_step):
            services.wake("instance", [waiting.target_id])
        assert ended
        waiting.refresh_from_db()
        assert waiting.state == State.QUEUED
        assert waiting.run_after <= timezone.now()

    def test_a_wake_counts_once(self, waiting: Operation) -> None:
        """Else each wait after it would end at once, and the cloud be asked without a pause."""
        later = timezone.now() + timedelta(minutes=10)
        services.wake("instance", [waiting.target_id])
        for expected in (State.QUEUED, State.WAITING):
            turn = queue.claim_next()
            assert turn is not None
            if expected == State.QUEUED:
                services.wake("instance", [waiting.target_id])
            turn.give_back_waiting(later)
            waiting.refresh_from_db()
            assert waiting.state == expected

    def test_what_is_paused_or_queued_for_later_stays_so(self, waiting: Operation, ada: User) -> None:
        later = timezone.now() + timedelta(minutes=5)
        for state in (State.PAUSED, State.QUEUED, State.DONE):
            Operation.objects.update(state=state, run_after=later, woken=False)
            assert services.wake("instance", [waiting.target_id]) == 0
            waiting.refresh_from_db()
            assert (waiting.state, waiting.run_after, waiting.woken) == (state, later, False)

    def test_a_change_of_something_else_does_not(self, waiting: Operation) -> None:
        assert services.wake("instance", [uuid4()]) == 0
        assert services.wake("volume", [waiting.target_id]) == 0
        assert not reconciler.advance_next()

    def test_nothing_changed_costs_no_query(
        self, waiting: Operation, django_assert_num_queries: Callable[[int], AbstractContextManager[None]]
    ) -> None:
        with django_assert_num_queries(0):
            services.wake("instance", [])

    def test_retries_are_not_hurried(self, ada: User, kinds: Kinds) -> None:
        def run(ctx: Any) -> Any:
            raise PortalError("portal:too-many", outcome="retry", retry_after=60, seconds=60)

        kinds.add(run)
        op = ask(ada)
        reconciler.advance_next()
        assert services.wake("instance", [op.target_id]) == 0
        assert not reconciler.advance_next()


class TestCancel:
    def test_what_had_not_begun_ends_at_once(self, ada: User, done_kind: None) -> None:
        op = services.cancel(op=ask(ada), by=ada)
        assert (op.state, op.live) == (State.CANCELLED, False)
        assert not reconciler.advance_next()

    def test_what_had_begun_is_stopped_by_a_worker(self, ada: User, kinds: Kinds) -> None:
        kinds.add(lambda ctx: Wait(600))
        op = ask(ada)
        reconciler.advance_next()
        assert services.cancel(op=op, by=ada).state == State.QUEUED
        reconciler.advance_next()
        op.refresh_from_db()
        assert op.state == State.CANCELLED

    def test_what_is_over_cannot_be_stopped(self, ada: User, done_kind: None) -> None:
        op = ask(ada)
        reconciler.advance_next()
        with pytest.raises(PortalError, match="operations:over"):
            services.cancel(op=op, by=ada)

    def test_asking_twice_is_asking_once(self, ada: User, kinds: Kinds) -> None:
        kinds.add(lambda ctx: Wait(600))
        op = ask(ada)
        reconciler.advance_next()
        services.cancel(op=op, by=ada)
        services.cancel(op=op, by=ada)
        assert op.history.filter(message__contains="asked to stop").count() == 1

    def test_it_is_written_down_who_stopped_it(self, ada: User, bob: User, done_kind: None) -> None:
        op = services.cancel(op=ask(ada), by=bob)
        event = AuditEvent.objects.get(action="operation.cancel")
        assert (event.actor_id, event.detail["operation"]) == (str(bob.pk), str(op.pk))


class TestResume:
    @pytest.fixture
    def paused(self, ada: User, done_kind: None) -> Operation:
        op = ask(ada)
        old = timezone.now() - timedelta(hours=3)
        Operation.objects.filter(pk=op.pk).update(
            state=State.PAUSED, deadline_at=old, error_id="portal:seal", attempts=3
        )
        return op

    def test_it_goes_on_with_its_full_time(self, ada: User, paused: Operation) -> None:
        assert services.resume(user=ada, cloud="demo") == 1
        paused.refresh_from_db()
        assert (paused.state, paused.error_id, paused.attempts) == (State.QUEUED, "", 0)
        assert paused.deadline_at > timezone.now() + timedelta(minutes=59)
        reconciler.advance_next()
        paused.refresh_from_db()
        assert paused.state == State.DONE

    def test_that_of_others_and_of_other_clouds_stays_paused(
        self, ada: User, bob: User, paused: Operation
    ) -> None:
        assert services.resume(user=bob, cloud="demo") == 0
        assert services.resume(user=ada, cloud="elsewhere") == 0


class TestLiveFor:
    def test_gives_what_is_in_progress_by_target(self, ada: User, done_kind: None) -> None:
        target, idle = uuid4(), uuid4()
        over = ask(ada, target_id=idle)
        Operation.objects.filter(pk=over.pk).update(state=State.DONE)
        op = ask(ada, target_id=target)
        assert services.live_for("instance", [target, idle]) == {str(target): op}

    def test_is_one_query_for_any_number(
        self,
        ada: User,
        done_kind: None,
        django_assert_num_queries: Callable[[int], AbstractContextManager[None]],
    ) -> None:
        targets = [ask(ada).target_id for _ in range(20)]
        with django_assert_num_queries(1):
            assert len({op.by.username for op in services.live_for("instance", targets).values()}) == 1
