from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations import queue, reconciler
from portal.operations.context import Context
from portal.operations.models import Operation
from portal.operations.outcomes import Again, Done, Next, Outcome, Wait
from tests.portal.operations.conftest import Kinds, Renewals, ask

State = Operation.State
pytestmark = pytest.mark.django_db


def make_due(op: Operation) -> None:
    Operation.objects.filter(pk=op.pk).update(run_after=timezone.now() - timedelta(seconds=1))


def after_turn(op: Operation) -> Operation:
    assert reconciler.advance_next()
    op.refresh_from_db()
    return op


def test_nothing_due_is_no_turn(ada: User, done_kind: None) -> None:
    assert not reconciler.advance_next()


def test_steps_follow_one_another_in_one_turn(ada: User, kinds: Kinds) -> None:
    seen: list[str] = []

    def run(ctx: Context) -> Outcome:
        seen.append(ctx.step)
        if ctx.step == "start":
            return Next("create", "Making it", {"network": "n1"})
        assert ctx.progress == {"network": "n1"}
        return Done("Made")

    kinds.add(run)
    op = after_turn(ask(ada))
    assert seen == ["start", "create"]
    assert (op.state, op.outcome, op.lease) == (State.DONE, "Made", None)
    assert op.finished_at is not None
    assert [step.message for step in op.history.all()] == ["Asked for by Ada", "Making it", "Made"]


def test_progress_that_a_step_changed_is_stored_with_its_outcome(ada: User, kinds: Kinds) -> None:
    def run(ctx: Context) -> Outcome:
        ctx.progress["server"] = "s1"
        return Wait(60)

    kinds.add(run)
    assert after_turn(ask(ada)).progress == {"server": "s1"}


def test_a_long_turn_lets_others_go_first(ada: User, kinds: Kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler, "TURN_SECONDS", -1.0)
    kinds.add(lambda ctx: Next("second") if ctx.step == "start" else Done())
    op = after_turn(ask(ada))
    assert (op.state, op.step, op.lease) == (State.QUEUED, "second", None)
    assert after_turn(op).state == State.DONE


def test_again_comes_back_after_its_time_and_not_before(ada: User, kinds: Kinds) -> None:
    kinds.add(lambda ctx: Again(20, "Looking"))
    op = after_turn(ask(ada))
    assert (op.state, op.step, op.stage) == (State.QUEUED, "start", "Looking")
    assert timedelta(seconds=18) < op.run_after - timezone.now() <= timedelta(seconds=20)
    assert not reconciler.advance_next()


def test_wait_comes_back_at_the_latest_after_its_time(ada: User, kinds: Kinds) -> None:
    kinds.add(lambda ctx: Wait(600))
    op = after_turn(ask(ada))
    assert op.state == State.WAITING
    assert not reconciler.advance_next()
    make_due(op)
    assert reconciler.advance_next()


def test_a_time_to_look_again_is_never_after_the_deadline(ada: User, kinds: Kinds) -> None:
    kinds.add(lambda ctx: Wait(10_000), deadline=timedelta(minutes=5))
    op = after_turn(ask(ada))
    assert op.run_after == op.deadline_at


def test_an_operation_past_its_deadline_fails_without_another_step(ada: User, kinds: Kinds) -> None:
    called: list[str] = []

    def run(ctx: Context) -> Outcome:
        called.append(ctx.step)
        return Wait(1, "Waiting for the cloud")

    kinds.add(run)
    op = after_turn(ask(ada))
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(pk=op.pk).update(deadline_at=past, run_after=past)
    op = after_turn(op)
    assert (op.state, op.error_id, len(called)) == (State.FAILED, "operations:deadline", 1)
    assert op.error_params["last"] == "Waiting for the cloud"


def test_a_refusal_is_final_and_kept_with_the_clouds_words(ada: User, kinds: Kinds) -> None:
    def run(ctx: Context) -> Outcome:
        raise PortalError("portal:forbidden", need="launching", detail="Policy doesn't allow it")

    kinds.add(run)
    op = after_turn(ask(ada))
    assert (op.state, op.error_id, op.error_detail) == (
        State.FAILED,
        "portal:forbidden",
        "Policy doesn't allow it",
    )
    assert op.history.last().error_id == "portal:forbidden"  # type: ignore[union-attr]


