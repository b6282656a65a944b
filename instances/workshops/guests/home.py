"""A seat back as its image is: with the learner's home kept, or without. One operation, resumable at every step."""

from django.db import transaction

from instances.models import Instance
from instances.rows import row as row_of
from instances.services.portal_acts import lender
from instances.states import ruling
from instances.workshops.models import Seat
from portal.core.errors import PortalError
from portal.operations import services as operations
from portal.operations.models import Operation

RESET = "seat.reset"


@transaction.atomic
def reset(*, seat: Seat, keep_home: bool, reason: str, urgency: int | None = None) -> Operation:
    """In the transaction in which the seat's row is changed. `reason` is read as "asked for by {reason}".

    PortalError where there is no machine, where something goes on at it, or where it cannot be rebuilt now.
    """
    if seat.instance_id is None:
        raise PortalError("workshops:no-machine", number=seat.number)
    machine = (
        Instance.objects.select_for_update(of=("self",))
        .select_related("allocation", "owner")
        .get(pk=seat.instance_id)
    )
    state = row_of(machine).state
    if operations.live_for("instance", [machine.pk]):
        raise PortalError("workshops:seat-busy", name=machine.name)
    found = ruling("rebuild", state)
    if not found.allowed:
        raise PortalError("instances:not-now", name=machine.name, label="Reset", reason=found.reason)
    allocation = machine.allocation
    return operations.submit(
        kind=RESET,
        by=lender(allocation, owner_id=machine.owner_id, name=machine.name),
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        target_type="instance",
        target_id=machine.pk,
        target_name=machine.name,
        spec={
            "action": "rebuild",
            "image_id": machine.image_id,
            "seat": str(seat.pk),
            "keep_home": keep_home,
            "asked_by": reason[:120],
        },
        urgency=urgency,
    )
