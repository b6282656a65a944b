"""Rooms for tests: workshops with their seats, who sits there, and at which machines. No cloud, no engine."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance
from instances.workshops.models import Helper, Learner, Meeting, Seat, SeatMachine, Workshop
from portal.accounts.models import User
from tests.instances.rows import machine

HOUR = timedelta(hours=1)


def make_workshop(
    allocation: Allocation, owner: User | None, seats: int = 3, spares: int = 0, **fields: Any
) -> Workshop:
    """RUNNING, and in the middle of its one meeting. Its seats are numbered from 1, without machines."""
    now = timezone.now()
    given: dict[str, Any] = {
        "title": "Deep learning in an afternoon",
        "state": Workshop.State.RUNNING,
        "time_zone": "America/Chicago",
        "image_id": "ubuntu-new",
        "image_name": "Featured-Ubuntu24",
        "flavor_id": "2",
        "flavor_name": "m3.small",
        "seats": seats,
        "spares": spares,
        "opens_at": now - HOUR,
        "closes_at": now + 2 * HOUR,
        "remove_after": now + 72 * HOUR,
        "created_at": now - 24 * HOUR,
        "planned_at": now - 24 * HOUR,
        "begun_at": now - HOUR,
    }
    made = Workshop.objects.create(allocation=allocation, owner=owner, **{**given, **fields})
    if made.opens_at is not None and made.closes_at is not None:
        add_meeting(made, made.opens_at + HOUR / 4, made.closes_at - HOUR / 4)
    for number in range(1, seats + 1):
        add_seat(made, number)
    for number in range(1, spares + 1):
        add_seat(made, number, spare=True)
    return made


def add_meeting(workshop: Workshop, starts_at: Any, ends_at: Any, **fields: Any) -> Meeting:
    """Its wall clock is written in UTC, whatever the workshop's zone: what decides are the moments."""
    return Meeting.objects.create(
        workshop=workshop,
        day=starts_at.date(),
        begins=starts_at.time(),
        ends=ends_at.time(),
        starts_at=starts_at,
        ends_at=ends_at,
        **fields,
    )


def add_seat(workshop: Workshop, number: int, *, spare: bool = False, **fields: Any) -> Seat:
    given: dict[str, Any] = {"stage_since": timezone.now()}
    return Seat.objects.create(workshop=workshop, number=number, spare=spare, **{**given, **fields})


def seat_of(workshop: Workshop, number: int = 1, *, spare: bool = False) -> Seat:
    return Seat.objects.select_related("workshop", "learner", "instance").get(
        workshop=workshop, number=number, spare=spare
    )


def make_learner(workshop: Workshop, user: User | None = None, **fields: Any) -> Learner:
    """In, by the roster; without a seat."""
    now = timezone.now()
    given: dict[str, Any] = {
        "name": (user.display_name if user else "") or "Lea Learner",
        "email": user.email if user else "",
        "state": Learner.State.IN,
        "via": Learner.Via.ROSTER,
        "added_at": now,
        "joined_at": now,
    }
    return Learner.objects.create(workshop=workshop, user=user, **{**given, **fields})


def make_helper(
    workshop: Workshop, user: User | None, role: str = Helper.Role.ASSISTANT, **fields: Any
) -> Helper:
    given: dict[str, Any] = {"name": user.display_name if user else "", "added_at": timezone.now()}
    return Helper.objects.create(workshop=workshop, user=user, role=role, **{**given, **fields})


def seat_machine(workshop: Workshop, seat: Seat | None = None, **fields: Any) -> Instance:
    """A machine that runs, as the engine makes them: the owner's, without a public address, set up."""
    now = timezone.now()
    given: dict[str, Any] = {
        "name": f"class-{uuid4().hex[:6]}",
        "image_id": workshop.image_id,
        "image_name": workshop.image_name,
        "flavor_name": workshop.flavor_name,
        "private_address": "10.1.0.7",
        "setup_status": "complete",
        "ready_at": now - 24 * HOUR + HOUR / 60,
    }
    made = machine(workshop.allocation, workshop.owner, **{**given, **fields})
    made.metadata = {"helioRole": "seat", "helioInstance": str(made.pk)}
    made.save(update_fields=["metadata"])
    SeatMachine.objects.create(
        workshop=workshop,
        seat=seat,
        learner=seat.learner if seat else None,
        instance=made,
        made_at=now,
        ready_at=now,
    )
    return made


def sit(
    seat: Seat,
    learner: Learner | None = None,
    instance: Instance | None = None,
    *,
    stage: str = Seat.Stage.READY,
) -> Seat:
    """Put somebody at a seat whose machine is ready: the given one, else one that is made for it."""
    if learner is not None:
        seat.learner = learner
    seat.instance = instance or seat_machine(seat.workshop, seat)
    seat.stage = stage
    seat.stage_since = timezone.now()
    seat.save()
    SeatMachine.objects.filter(instance=seat.instance).update(seat=seat, learner=seat.learner)
    return seat
