"""How far a learner says that they are."""

from django.db import transaction
from django.utils import timezone

from instances.workshops import live
from instances.workshops.models import Learner, Seat
from portal.core.errors import PortalError


@transaction.atomic
def mark(*, learner: Learner, step: int) -> Learner:
    """So many of the workshop's steps are done; fewer than before: they look at one again."""
    titles = learner.workshop.steps
    if not 0 <= step <= len(titles):
        raise PortalError("workshops:no-step", most=len(titles))
    if learner.step == step:
        return learner
    learner.step, learner.step_at = step, timezone.now()
    Learner.objects.filter(pk=learner.pk).update(step=step, step_at=learner.step_at)
    live.seats_changed(list(Seat.objects.filter(learner=learner)))
    return learner
