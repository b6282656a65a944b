"""More or fewer seats and spares. Nobody loses theirs by it."""

from django.db import transaction
from django.utils import timezone

from instances.workshops import access, live, trail
from instances.workshops.engine import moves, seating
from instances.workshops.models import Seat, Workshop
from instances.workshops.rights import Right
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core.errors import PortalError

State = Workshop.State


@transaction.atomic
def set_size(*, workshop: Workshop, by: User, seats: int, spares: int) -> Workshop:
    """Fewer: those go that nobody sits at, without a machine first. More: those in line sit down at once."""
    access.workshop_for(by, workshop.pk, Right.PLAN)
    found = moves.lock(workshop.pk)
    if found.state not in (State.DRAFT, State.PLANNED, State.RUNNING):
        raise PortalError("workshops:is-over", title=found.title)
    _within(found, seats, spares)
    taken = seating.taken_count(found)
    if seats < taken:
        raise PortalError("workshops:seats-taken", taken=taken, asked=seats)
    before = {"seats": found.seats, "spares": found.spares}
    found.seats, found.spares = seats, spares
    found.save(update_fields=["seats", "spares"])
    seating.fit_rows(found)
    _cut(found, spare=False, wanted=seats)
    _cut(found, spare=True, wanted=spares)
    seating.promote(found)
    trail.record("workshop.size", found, by=by, before=before, after={"seats": seats, "spares": spares})
    live.workshop_changed(found)
    seating.wake([found.pk])
    return found


def _within(workshop: Workshop, seats: int, spares: int) -> None:
    most = clouds().cloud(workshop.allocation.cloud).portal.workshops
    for what, asked, limit in (("seats", seats, most.most_seats), ("spares", spares, most.most_spares)):
        if not 0 <= asked <= limit:
            raise PortalError("workshops:too-many-seats", what=what, asked=asked, most=limit)


def _cut(workshop: Workshop, *, spare: bool, wanted: int) -> None:
    """Their machines serve no seat any more: rounds delete them."""
    rows = list(workshop.places.select_for_update().filter(spare=spare, number__gt=0))
    surplus = len(rows) - wanted
    if surplus <= 0:
        return
    free = [row for row in rows if row.learner_id is None]
    free.sort(key=lambda row: (row.instance_id is not None, row.stage == Seat.Stage.READY, -row.number))
    going = free[:surplus]
    moves.part(going, "over", timezone.now())
    moves.store(going)
    Seat.objects.filter(pk__in=[row.pk for row in going]).delete()
