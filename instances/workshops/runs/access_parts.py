"""Commands, files and work of a workshop that came through its door. Whose they are not, they do not exist."""

from uuid import UUID

from instances.workshops.models import Workshop
from instances.workshops.runs.models import CommandRun, Push, SeatRun, Work
from portal.core.errors import PortalError

_UNKNOWN = "workshops:unknown"


def run_of(workshop: Workshop, id: UUID) -> CommandRun:
    found = CommandRun.objects.select_related("by", "workshop").filter(workshop=workshop, pk=id).first()
    if found is None:
        raise PortalError(_UNKNOWN)
    found.workshop = workshop
    return found


def seat_run_of(run: CommandRun, id: UUID) -> SeatRun:
    found = SeatRun.objects.select_related("learner", "seat").filter(run=run, pk=id).first()
    if found is None:
        raise PortalError(_UNKNOWN)
    return found


def push_of(workshop: Workshop, id: UUID) -> Push:
    rows = Push.objects.select_related("by", "stored").filter(workshop=workshop, pk=id, removed_at=None)
    found = rows.first()
    if found is None:
        raise PortalError(_UNKNOWN)
    found.workshop = workshop
    return found


def work_of(workshop: Workshop, learner_id: UUID) -> Work:
    rows = Work.objects.select_related("stored", "learner").filter(workshop=workshop, learner=learner_id)
    found = rows.first()
    if found is None:
        raise PortalError("workshops:no-work")
    return found
