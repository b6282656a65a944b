"""Machines coming to seats and leaving them. Rows only, in the caller's transaction, with the workshop's row locked."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from instances.workshops import live
from instances.workshops.models import Seat, SeatMachine, Workshop
from portal.core import bulk

Stage = Seat.Stage
_WRITTEN = (
    *("instance", "stage", "stage_since", "operation", "attempts", "not_before"),
    *("problem_id", "problem_params"),
)


def lock(workshop_id: UUID) -> Workshop:
    """Who changes seats of one workshop waits for each other here."""
    rows = Workshop.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("allocation", "owner").get(pk=workshop_id)


def store(seats: Sequence[Seat]) -> None:
    """What the engine writes of seats; never who sits there, nor what people set."""
    bulk.update(seats, _WRITTEN)
    live.seats_changed(seats)


def turn(seat: Seat, stage: Seat.Stage, now: datetime, *, operation: UUID | None = None) -> None:
    """Another stage, not stored yet."""
    if seat.stage != stage:
        seat.stage, seat.stage_since = stage, now
    seat.operation = operation


def say(seat: Seat, problem_id: str = "", params: dict[str, Any] | None = None) -> None:
    seat.problem_id, seat.problem_params = problem_id[:64], params or {}


def part(seats: Iterable[Seat], because: str, now: datetime) -> None:
    """Their machines serve no seat any more: rounds delete them. The seats are empty, and not stored yet."""
    left = []
    for seat in seats:
        if seat.instance_id is not None:
            left.append(seat.instance_id)
        seat.instance = None
        turn(seat, Stage.EMPTY, now)
    machines = SeatMachine.objects.filter(instance__in=left, left_at=None)
    machines.update(left_at=now, left_because=because)


def give(seat: Seat, spare: Seat) -> None:
    """The spare's machine, which is ready, is the seat's now; the one that the seat is building is the spare's.

    Stored at once: the two rows may not hold one machine at the same time.
    """
    theirs, kept = spare.instance, _carried(seat)
    ready = _carried(spare)
    Seat.objects.filter(pk__in=(seat.pk, spare.pk)).update(instance=None)
    building = seat.instance
    seat.instance, spare.instance = theirs, building
    _take(seat, ready)
    _take(spare, kept)
    say(seat)
    seat.attempts, seat.not_before = 0, None
    store([seat, spare])
    _serves(theirs.pk if theirs else None, seat)
    _serves(building.pk if building else None, spare)


def _carried(seat: Seat) -> dict[str, Any]:
    """What belongs to the machine, not to the place."""
    names = ("stage", "stage_since", "operation", "attempts", "not_before", "problem_id", "problem_params")
    return {name: getattr(seat, name) for name in names}


def _take(seat: Seat, carried: dict[str, Any]) -> None:
    for name, value in carried.items():
        setattr(seat, name, value)


def _serves(machine_id: UUID | None, seat: Seat) -> None:
    if machine_id is not None:
        SeatMachine.objects.filter(instance=machine_id).update(seat=seat, learner=seat.learner_id)
