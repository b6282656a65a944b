"""Everything that a round has to know of one workshop, in a fixed number of queries."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db.models import Q

from instances.exosphere import OPEN_SETUP
from instances.models import Instance
from instances.workshops import hooks
from instances.workshops.clock.phases import Phase
from instances.workshops.engine import gate
from instances.workshops.engine.seating import used
from instances.workshops.engine.shapes import Facts, Loose, Machine, Op, Place, Rules, Trouble
from instances.workshops.models import Learner, Seat, SeatMachine, Workshop
from portal.cloud.config import clouds
from portal.operations.models import Operation

State = Workshop.State
_ENDS: dict[str, Literal["live", "paused", "done", "failed", "cancelled"]] = {
    Operation.State.PAUSED: "paused",
    Operation.State.DONE: "done",
    Operation.State.FAILED: "failed",
    Operation.State.CANCELLED: "cancelled",
}
_DELETE = "instance.delete"
# Beside these a machine can be acted on.
_BESIDE = frozenset({"instance.console", "instance.lock", "instance.unlock", "instance.rename"})


def read(workshop: Workshop, phase: Phase, *, hold: bool, usual: float, now: datetime) -> Facts:
    """`hold`: nothing new is begun for a meeting whose seats are not on yet."""
    seats = list(workshop.places.select_related("learner", "instance"))
    loose = _loose(workshop)
    operations = _operations(seats, loose)
    on = workshop.state == State.RUNNING and phase.want == "on"
    waits = workshop.hold_until is not None and workshop.hold_until > now
    return Facts(
        now=now,
        want=_want(workshop, phase),
        removing=workshop.state in (State.REMOVING, State.CANCELLED),
        build=on and phase.worth_building and not hold and not waits,
        bring_back=on and not hold,
        put_away=_put_away(workshop),
        power_room=gate.power_room(workshop),
        places=tuple(_place(seat, workshop, operations, now) for seat in seats),
        loose=tuple(_loose_one(pk, operations) for pk in loose),
        rules=rules_of(workshop, usual),
    )


def rules_of(workshop: Workshop, usual: float) -> Rules:
    set_up = clouds().cloud(workshop.allocation.cloud).portal.workshops
    return Rules(
        stuck=max(set_up.stuck_minutes * 60, set_up.stuck_times * usual),
        usual=usual,
        tries=set_up.tries,
        first_pause=set_up.first_pause_seconds,
        longest_pause=set_up.longest_pause_minutes * 60,
    )


def _want(workshop: Workshop, phase: Phase) -> Literal["nothing", "on", "away", "over"]:
    if workshop.state == State.ENDED:
        return "over"
    if workshop.state != State.RUNNING:
        return "nothing"
    return "away" if phase.want == "nothing" else phase.want


def _put_away(workshop: Workshop) -> Literal["", "shelve", "stop"]:
    ended = workshop.state == State.ENDED
    if ended and hooks.holds_back(workshop):
        return ""
    if workshop.between == Workshop.Between.STOP:
        return "stop"
    return "" if workshop.between == Workshop.Between.KEEP and not ended else "shelve"


def _loose(workshop: Workshop) -> list[UUID]:
    """Machines that serve no seat and are still there. One that the cloud refused to make is a row, and goes too."""
    rows = SeatMachine.objects.filter(workshop=workshop, instance__deleted_at=None, instance__seat=None)
    return list(rows.exclude(instance=None).values_list("instance_id", flat=True))


def _operations(seats: Iterable[Seat], loose: Iterable[UUID]) -> dict[str, list[Operation]]:
    """Of each machine, the newest first; under the id of an operation itself: that one. One query."""
    own = [seat.operation for seat in seats if seat.operation is not None]
    machines = [str(seat.instance_id) for seat in seats if seat.instance_id is not None]
    gone = [str(pk) for pk in loose]
    live = Q(target_type="instance", target_id__in=machines, state__in=Operation.LIVE)
    deletes = Q(target_type="instance", target_id__in=gone, kind=_DELETE)
    found: dict[str, list[Operation]] = {}
    for op in Operation.objects.filter(Q(pk__in=own) | live | deletes).order_by("-id"):
        found.setdefault(op.target_id, []).append(op)
        found[str(op.pk)] = [op]
    return found


def _place(seat: Seat, workshop: Workshop, operations: Mapping[str, list[Operation]], now: datetime) -> Place:
    own = next(iter(operations.get(str(seat.operation), [])), None) if seat.operation else None
    others = [
        op
        for op in operations.get(str(seat.instance_id), [])
        if op.live
        and op.state != Operation.State.PAUSED
        and op.pk != seat.operation
        and op.kind not in _BESIDE
    ]
    seat.workshop = workshop
    machine = seat.instance
    return Place(
        id=str(seat.pk),
        number=seat.number,
        spare=seat.spare,
        stage=seat.stage,
        stage_since=seat.stage_since,
        attempts=seat.attempts,
        not_before=seat.not_before,
        held_until=seat.held_until,
        learner=seat.learner_id is not None,
        precious=machine is not None and machine.ready_at is not None and used(seat, workshop),
        drive=seat.number == 0 or _tests(seat.learner),
        problem_id=seat.problem_id,
        machine=_machine(machine, own) if machine is not None else None,
        op=_op(own) if own is not None else None,
        other=bool(others),
    )


def _tests(learner: Learner | None) -> bool:
    return learner is not None and learner.via == Learner.Via.TEST


def _machine(row: Instance, op: Operation | None) -> Machine:
    return Machine(
        id=str(row.pk),
        status=row.status,
        task=row.task_state,
        setup=_setup(row),
        gone=row.deleted_at is not None,
        fault=row.fault_message,
        was_ready=row.ready_at is not None,
        since=_asked_at(op) if row.server_id else None,
    )


def _setup(row: Instance) -> str:
    """A guest that said nothing of its set-up, and was ready once, is as it was."""
    if row.setup_status in OPEN_SETUP or row.setup_status or row.ready_at is None:
        return row.setup_status
    return "complete"


def _asked_at(op: Operation | None) -> datetime | None:
    """When the cloud was asked for the machine: the time until then is not the build's."""
    if op is None or op.kind != "instance.launch":
        return None
    found: Any = op.progress.get("asked_at")
    return datetime.fromisoformat(found) if isinstance(found, str) else op.step_since


def _op(op: Operation) -> Op:
    live = op.state in (Operation.State.QUEUED, Operation.State.RUNNING, Operation.State.WAITING)
    trying = live and bool(op.error_id)
    return Op(
        id=str(op.pk),
        name=op.kind.removeprefix("instance."),
        state=_ENDS.get(op.state, "live"),
        trouble=Trouble(op.error_id, op.error_params) if op.error_id else None,
        again_at=op.run_after + timedelta(seconds=1) if trying else None,
    )


def _loose_one(pk: UUID, operations: Mapping[str, list[Operation]]) -> Loose:
    deletes = operations.get(str(pk), [])
    last = deletes[0] if deletes else None
    going = last is not None and last.live
    return Loose(
        machine=str(pk), going=going, failed_at=last.finished_at if last is not None and not going else None
    )