@pytest.mark.parametrize("outcome", ["retry", "unknown"])
def test_passing_trouble_is_tried_again_at_the_same_step(ada: User, kinds: Kinds, outcome: str) -> None:
    def run(ctx: Context) -> Outcome:
        if ctx.op.attempts == 0:
            raise PortalError("portal:unavailable", outcome=outcome, part="Nova")  # type: ignore[arg-type]
        return Done()

    kinds.add(run)
    op = after_turn(ask(ada))
    assert (op.state, op.step, op.attempts, op.error_id) == (State.QUEUED, "start", 1, "portal:unavailable")
    assert op.run_after > timezone.now()
    make_due(op)
    op = after_turn(op)
    assert (op.state, op.attempts, op.error_id) == (State.DONE, 0, "")


def test_retry_after_of_the_cloud_is_honoured(ada: User, kinds: Kinds) -> None:
    def run(ctx: Context) -> Outcome:
        raise PortalError("portal:too-many", outcome="retry", retry_after=40, seconds=40)

    kinds.add(run)
    op = after_turn(ask(ada))
    wait = (op.run_after - timezone.now()).total_seconds()
    assert 39 <= wait <= 49


def test_the_same_trouble_is_written_down_once(ada: User, kinds: Kinds) -> None:
    def run(ctx: Context) -> Outcome:
        raise PortalError("portal:unavailable", outcome="retry", part="Nova")

    kinds.add(run)
    op = ask(ada)
    for _ in range(4):
        make_due(op)
        after_turn(op)
    assert op.attempts == 4
    assert op.history.filter(error_id="portal:unavailable").count() == 1


def test_a_refused_credential_is_renewed_once_and_the_step_goes_on(
    ada: User, kinds: Kinds, renewals: Renewals
) -> None:
    def run(ctx: Context) -> Outcome:
        if renewals.asked == 0:
            raise PortalError("portal:seal", outcome="auth")
        return Done()

    kinds.add(run)
    op = after_turn(ask(ada))
    assert (op.state, op.renewed) == (State.QUEUED, True)
    assert after_turn(op).state == State.DONE
    assert renewals.asked == 1


def test_after_a_step_that_went_well_a_credential_may_be_renewed_again(
    ada: User, kinds: Kinds, renewals: Renewals
) -> None:
    """Hours may lie between two steps: the second refusal is another one."""
    refused: list[str] = []

    def run(ctx: Context) -> Outcome:
        if ctx.step not in refused:
            refused.append(ctx.step)
            raise PortalError("portal:seal", outcome="auth")
        return Next("second") if ctx.step == "start" else Done()

    kinds.add(run)
    op = ask(ada)
    for _ in range(4):
        reconciler.advance_next()
    op.refresh_from_db()
    assert (op.state, renewals.asked, refused) == (State.DONE, 2, ["start", "second"])


def test_a_credential_that_stays_refused_pauses_the_operation(
    ada: User, kinds: Kinds, renewals: Renewals
) -> None:
    def run(ctx: Context) -> Outcome:
        raise PortalError("portal:seal", outcome="auth")

    kinds.add(run)
    op = after_turn(after_turn(ask(ada)))
    assert (op.state, op.error_id, renewals.asked) == (State.PAUSED, "operations:paused", 1)
    assert op.error_params == {"cloud": "Demo cloud"}
    make_due(op)
    assert not reconciler.advance_next()


@pytest.mark.parametrize("raises", [False, True])
def test_a_credential_that_opens_no_more_pauses_at_once(
    ada: User, kinds: Kinds, renewals: Renewals, raises: bool
) -> None:
    renewals.opens = False
    renewals.refusal = PortalError("portal:seal", outcome="auth") if raises else None

    def run(ctx: Context) -> Outcome:
        raise PortalError(
            "portal:seal", outcome="auth", detail="The request you have made requires authentication."
        )

    kinds.add(run)
    op = after_turn(ask(ada))
    assert (op.state, op.error_id) == (State.PAUSED, "operations:paused")
    assert op.error_detail.startswith("The request")


def test_a_person_who_connects_again_finds_it_going_on(ada: User, kinds: Kinds, renewals: Renewals) -> None:
    from portal.accounts.hooks import became_usable

    renewals.opens = False

    def run(ctx: Context) -> Outcome:
        if not renewals.opens:
            raise PortalError("portal:seal", outcome="auth")
        return Done("Done")

    kinds.add(run)
    op = after_turn(ask(ada))
    assert op.state == State.PAUSED
    renewals.opens = True
    became_usable(ada, "demo")
    assert after_turn(op).state == State.DONE


