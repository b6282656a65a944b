"""Test drives: a seat with the number 0, for one of those who run the workshop, as a learner sees it, for a while."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from instances.workshops import access, live, trail
from instances.workshops.engine import moves, seating
from instances.workshops.engine.usual import usual_build_seconds
from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.rights import Right
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core.errors import PortalError

Stage = Seat.Stage
State = Workshop.State
_OVER = (State.ENDED, State.REMOVING, State.REMOVED, State.CANCELLED)


@transaction.atomic
def test_drive(*, workshop: Workshop, by: User, minutes: int) -> Seat:
    """Their own seat, for so long once it is built. Asked for again: the same one, for longer."""
    access.workshop_for(by, workshop.pk, Right.RUN)
    workshop = moves.lock(workshop.pk)
    if workshop.state in _OVER:
        raise PortalError("workshops:is-over", title=workshop.title)
    now = timezone.now()
    most = clouds().cloud(workshop.allocation.cloud).portal.workshops.test_drive_minutes
    until = now + timedelta(minutes=max(5, min(minutes, most)))
    seat = workshop.places.filter(number=0).select_related("learner__user").first()
    if seat is None:
        until += timedelta(
            seconds=usual_build_seconds(workshop.allocation, workshop.image_id, workshop.flavor_name)
        )
        seat = _new(workshop, by)
    elif seat.learner is None or seat.learner.user_id != by.pk:
        who = str(seat.learner.user) if seat.learner else "Somebody"
        raise PortalError(
            "workshops:drive-taken", who=who, until=f"{seat.held_until:%H:%M}" if seat.held_until else "soon"
        )
    seat.held_until = until
    seat.save(update_fields=["held_until"])
    trail.record("workshop.test-drive", workshop, by=by, minutes=minutes)
    live.seats_changed([seat])
    seating.wake([workshop.pk])
    return seat


def _new(workshop: Workshop, by: User) -> Seat:
    if workshop.learners.filter(user=by).exclude(via=Learner.Via.TEST).exists():
        raise PortalError("workshops:drive-learner", title=workshop.title)
    now = timezone.now()
    learner, _ = Learner.objects.update_or_create(
        workshop=workshop,
        user=by,
        defaults={
            "name": str(by)[:150],
            "email": by.email,
            "state": Learner.State.IN,
            "via": Learner.Via.TEST,
            "added_at": now,
            "joined_at": now,
        },
    )
    return Seat.objects.create(workshop=workshop, number=0, learner=learner, stage_since=now)


@transaction.atomic
def end_test_drive(*, workshop: Workshop, by: User) -> None:
    """Before its time is over."""
    access.workshop_for(by, workshop.pk, Right.RUN)
    seat = workshop.places.filter(number=0).first()
    if seat is not None:
        end_drive(seat.pk)
        trail.record("workshop.test-drive-end", workshop, by=by)


@transaction.atomic
def end_drive(seat_id: UUID) -> None:
    """The seat and its learner go; rounds delete the machine."""
    seat = Seat.objects.filter(pk=seat_id, number=0).select_related("learner").first()
    if seat is None:
        return
    workshop = moves.lock(seat.workshop_id)
    now, learner = timezone.now(), seat.learner
    moves.part([seat], "over", now)
    moves.store([seat])
    seat.delete()
    if learner is not None and learner.via == Learner.Via.TEST:
        learner.delete()
    live.workshop_changed(workshop)
    seating.wake([workshop.pk])
