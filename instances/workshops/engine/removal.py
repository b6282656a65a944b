"""The end of a workshop: when its machines are gone, what else was made for it, and the proof that nothing is left."""

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from allocations.roles import Need
from instances.models import Instance
from instances.services.portal_acts import lender
from instances.services.portal_launch import URGENCY
from instances.workshops import live, trail
from instances.workshops.clock import telling
from instances.workshops.engine import launching, moves
from instances.workshops.models import Seat, Workshop
from portal.core.errors import PortalError
from portal.operations import services as operations
from portal.operations.models import Operation

REMOVE = "workshop.remove"
State = Workshop.State
# An operation for it that failed is followed by another after so long.
_AGAIN = timedelta(minutes=2)


def advance(workshop: Workshop) -> None:
    """All machines are gone, as the mirror has it: have the rest removed, and counted. Once at a time."""
    last = Operation.objects.filter(kind=REMOVE, target_id=str(workshop.pk)).order_by("-id").first()
    if last is not None and last.live and last.state != Operation.State.PAUSED:
        return
    ended = last.finished_at if last is not None else None
    if ended is not None and timezone.now() - ended < _AGAIN:
        return
    try:
        _submit(workshop)
    except PortalError as problem:
        launching.hold(workshop.pk, problem)


@transaction.atomic
def _submit(workshop: Workshop) -> None:
    allocation = workshop.allocation
    owner = workshop.owner_id
    operations.submit(
        kind=REMOVE,
        by=lender(allocation, owner_id=owner, name=workshop.title, need=Need.ACT),
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        target_type="workshop",
        target_id=workshop.pk,
        target_name=workshop.title,
        spec={"asked_by": f"the workshop “{workshop.title}”"},
        urgency=URGENCY,
    )


@transaction.atomic
def finish(workshop: Workshop, counted: Mapping[str, int]) -> bool:
    """Nothing is left, as was counted at the cloud. False: something is, or it was called back."""
    workshop = moves.lock(workshop.pk)
    if workshop.state not in (State.REMOVING, State.CANCELLED):
        return False
    now = timezone.now()
    workshop.proof = {"at": now.isoformat(), "counted": dict(counted), "made": made(workshop)}
    if any(counted.values()):
        workshop.save(update_fields=["proof"])
        return False
    if workshop.state == State.REMOVING:
        workshop.state = State.REMOVED
    workshop.removed_at, workshop.next_at = now, None
    workshop.save(update_fields=["proof", "state", "removed_at", "next_at"])
    launching.unhold(workshop)
    seats = list(workshop.places.all())
    for seat in seats:
        moves.turn(seat, Seat.Stage.GONE, now)
        moves.say(seat)
    moves.store(seats)
    trail.record("workshop.removed", workshop, by=None, **workshop.proof["made"])
    live.workshop_changed(workshop)
    telling.removed(workshop)
    return True


def made(workshop: Workshop) -> dict[str, int]:
    """What there ever was of it."""
    rows = Instance.objects.filter(seat_machine__workshop=workshop).exclude(server_id="")
    return {"servers": rows.count(), "boot_volumes": rows.filter(volume_backed=True).count()}
