"""Carrying out what a round decided: each step is one transaction, which looks again before it changes anything."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from instances.models import Instance
from instances.services.portal_acts import act_for_portal
from instances.services.portal_launch import URGENCY
from instances.workshops import hooks
from instances.workshops.engine import launching, moves
from instances.workshops.engine.driving import end_drive
from instances.workshops.engine.shapes import (
    Act,
    Delete,
    EndDrive,
    Give,
    Launch,
    Part,
    Place,
    Ready,
    Show,
    Step,
    Tell,
)
from instances.workshops.models import Seat, SeatMachine, Workshop
from portal.core import deadline
from portal.core.errors import PortalError
from portal.operations import services as operations
from portal.operations.models import Operation

Stage = Seat.Stage
# What somebody else is doing with the machine is no problem of the seat: it is looked at again.
_BUSY = frozenset({"instances:busy", "operations:over"})
_NOT_NOW = "instances:not-now"
_SPARE_SECONDS = 5.0


def carry(workshop: Workshop, steps: Sequence[Step], first_pause: float) -> bool:
    """All of them, as far as the time of the task reaches. False: some were left to the next round."""
    moved = [step for step in steps if isinstance(step, Ready | Show | Tell | Part)]
    if moved:
        _show(workshop.pk, moved)
    for step in steps:
        if isinstance(step, Ready | Show | Tell | Part):
            continue
        if deadline.remaining() < _SPARE_SECONDS:
            return False
        _one(workshop, step, first_pause)
    return True


def _one(workshop: Workshop, step: Step, first_pause: float) -> None:
    match step:
        case Give():
            _give(workshop.pk, step)
        case Launch():
            launching.launch(workshop.pk, step)
        case Act():
            _act(workshop, step, first_pause)
        case Delete():
            _delete(workshop, step)
        case EndDrive():
            end_drive(UUID(step.place.id))
        case _:
            raise TypeError(f"no way to carry out {step!r}")


@transaction.atomic
def _show(workshop_id: UUID, steps: Sequence[Ready | Show | Tell | Part]) -> None:
    """Seats that are otherwise than their rows say, all with the same few statements."""
    moves.lock(workshop_id)
    now = timezone.now()
    rows = _expected([step.place for step in steps])
    changed: list[Seat] = []
    ready: list[Seat] = []
    parted: dict[str, list[Seat]] = {}
    for step in steps:
        seat = rows.get(step.place.id)
        if seat is None:
            continue
        changed.append(seat)
        if isinstance(step, Part):
            parted.setdefault(step.because, []).append(seat)
        elif isinstance(step, Ready):
            ready.append(seat)
    for because, seats in parted.items():
        moves.part(seats, because, now)
    for step in steps:
        if (seat := rows.get(step.place.id)) is not None:
            _mark(seat, step, now)
    moves.store(changed)
    _tell_ready(ready, {step.place.id: step.place.stage for step in steps}, now)


def _mark(seat: Seat, step: Ready | Show | Tell | Part, now: datetime) -> None:
    if isinstance(step, Ready):
        moves.turn(seat, Stage.READY, now)
        moves.say(seat)
        seat.attempts, seat.not_before = 0, None
        return
    trouble = step.trouble
    moves.say(seat, trouble.id if trouble else "", dict(trouble.params) if trouble else None)
    seat.not_before = step.not_before
    if isinstance(step, Show):
        moves.turn(seat, Stage(step.stage), now)
        seat.attempts += step.failed
    elif isinstance(step, Part):
        moves.turn(seat, Stage(step.stage), now)
        seat.attempts += step.counts


def _tell_ready(seats: list[Seat], before: dict[str, str], now: datetime) -> None:
    """A machine that only came back has what it had."""
    fresh = [seat for seat in seats if before[str(seat.pk)] in (Stage.BUILDING, Stage.MENDING, Stage.BROKEN)]
    SeatMachine.objects.filter(
        instance__in=[seat.instance_id for seat in seats if seat.instance_id], ready_at=None
    ).update(ready_at=now)
    if fresh:
        hooks.tell_ready(fresh)


@transaction.atomic
def _give(workshop_id: UUID, step: Give) -> None:
    workshop = moves.lock(workshop_id)
    rows = workshop.places.select_for_update(of=("self",)).select_related("instance", "learner")
    found = {str(row.pk): row for row in rows.filter(pk__in=(step.place.id, step.spare.id))}
    seat, spare = found.get(step.place.id), found.get(step.spare.id)
    if seat is None or spare is None or not _still(spare, step.spare):
        return
    empty = seat.instance_id is None and seat.stage in (Stage.EMPTY, Stage.BROKEN)
    if not empty and not _still(seat, step.place):
        return
    moves.give(seat, spare)
    hooks.tell_ready([seat])


def _act(workshop: Workshop, step: Act, first_pause: float) -> None:
    try:
        _ask(workshop, step)
    except PortalError as problem:
        if not _passes(problem, step.place.machine.id if step.place.machine else ""):
            _not_done(workshop.pk, step, problem, first_pause)


@transaction.atomic
def _ask(workshop: Workshop, step: Act) -> None:
    moves.lock(workshop.pk)
    seat = _expected([step.place]).get(step.place.id)
    if seat is None or seat.instance is None or _gives_up_paused(seat.instance):
        return
    params = {"release_address": False} if step.action == "shelve" else {}
    operation = act_for_portal(
        instance=seat.instance,
        action=step.action,
        params=params,
        reason=reason_of(workshop),
        urgency=URGENCY,
    )
    moves.turn(seat, Stage(step.stage), timezone.now(), operation=operation.pk)
    moves.store([seat])


def _gives_up_paused(machine: Instance) -> bool:
    """What waits for a person to connect again is stopped, so that the next round can ask with somebody else's credential."""
    paused = Operation.objects.filter(
        target_type="instance", target_id=str(machine.pk), state=Operation.State.PAUSED
    ).select_related("by")
    for operation in paused:
        operations.cancel(op=operation, by=operation.by)
    return bool(paused)


