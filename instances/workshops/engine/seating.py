"""Who sits where: under the lock of the workshop's row, so that of two who want the last seat one gets it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from instances.workshops import hooks, live
from instances.workshops.engine import moves
from instances.workshops.models import Learner, Seat, SeatMachine, Workshop
from portal.core import bulk

Stage = Seat.Stage
State = Learner.State
_LEAVING = (Stage.GOING, Stage.GONE)


@transaction.atomic
def give_seat(learner: Learner) -> Seat | None:
    """Their seat, from now on: learner IN. None where all are taken or kept for others: they are WAITING in line."""
    workshop = moves.lock(learner.workshop_id)
    fit_rows(workshop)
    own = Seat.objects.filter(learner=learner).first()
    if own is None:
        free = _free(workshop)
        # Who was invited has as good a right as all others for whom one is kept: the first who come get them.
        kept = 0 if learner.state == State.INVITED else _invited(workshop).exclude(pk=learner.pk).count()
        own = free[0] if len(free) > kept else None
    if own is None:
        _wait(learner)
        return None
    _sit(own, learner)
    return own


@transaction.atomic
def free_seat(seat: Seat) -> Learner | None:
    """Nobody sits there any more, and the first in line, if anybody is, sits down at once.

    A machine that somebody has worked at is nobody else's: it is thrown away, and another one is built.
    """
    workshop = moves.lock(seat.workshop_id)
    seat = Seat.objects.select_related("learner", "instance").get(pk=seat.pk)
    former = seat.learner
    if former is None:
        return None
    if used(seat, workshop):
        moves.part([seat], "replaced", timezone.now())
        moves.say(seat)
        moves.store([seat])
    seat.learner = None
    seat.save(update_fields=["learner"])
    live.seats_changed([seat])
    live.learners_changed([former.pk])
    _wake(workshop)
    taken = promote(workshop)
    return taken[0].learner if taken else None


@transaction.atomic
def promote(workshop: Workshop) -> list[Seat]:
    """Those in line sit down, the longest waiting first, as far as seats are free that are kept for nobody."""
    workshop = moves.lock(workshop.pk)
    fit_rows(workshop)
    free = _free(workshop)
    room = len(free) - _invited(workshop).count()
    if room <= 0:
        return []
    line = (
        workshop.learners.filter(state=State.WAITING)
        .exclude(pk__in=hooks.kept_waiting(workshop))
        .order_by(F("waiting_since").asc(nulls_last=True), "pk")
    )
    given = list(zip(free, line[:room], strict=False))
    for seat, learner in given:
        _sit(seat, learner)
    return [seat for seat, _ in given]


def fit_rows(workshop: Workshop) -> None:
    """As many seats and spares as were planned. Only those that nothing and nobody is at are taken away."""
    now = timezone.now()
    known = list(workshop.places.filter(number__gt=0).values_list("spare", "number"))
    for spare, wanted in ((False, workshop.seats), (True, workshop.spares)):
        have = {number for is_spare, number in known if is_spare is spare}
        missing = sorted(set(range(1, wanted + 1)) - have)
        bulk.insert(
            [
                Seat(workshop=workshop, number=number, spare=spare, stage_since=now)
                for number in missing[: max(0, wanted - len(have))]
            ]
        )
        if len(have) > wanted:
            surplus = workshop.places.filter(spare=spare, number__gt=wanted, learner=None, instance=None)
            surplus.delete()


def used(seat: Seat, workshop: Workshop) -> bool:
    """Whether its learner can have left anything on its machine."""
    learner = seat.learner
    if learner is None or seat.instance_id is None:
        return False
    return learner.joined_at is not None and _was_open(workshop, learner, timezone.now())


def _was_open(workshop: Workshop, learner: Learner, now: datetime) -> bool:
    if learner.via == Learner.Via.TEST:
        return True
    return workshop.opens_at is not None and workshop.opens_at <= now and workshop.begun_at is not None


def taken_count(workshop: Workshop) -> int:
    """Seats that somebody sits at, and those that are kept for who was invited."""
    seats = workshop.places.filter(spare=False, number__gt=0).exclude(learner=None).count()
    return seats + _invited(workshop).count()


def _free(workshop: Workshop) -> list[Seat]:
    """Those with a machine first: who comes late should not wait for a build."""
    rows = workshop.places.filter(spare=False, number__gt=0, learner=None).exclude(stage__in=_LEAVING)
    ready = (Stage.READY, Stage.AWAY, Stage.RETURNING)
    return sorted(rows, key=lambda seat: (seat.stage not in ready, seat.number))


def _invited(workshop: Workshop) -> QuerySet[Learner]:
    return workshop.learners.filter(Q(state=State.INVITED), seat=None).exclude(via=Learner.Via.TEST)


def _sit(seat: Seat, learner: Learner) -> None:
    now = timezone.now()
    learner.state, learner.waiting_since = State.IN, None
    learner.joined_at = learner.joined_at or now
    learner.save(update_fields=["state", "waiting_since", "joined_at"])
    seat.learner = learner
    seat.save(update_fields=["learner"])
    SeatMachine.objects.filter(instance=seat.instance_id, left_at=None).exclude(instance=None).update(
        learner=learner, seat=seat
    )
    live.seats_changed([seat])


def _wait(learner: Learner) -> None:
    if learner.state == State.WAITING and learner.waiting_since is not None:
        return
    learner.state = State.WAITING
    learner.waiting_since = learner.waiting_since or timezone.now()
    learner.save(update_fields=["state", "waiting_since"])
    live.learners_changed([learner.pk])


def _wake(workshop: Workshop) -> None:
    wake([workshop.pk])


def wake(ids: Sequence[UUID]) -> None:
    """A round as soon as the clock ticks."""
    Workshop.objects.filter(pk__in=ids).update(next_at=timezone.now())