def test_a_renewal_that_the_cloud_cannot_answer_now_is_tried_later(
    ada: User, kinds: Kinds, renewals: Renewals
) -> None:
    renewals.refusal = PortalError("portal:unavailable", outcome="retry", part="Keystone")

    def run(ctx: Context) -> Outcome:
        raise PortalError("portal:seal", outcome="auth")

    kinds.add(run)
    assert after_turn(ask(ada)).state == State.QUEUED


def test_an_error_of_our_own_is_tried_again_and_then_given_up(ada: User, kinds: Kinds) -> None:
    def run(ctx: Context) -> Outcome:
        raise KeyError("a mistake of ours")

    kinds.add(run)
    op = ask(ada)
    for turn in range(1, reconciler.MAX_CRASHES + 1):
        make_due(op)
        with pytest.raises(KeyError):
            reconciler.advance_next()
        op.refresh_from_db()
        assert op.lease is None
        assert op.state == (State.FAILED if turn == reconciler.MAX_CRASHES else State.QUEUED)
    assert op.error_id == "operations:unexpected"


def test_a_kind_that_no_worker_knows_waits_for_one_that_does(ada: User, kinds: Kinds) -> None:
    kinds.add(lambda ctx: Done(), name="test.gone")
    op = ask(ada, kind="test.gone")
    Operation.objects.filter(pk=op.pk).update(kind="test.unknown")
    op = after_turn(op)
    assert (op.state, op.error_id) == (State.QUEUED, "operations:unknown-kind")


def test_a_worker_that_lost_its_lease_stores_nothing(ada: User, kinds: Kinds) -> None:
    def run(ctx: Context) -> Outcome:
        Operation.objects.filter(pk=ctx.op.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        other = queue.claim_next()
        assert other is not None
        return Done("by the worker that was taken for dead")

    kinds.add(run)
    op = after_turn(ask(ada))
    assert (op.state, op.outcome) == (State.RUNNING, "")


def test_remember_and_note_are_stored_at_once_and_hold_the_lease(ada: User, kinds: Kinds) -> None:
    def run(ctx: Context) -> Outcome:
        soon = timezone.now() + timedelta(seconds=5)
        Operation.objects.filter(pk=ctx.op.pk).update(lease_until=soon)
        ctx.remember(server="s1")
        ctx.note("The cloud made it", request_id="req-1")
        stored = Operation.objects.get(pk=ctx.op.pk)
        assert stored.progress == {"server": "s1"}
        assert stored.request_ids == ["req-1"]
        assert stored.lease_until is not None and stored.lease_until > soon
        return Done()

    kinds.add(run)
    op = after_turn(ask(ada))
    assert op.history.get(request_id="req-1").message == "The cloud made it"


def test_each_step_has_its_own_deadline_inside_the_lease(ada: User, kinds: Kinds) -> None:
    ends: list[float] = []

    def run(ctx: Context) -> Outcome:
        ends.append(ctx.deadline)
        return Next("b") if ctx.step == "start" else Done()

    kinds.add(run)
    after_turn(ask(ada))
    assert ends[0] < ends[1]


def test_an_operation_that_was_cancelled_between_steps_stops_there(ada: User, kinds: Kinds) -> None:
    def run(ctx: Context) -> Outcome:
        assert ctx.step == "start"
        Operation.objects.filter(pk=ctx.op.pk).update(cancel_requested=True)
        return Next("more")

    kinds.add(run)
    assert after_turn(ask(ada)).state == State.CANCELLED


def test_on_cancel_undoes_what_was_begun(ada: User, kinds: Kinds) -> None:
    undone: list[str] = []

    def undo(ctx: Context) -> Outcome:
        undone.append(ctx.progress["server"])
        return Done("The machine was removed again")

    def run(ctx: Context) -> Outcome:
        Operation.objects.filter(pk=ctx.op.pk).update(cancel_requested=True)
        return Next("more", progress={"server": "s1"})

    kinds.add(run, on_cancel=undo)
    op = after_turn(ask(ada))
    assert (op.state, op.outcome, undone) == (State.CANCELLED, "The machine was removed again", ["s1"])


@pytest.mark.parametrize("waits", [Wait(600), Again(600)])
def test_a_cancel_that_came_during_the_step_is_not_slept_over(
    ada: User, kinds: Kinds, waits: Outcome
) -> None:
    def run(ctx: Context) -> Outcome:
        Operation.objects.filter(pk=ctx.op.pk).update(cancel_requested=True)
        return waits

    kinds.add(run)
    op = after_turn(ask(ada))
    assert op.state == State.QUEUED
    assert after_turn(op).state == State.CANCELLED