@transaction.atomic
def _not_done(workshop_id: UUID, step: Act, problem: PortalError, first_pause: float) -> None:
    """The seat says why, and it is tried again after a pause that grows."""
    moves.lock(workshop_id)
    seat = _expected([step.place]).get(step.place.id)
    if seat is None:
        return
    moves.say(seat, problem.id, problem.params)
    seat.attempts += 1
    seat.not_before = timezone.now() + _grown(first_pause, seat.attempts)
    moves.store([seat])


def _grown(first_pause: float, attempts: int) -> timedelta:
    return timedelta(seconds=first_pause * 2 ** min(attempts - 1, 5))


def _delete(workshop: Workshop, step: Delete) -> None:
    """A machine that serves no seat. Nobody's credential now: the hold says so, and the next round asks again."""
    row = Instance.objects.filter(pk=step.machine, deleted_at=None, seat=None).first()
    if row is None:
        return
    try:
        act_for_portal(
            instance=row,
            action="delete",
            params={"release_address": True},
            reason=reason_of(workshop),
            urgency=URGENCY,
        )
    except PortalError as problem:
        if not _passes(problem, step.machine):
            launching.hold(workshop.pk, problem)


def _passes(problem: PortalError, machine: str) -> bool:
    """Whether it will be otherwise by itself in a moment. Somebody's lock will not: a person has to open it."""
    if problem.id == _NOT_NOW:
        return not Instance.objects.filter(pk=machine, locked=True).exists()
    return problem.id in _BUSY


def reason_of(workshop: Workshop) -> str:
    return f"the workshop “{workshop.title}”"


def _expected(places: Sequence[Place]) -> dict[str, Seat]:
    """Those that are still as the round saw them, locked."""
    rows = Seat.objects.select_for_update(of=("self",)).select_related("instance", "learner")
    found = {str(row.pk): row for row in rows.filter(pk__in=[place.id for place in places])}
    return {
        place.id: found[place.id] for place in places if place.id in found and _still(found[place.id], place)
    }


def _still(seat: Seat, place: Place) -> bool:
    machine = str(seat.instance_id) if seat.instance_id is not None else None
    return seat.stage == place.stage and machine == (place.machine.id if place.machine else None)
