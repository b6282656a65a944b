"""Doing what is due, once: the run and its operation are stored together or not at all, and followed to their end."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from instances.actions import ACTIONS
from instances.models import Instance
from instances.policies import telling
from instances.policies.dues import Due, Times, doable, due_now
from instances.policies.effective import Held, held_one
from instances.policies.models import PolicyRun, Standing
from instances.policies.obstacles import Obstacle, started_again, without_need
from instances.policies.rules import BACK
from instances.rows import Row
from instances.rows import row as row_of
from instances.services import affording
from instances.services.portal_acts import act_for_portal
from instances.states import ruling
from instances.statuses import BUILD, REQUESTED, SHELVES, STOPS
from portal.core.errors import PortalError
from portal.operations import services as operations
from portal.operations.models import Operation

State = PolicyRun.State
SOON, LATER = timedelta(minutes=1), timedelta(minutes=10)
# Looked at later than this after its moment, a machine that came to its state since then was put there by a person.
PROMPT = timedelta(minutes=10)
ASKED_BY = {"schedule": "its schedule", "lease": "its lease", "idle": "the idle rule"}
_NOBODY = "instances:nobody-to-act"
_RACES = frozenset({"instances:busy", "instances:not-now"})


@transaction.atomic
def carry_out(instance_id: UUID, due: Due, now: datetime | None = None) -> PolicyRun | None:
    """One due thing of one machine. None: it was seen to already, or is no longer asked for."""
    now = now or timezone.now()
    asked = Instance.objects.filter(pk=instance_id, deleted_at=None).only("pk", "allocation_id").first()
    if asked is None:
        return None
    # In the order in which everybody takes them: allocation, machine.
    affording.lock(asked, due.action)
    rows = Instance.objects.select_for_update(of=("self",)).select_related("allocation", "owner")
    instance = rows.filter(pk=instance_id, deleted_at=None).first()
    run = PolicyRun.objects.filter(instance=instance_id, kind=due.kind, due_at=due.at).first()
    if instance is None or (run is not None and run.state != State.WAITING):
        return None
    # Under the lock: somebody may just have put it off.
    held = held_one(instance)
    if due not in due_now(held, Times(now)):
        return _over(run, now)
    run = run or PolicyRun(instance=instance, kind=due.kind, due_at=due.at, action=due.action, created_at=now)
    run.instance = instance
    if obstacle := _obstacle(held, row_of(instance), run, now):
        return _met(run, obstacle, now)
    return _ask(run, now)


def _ask(run: PolicyRun, now: datetime) -> PolicyRun:
    params = {"shelve": {"release_address": False}, "delete": {"release_address": True}}.get(run.action, {})
    try:
        with transaction.atomic():
            operation = act_for_portal(
                instance=run.instance,
                action=run.action,
                params=params,
                reason=ASKED_BY[run.kind],
                without=run.refused,
            )
    except PortalError as error:
        return _met(run, _of_error(error), now)
    run.state, run.operation, run.try_at, run.reason, run.error_id = State.ACTING, operation.pk, None, "", ""
    run.save()
    return run


def _of_error(error: PortalError) -> Obstacle:
    words = f"{error.problem.title}. {error.problem.todo}"
    if error.id == _NOBODY:
        return Obstacle(State.WAITING, words, error.id, tell=True)
    if error.id in _RACES or error.outcome in ("retry", "unknown"):
        return Obstacle(State.WAITING, words, error.id)
    return Obstacle(State.FAILED, words, error.id, tell=True)


def _met(run: PolicyRun, obstacle: Obstacle, now: datetime) -> PolicyRun:
    told_before = run.error_id == obstacle.error_id and run.pk is not None
    run.state, run.reason, run.error_id = obstacle.state, obstacle.words[:500], obstacle.error_id
    waits = obstacle.state == State.WAITING
    run.try_at = now + (LATER if obstacle.error_id == _NOBODY else SOON) if waits else None
    run.finished_at = None if waits else now
    run.save()
    if obstacle.tell and not told_before:
        {State.WAITING: telling.waits, State.FAILED: telling.failed}.get(run.state, telling.left)(run)
    return run


def _over(run: PolicyRun | None, now: datetime) -> PolicyRun | None:
    """What waited, and is asked for no longer: hours have begun, somebody is busy on it, the policy was changed."""
    if run is not None:
        run.state, run.finished_at = State.LEFT, now
        run.reason = f"It was no longer asked for. Before that: {run.reason}"[:500]
        run.save()
    return None


def _obstacle(held: Held, row: Row, run: PolicyRun, now: datetime) -> Obstacle | None:
    """What stands in the way. Sets the action that this machine, in its state and size, really needs."""
    instance = held.instance
    coming_back = run.action in BACK.values()
    if why := without_need(instance, run.action):
        return Obstacle(State.LEFT, why)
    if instance.locked:
        return Obstacle(State.LEFT, "It is locked: locked machines are left alone.", tell=not coming_back)
    if instance.status in (REQUESTED, BUILD):
        return Obstacle(State.LEFT, "It was being made.")
    late = now - run.due_at > PROMPT and run.pk is None
    if late and run.kind == "schedule" and instance.state_since > run.due_at and not row.state.operation:
        return Obstacle(State.LEFT, "The portal came late, and somebody had changed it since.")
    if coming_back and (why := started_again(instance, run.due_at)):
        return Obstacle(State.LEFT, why)
    action = _back_from(instance) if coming_back else doable(run.action, row.state.vetoes)
    if not action:
        return Obstacle(State.FAILED, "The operators of this cloud do not allow it for this size.", tell=True)
    run.action = action
    return _ruled_out(row, action)


def _ruled_out(row: Row, action: str) -> Obstacle | None:
    found = ruling(action, row.state)
    busy = bool(row.state.operation or row.state.task_state)
    if found.allowed and busy:
        # A person may delete what is busy; a policy waits.
        return Obstacle(State.WAITING, "The machine is busy with something else.")
    if found.allowed:
        return None
    # An operation that waits for its person may wait for days: it is told in words, and looked at again.
    state = State.WAITING if busy else State.LEFT
    return Obstacle(state, f"{ACTIONS[action].label} is not possible now. {found.reason}", tell=not busy)


def _back_from(instance: Instance) -> str:
    if instance.status in SHELVES:
        return "unshelve"
    return "start" if instance.status in STOPS else "resume"


def settle(now: datetime | None = None) -> int:
    """Take note of how the operations of runs ended. How many did. Two queries where none has."""
    now = now or timezone.now()
    acting = list(
        PolicyRun.objects.filter(state=State.ACTING).select_related("instance__allocation", "instance__owner")
    )
    ended = Operation.objects.filter(pk__in=[run.operation for run in acting]).exclude(
        state__in=(Operation.State.QUEUED, Operation.State.RUNNING, Operation.State.WAITING)
    )
    found = {op.pk: op for op in ended.select_related("by")}
    for run in acting:
        op = found.get(run.operation) if run.operation else None
        if op is not None:
            _settle(run, op, now)
    return len(found)


@transaction.atomic
def _settle(run: PolicyRun, op: Operation, now: datetime) -> None:
    fresh = PolicyRun.objects.select_for_update(of=("self",)).filter(pk=run.pk, state=State.ACTING).first()
    if fresh is None:
        return
    fresh.instance = run.instance
    if op.state == Operation.State.PAUSED:
        # The credential was refused: the next person's is tried, once this one is out of the way.
        operations.cancel(op=op, by=op.by)
        fresh.refused = [*fresh.refused, op.by_id]
        fresh.state, fresh.operation, fresh.try_at = State.WAITING, None, now + SOON
        fresh.reason = f"The cloud refused the credential of {op.by}."
        fresh.save()
        return
    fresh.finished_at = op.finished_at or now
    if op.state == Operation.State.DONE:
        fresh.state, fresh.reason = State.DONE, op.outcome
        fresh.save()
        if fresh.kind == "schedule":
            put_away = None if fresh.action in BACK.values() else fresh.finished_at
            Standing.objects.update_or_create(instance=run.instance, defaults={"put_away_at": put_away})
        telling.done(fresh)
    elif op.state == Operation.State.CANCELLED:
        fresh.state, fresh.reason = State.LEFT, "It was stopped by a person."
        fresh.save()
    else:
        error = PortalError(op.error_id or "operations:unexpected", **op.error_params)
        fresh.state, fresh.error_id = State.FAILED, op.error_id
        fresh.reason = f"{error.problem.title}. {error.problem.todo}"[:500]
        fresh.save()
        telling.failed(fresh)
