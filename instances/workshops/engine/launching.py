"""Asking for machines of seats: as many as fit, and a sentence about the rest."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from instances.services.portal_launch import launch_for_portal
from instances.specs import MAX_COUNT, LaunchRequest
from instances.workshops import live
from instances.workshops.engine import gate, moves
from instances.workshops.engine.shapes import Launch
from instances.workshops.guests.seat_spec import spec_of
from instances.workshops.models import Seat, SeatMachine, Workshop
from portal.cloud.config import clouds
from portal.core import bulk
from portal.core.errors import PortalError
from portal.core.seal import unseal
from portal.operations.models import Operation

Stage = Seat.Stage
# On the servers themselves: by this they are found when everything is counted.
WORKSHOP_KEY = "helioWorkshop"
_NAME = 16


def launch(workshop_id: UUID, step: Launch) -> int:
    """How many were asked for. What stands in the way of all of them is said on the workshop, and tried again."""
    try:
        return _launch(workshop_id, step)
    except PortalError as problem:
        hold(workshop_id, problem)
        return 0


@transaction.atomic
def _launch(workshop_id: UUID, step: Launch) -> int:
    workshop = moves.lock(workshop_id)
    seats = _still_empty(workshop, [place.id for place in step.places])
    room = gate.builds(workshop, len(seats)) if seats else 0
    seats = seats[: min(room, MAX_COUNT)]
    if not seats:
        return 0
    operations = launch_for_portal(
        allocation=workshop.allocation,
        owner=workshop.owner,
        request=request_of(workshop),
        names=names(workshop, len(seats)),
        reason=f"the workshop “{workshop.title}”",
        seat=spec_of(workshop),
        marks={WORKSHOP_KEY: str(workshop.pk)},
    )
    _seat(workshop, seats[: len(operations)], operations)
    if workshop.hold_until is not None and len(operations) == len(seats):
        unhold(workshop)
    return len(operations)


def _seat(workshop: Workshop, seats: Sequence[Seat], operations: Sequence[Operation]) -> None:
    now = timezone.now()
    for seat, operation in zip(seats, operations, strict=True):
        seat.instance_id = UUID(operation.target_id)
        moves.turn(seat, Stage.BUILDING, now, operation=operation.pk)
        seat.not_before = None
    bulk.insert(
        [
            SeatMachine(
                workshop=workshop,
                seat=seat,
                learner_id=seat.learner_id,
                instance_id=seat.instance_id,
                made_at=now,
            )
            for seat in seats
        ]
    )
    moves.store(seats)


def _still_empty(workshop: Workshop, ids: Sequence[str]) -> list[Seat]:
    """In the order in which they were asked for."""
    rows = workshop.places.select_for_update().filter(
        pk__in=ids, instance=None, stage__in=(Stage.EMPTY, Stage.BROKEN)
    )
    found = {str(row.pk): row for row in rows}
    return [found[one] for one in ids if one in found]


def request_of(workshop: Workshop) -> LaunchRequest:
    """What each of its machines is."""
    return LaunchRequest(
        name=short_name(workshop),
        image_id=workshop.image_id,
        flavor_id=workshop.flavor_id,
        boot_volume_gb=workshop.boot_volume_gb,
        network_id=workshop.network_id,
        address="none",
        desktop=workshop.desktop,
        boot_script=unseal(workshop.sealed_boot_script) if workshop.sealed_boot_script else "",
    )


def names(workshop: Workshop, count: int) -> list[str]:
    """Of its next machines. A number is used once: a machine moves between seats, and another one follows it."""
    made = SeatMachine.objects.filter(workshop=workshop).count()
    return [f"{short_name(workshop)}-{number:03d}" for number in range(made + 1, made + count + 1)]


def short_name(workshop: Workshop) -> str:
    """The first words of its title, for prompts are short."""
    words = slugify(workshop.title).replace("_", "-").split("-")
    found = ""
    for word in filter(None, words):
        longer = f"{found}-{word}" if found else word[:_NAME]
        if len(longer) > _NAME:
            break
        found = longer
    return found or "class"


@transaction.atomic
def hold(workshop_id: UUID, problem: PortalError) -> None:
    """Say why nothing is begun, and wait: longer, the longer it has been so."""
    workshop = moves.lock(workshop_id)
    now = timezone.now()
    known = workshop.hold_id == problem.id[:64]
    since = workshop.hold_since if known and workshop.hold_since else now
    set_up = clouds().cloud(workshop.allocation.cloud).portal.workshops
    pause = max(set_up.first_pause_seconds, (now - since).total_seconds() / 4)
    until = now + timedelta(seconds=min(pause, set_up.longest_pause_minutes * 60))
    write_hold(workshop, problem.id, problem.params, since=since, until=until)


def unhold(workshop: Workshop) -> None:
    write_hold(workshop, "", {}, since=None, until=None)


def write_hold(
    workshop: Workshop, problem_id: str, params: dict[str, object], *, since: object, until: object
) -> None:
    changed = workshop.hold_id != problem_id[:64]
    values = {
        "hold_id": problem_id[:64],
        "hold_params": params,
        "hold_since": since,
        "hold_until": until,
    }
    Workshop.objects.filter(pk=workshop.pk).update(**values)
    for name, value in values.items():
        setattr(workshop, name, value)
    if changed:
        live.workshop_changed(workshop)
