"""Those in line for whom their link has no seat left."""

from uuid import UUID

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster.models import JoinLink

State = Learner.State


def beyond_their_link(workshop: Workshop) -> set[UUID]:
    """One query where no link has a cap."""
    capped = JoinLink.objects.filter(workshop=workshop).exclude(cap=None)
    return {pk for link in capped for pk in _beyond(link)}


def _beyond(link: JoinLink) -> list[UUID]:
    of_link = Learner.objects.filter(coming__link=link)
    room = max(0, (link.cap or 0) - of_link.filter(state=State.IN).count())
    order = of_link.filter(state=State.WAITING).order_by("waiting_since", "pk")
    return list(order.values_list("pk", flat=True)[room:])
