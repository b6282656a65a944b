"""Which way a job goes: to the machine that its seat has now."""

from instances.models import Instance
from instances.remote.ways import Way, way_to
from instances.workshops.models import Seat, Workshop
from portal.core.errors import PortalError

# Of the seat of a job, with what a way needs.
SEAT = ("seat__instance__allocation", "seat__workshop")


def machine_of(seat: Seat | None) -> Instance:
    """PortalError `workshops:seat-empty`, to be tried again: it may be on its way."""
    if seat is None or seat.instance is None:
        raise PortalError("workshops:seat-empty", outcome="retry")
    return seat.instance


def as_learner(seat: Seat | None, workshop: Workshop) -> Way | PortalError:
    """As the account that the files belong to: what its links lead to is the learner's own affair then."""
    return _way(seat, workshop.login)


def as_owner(seat: Seat | None) -> Way | PortalError:
    """As the machine's own account, which may become root."""
    return _way(seat, "")


def _way(seat: Seat | None, login: str) -> Way | PortalError:
    try:
        return way_to(machine_of(seat), login=login)
    except PortalError as error:
        return error
