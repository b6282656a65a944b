"""What people do to seats by hand. Each seat on its own: what cannot be done is told beside what was accepted.

Whoever comes in may help at the workshop (`access`); the machines are acted on with a credential of the allocation.
`by` None: the portal does it, to collect work.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from instances.models import Instance
from instances.services.portal_acts import act_for_portal
from instances.services.portal_launch import URGENCY
from instances.workshops import access, hooks, live, trail
from instances.workshops.clock.phases import phase_at
from instances.workshops.clock.reading import times_of
from instances.workshops.engine import driving, moves, seating, sizing
from instances.workshops.engine.carry import reason_of
from instances.workshops.engine.shapes import BACK
from instances.workshops.engine.usual import usual_build_seconds
from instances.workshops.guests import home
from instances.workshops.models import Seat, Workshop
from instances.workshops.rights import Right
from portal.accounts.models import User
from portal.core.errors import PortalError

Stage = Seat.Stage
test_drive = driving.test_drive
end_test_drive = driving.end_test_drive
set_size = sizing.set_size
# As long as a seat is left alone that was started or put away by hand when the clock wants nothing further.
_ASIDE = timedelta(hours=1)
# More than these wait behind what other people ask for.
_FEW = 10


@dataclass(frozen=True, slots=True)
class SeatResult:
    """`problem` None: accepted."""

    seat: Seat
    problem: PortalError | None = None


Doing = Callable[[Workshop, Seat, datetime], None]


def start(*, seats: Sequence[Seat], by: User | None) -> list[SeatResult]:
    """Those that were put away come back, and are left alone until the clock wants something else."""

    def do(workshop: Workshop, seat: Seat, until: datetime) -> None:
        status = _machine(seat).status
        if status not in BACK:
            raise _not_now(seat, "It runs, or is on its way.")
        _switch(workshop, seat, BACK[status], Stage.RETURNING, until, few=len(seats) <= _FEW)

    return _each("start", seats, by, do)


def stop(*, seats: Sequence[Seat], by: User | None) -> list[SeatResult]:
    """Switched off. A machine that is stopped still costs."""

    def do(workshop: Workshop, seat: Seat, until: datetime) -> None:
        _switch(workshop, seat, "stop", Stage.AWAY, until, few=len(seats) <= _FEW)

    return _each("stop", seats, by, do)


def shelve(*, seats: Sequence[Seat], by: User | None) -> list[SeatResult]:
    """Put away, costing nothing, until they are started or the clock wants something else."""

    def do(workshop: Workshop, seat: Seat, until: datetime) -> None:
        _switch(workshop, seat, "shelve", Stage.AWAY, until, few=len(seats) <= _FEW)

    return _each("shelve", seats, by, do)


def reset(*, seats: Sequence[Seat], by: User | None, keep_home: bool) -> list[SeatResult]:
    """As their image has it again. Where the root disk is a volume, another machine takes its place."""

    def do(workshop: Workshop, seat: Seat, until: datetime) -> None:
        if _machine(seat).volume_backed and not keep_home:
            _another(seat, "replaced")
            return
        operation = home.reset(seat=seat, keep_home=keep_home, reason=reason_of(workshop))
        moves.turn(seat, Stage.MENDING, timezone.now(), operation=operation.pk)
        moves.say(seat)
        moves.store([seat])

    return _each("reset", seats, by, do, keep_home=keep_home)


def replace(*, seats: Sequence[Seat], by: User | None) -> list[SeatResult]:
    """Their machines are deleted and others are built; a spare that is ready is theirs at once. Broken ones are tried now."""

    def do(workshop: Workshop, seat: Seat, until: datetime) -> None:
        _another(seat, "replaced")

    return _each("replace", seats, by, do)


def swap(*, seats: Sequence[Seat], by: User | None) -> list[SeatResult]:
    """Each gets the machine of a spare that is ready now; its own is deleted, and another spare is built."""

    def do(workshop: Workshop, seat: Seat, until: datetime) -> None:
        if seat.spare:
            raise _not_now(seat, "It is a spare itself.")
        ready = workshop.places.select_for_update(of=("self",)).filter(
            spare=True, stage=Stage.READY, instance__isnull=False, instance__deleted_at=None
        )
        spare = ready.select_related("instance").first()
        if spare is None:
            raise PortalError("workshops:no-spare", number=seat.number)
        moves.part([seat], "swapped", timezone.now())
        moves.store([seat])
        moves.give(seat, spare)
        hooks.tell_ready([seat])

    return _each("swap", seats, by, do)


def hold(*, seats: Sequence[Seat], by: User | None, until: datetime) -> list[SeatResult]:
    """Left as they are until then, whatever the clock wants."""

    def do(workshop: Workshop, seat: Seat, aside: datetime) -> None:
        if seat.number == 0:
            raise _not_now(seat, "It is the seat of a test drive, which ends by itself.")
        _put_aside(seat, until)

    return _each("hold", seats, by, do, until=until.isoformat())


def release(*, seats: Sequence[Seat], by: User | None) -> list[SeatResult]:
    """The clock has them again, and what was put off is tried now."""

    def do(workshop: Workshop, seat: Seat, until: datetime) -> None:
        if seat.number == 0:
            raise _not_now(seat, "It is the seat of a test drive, which ends by itself.")
        seat.attempts, seat.not_before = 0, None
        moves.store([seat])
        _put_aside(seat, None)

    return _each("release", seats, by, do)


def _each(act: str, seats: Sequence[Seat], by: User | None, do: Doing, **detail: object) -> list[SeatResult]:
    if not seats:
        return []
    workshop = Workshop.objects.select_related("allocation", "owner").get(pk=seats[0].workshop_id)
    if by is not None:
        access.workshop_for(by, workshop.pk, Right.HELP)
    until = _aside(workshop)
    results = [_try(workshop, seat, do, until) for seat in seats]
    done = [str(result.seat) for result in results if result.problem is None]
    if done:
        trail.record(f"workshop.seat-{act}", workshop, by=by, seats=done, count=len(done), **detail)
        seating.wake([workshop.pk])
    return results


def _try(workshop: Workshop, asked: Seat, do: Doing, until: datetime) -> SeatResult:
    try:
        with transaction.atomic():
            seat = _held(workshop, asked)
            do(workshop, seat, until)
    except PortalError as problem:
        return SeatResult(asked, problem)
    return SeatResult(seat)


def _held(workshop: Workshop, asked: Seat) -> Seat:
    """As it is now, with the locks that rounds take."""
    moves.lock(workshop.pk)
    rows = Seat.objects.select_for_update(of=("self",)).select_related("instance", "learner")
    seat = rows.filter(pk=asked.pk, workshop=workshop).first()
    if seat is None or seat.stage in (Stage.GOING, Stage.GONE):
        raise PortalError("workshops:unknown")
    seat.workshop = workshop
    return seat


def _aside(workshop: Workshop) -> datetime:
    """Until the clock wants something else."""
    now = timezone.now()
    usual = usual_build_seconds(workshop.allocation, workshop.image_id, workshop.flavor_name)
    phase = phase_at(times_of(workshop), now, build_seconds=usual, waves=1)
    return phase.until or now + _ASIDE


def _switch(
    workshop: Workshop, seat: Seat, action: str, stage: Seat.Stage, until: datetime, *, few: bool
) -> None:
    if seat.stage in (Stage.BUILDING, Stage.MENDING):
        raise _not_now(seat, f"It is {seat.get_stage_display().lower()}.")
    operation = act_for_portal(
        instance=_machine(seat),
        action=action,
        params={"release_address": False} if action == "shelve" else {},
        reason=reason_of(workshop),
        urgency=None if few else URGENCY,
    )
    moves.turn(seat, stage, timezone.now(), operation=operation.pk)
    moves.say(seat)
    seat.not_before = None
    moves.store([seat])
    if seat.number != 0:
        _put_aside(seat, until)


def _another(seat: Seat, because: str) -> None:
    """An empty seat is tried at once."""
    moves.part([seat], because, timezone.now())
    moves.say(seat)
    seat.attempts, seat.not_before = 0, None
    moves.store([seat])


def _put_aside(seat: Seat, until: datetime | None) -> None:
    seat.held_until = until
    seat.save(update_fields=["held_until"])
    live.seats_changed([seat])


def _machine(seat: Seat) -> Instance:
    if seat.instance is None:
        raise PortalError("workshops:no-machine", number=seat.number)
    return seat.instance


def _not_now(seat: Seat, reason: str) -> PortalError:
    return PortalError("workshops:not-now", number=seat.number, reason=reason)
