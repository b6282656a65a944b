"""Moves one operation forward: as many steps as fit in a turn, each stored before the next begins.

Killed at any line, the operation is either due again at once (nothing was claimed) or when its lease is over; the step
that was not stored runs again, and looks before it acts.
"""

import logging
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from portal.core.errors import PortalError, explain
from portal.operations import backoff, clouds, queue
from portal.operations.context import Context
from portal.operations.enqueue import enqueue, enqueue_on_commit
from portal.operations.models import Operation
from portal.operations.outcomes import Again, Done, Next, Outcome
from portal.operations.registry import CANCEL_STEP, Kind, kind_of
from portal.operations.tell import tell
from portal.operations.turns import LeaseLostError, Turn

logger = logging.getLogger(__name__)

# After so long the worker lets others have a turn first, if they are fairer.
TURN_SECONDS = 0.5
# An operation on which the portal's own code fails so often in a row is given up.
MAX_CRASHES = 5
UNEXPECTED = "operations:unexpected"

State = Operation.State


def advance_next() -> bool:
    """Claim the fairest due operation and take one turn at it. False: nothing is due."""
    turn = queue.claim_next()
    if turn is None:
        return False
    take(turn)
    return True


def take(turn: Turn) -> None:
    whole = False
    try:
        _run(turn)
        whole = True
    except LeaseLostError:
        logger.warning("operation %s went to another worker", turn.op.pk)
        whole = True
    finally:
        # No handler for "any exception" here: the task base logs it; the operation only must not wait for its lease.
        if not whole:
            _crashed(turn)


def _run(turn: Turn) -> None:
    while True:
        kind = kind_of(turn.op.kind)
        if _over(turn, kind) or kind is None:
            return
        if turn.op.started_at is None:
            _started(turn)
        turn.begin_step()
        outcome = _attempt(turn, kind)
        if not isinstance(outcome, Next):
            return
        if time.monotonic() - turn.started > TURN_SECONDS:
            turn.give_back(State.QUEUED, run_after=timezone.now())
            enqueue()
            return
        turn.op.refresh_from_db(fields=["cancel_requested"])


def _over(turn: Turn, kind: Kind | None) -> bool:
    """End or put off what must not run a step now."""
    op = turn.op
    if timezone.now() >= op.deadline_at:
        last = explain(op.error_id, op.error_params).title if op.error_id else op.stage or "nothing was heard"
        _fail(turn, PortalError("operations:deadline", label=op.label, last=last))
        return True
    if kind is None:
        _try_later(
            turn, PortalError("operations:unknown-kind", outcome="retry", retry_after=15, kind=op.kind)
        )
        return True
    if op.cancel_requested and op.step != CANCEL_STEP:
        if kind.on_cancel is None or op.started_at is None:
            _end(turn, State.CANCELLED, "Stopped as asked")
            return True
        turn.keep(step=CANCEL_STEP, stage="Stopping", attempts=0)
    return False


def _started(turn: Turn) -> None:
    now = timezone.now()
    turn.keep(started_at=now, step_since=now)


def _attempt(turn: Turn, kind: Kind) -> Outcome | None:
    """Run the step and store how it ended. None: it ended in trouble, which was stored."""
    ctx = Context(turn)
    run = kind.on_cancel if turn.op.step == CANCEL_STEP and kind.on_cancel else kind.run
    try:
        outcome = run(ctx)
    except PortalError as error:
        turn.add_request_ids(ctx.request_ids())
        _trouble(turn, error)
        return None
    turn.add_request_ids(ctx.request_ids())
    _store(turn, ctx, outcome)
    return outcome


def _store(turn: Turn, ctx: Context, outcome: Outcome) -> None:
    op = turn.op
    facts = {
        "progress": {**ctx.progress, **outcome.progress},
        "request_ids": op.request_ids,
        "attempts": 0,
        "renewed": False,
        "error_id": "",
        "error_params": {},
        "error_detail": "",
    }
    if isinstance(outcome, Done):
        state = State.CANCELLED if op.step == CANCEL_STEP else State.DONE
        _end(turn, state, outcome.outcome, **facts)
        return
    visible = bool(outcome.stage and outcome.stage != op.stage) or bool(op.error_id)
    facts["stage"] = (outcome.stage or op.stage)[:120]
    now = timezone.now()
    with transaction.atomic():
        if isinstance(outcome, Next):
            visible = True
            turn.keep(step=outcome.step, step_since=now, **facts)
            turn.write(outcome.stage or outcome.step)
        elif isinstance(outcome, Again):
            turn.give_back_until(_in(turn, now, outcome.after_seconds), **facts)
        else:
            turn.give_back_waiting(_in(turn, now, outcome.seconds), **facts)
        if op.state == State.QUEUED:
            enqueue_on_commit(after=(op.run_after - now).total_seconds())
        if visible:
            tell(op)


def _in(turn: Turn, now: datetime, seconds: float) -> datetime:
    """A time to look again, never after the deadline: an operation ends when its time is over."""
    return min(now + timedelta(seconds=max(0.0, seconds)), max(now, turn.op.deadline_at))


def _trouble(turn: Turn, error: PortalError) -> None:
    if error.outcome == "refused":
        _fail(turn, error)
    elif error.outcome == "auth":
        _unauthorized(turn, error)
    else:
        _try_later(turn, error)


def _unauthorized(turn: Turn, error: PortalError) -> None:
    """Renew the credential once; when that does not help, only the person can."""
    op = turn.op
    try:
        opens = not op.renewed and clouds.renew(op.by, op.cloud, op.project_id)
    except PortalError as refusal:
        if refusal.outcome in ("retry", "unknown"):
            _try_later(turn, refusal)
            return
        opens = False
    if not opens:
        _pause(turn, error)
        return
    with transaction.atomic():
        turn.write("The credential was renewed")
        turn.give_back(State.QUEUED, run_after=timezone.now(), renewed=True, request_ids=op.request_ids)
        enqueue_on_commit()


def _pause(turn: Turn, refusal: PortalError) -> None:
    title = clouds.title(turn.op.cloud)
    error = PortalError("operations:paused", outcome="auth", detail=refusal.detail, cloud=title)
    with transaction.atomic():
        turn.write(error.problem.title, error=error)
        turn.give_back(State.PAUSED, run_after=timezone.now(), renewed=False, **_errors(turn, error))
        tell(turn.op)


def _try_later(turn: Turn, error: PortalError) -> None:
    op = turn.op
    news = error.id != op.error_id
    delay = backoff.seconds(op.attempts, error.retry_after)
    with transaction.atomic():
        if news:
            turn.write(error.problem.title, error=error)
        turn.give_back_until(
            _in(turn, timezone.now(), delay), attempts=op.attempts + 1, **_errors(turn, error)
        )
        enqueue_on_commit(after=delay)
        if news:
            tell(op)


def _fail(turn: Turn, error: PortalError) -> None:
    _end(turn, State.FAILED, error.problem.title, error=error, **_errors(turn, error))


def _errors(turn: Turn, error: PortalError) -> dict[str, object]:
    return {
        "error_id": error.id[:64],
        "error_params": error.params,
        "error_detail": error.detail[:2000],
        "request_ids": turn.op.request_ids,
    }


def _end(
    turn: Turn, state: Operation.State, words: str, error: PortalError | None = None, **facts: object
) -> None:
    with transaction.atomic():
        turn.give_back(state, outcome=words[:255], finished_at=timezone.now(), **facts)
        turn.write(words or state.label, error=error)
        tell(turn.op)


def _crashed(turn: Turn) -> None:
    """The portal's own code failed. What the step did is not known, so it is tried again, but not for ever."""
    op = turn.op
    error = PortalError(UNEXPECTED, outcome="unknown", label=op.label, step=op.step)
    again = op.attempts + 1 if op.error_id == UNEXPECTED else 1
    try:
        if again >= MAX_CRASHES:
            _fail(turn, error)
        else:
            op.attempts = again - 1
            _try_later(turn, error)
    except LeaseLostError:
        logger.warning("operation %s had gone to another worker when it crashed", op.pk)
