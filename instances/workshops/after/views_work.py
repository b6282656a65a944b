"""For a learner, once it is over: where their work is, and until when."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from instances.workshops.access import taking_part
from instances.workshops.models import Learner
from instances.workshops.runs import collecting
from instances.workshops.runs.models import Work
from portal.accounts import time_zones
from portal.accounts.views_profile import person


@never_cache
@require_safe
def work(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """A part of the learner's page."""
    part = taking_part(request.user, workshop_id)
    now = timezone.now()
    found = Work.objects.filter(workshop=part.workshop, learner=part).select_related("stored").first()
    until = collecting.erased_after(part.workshop)
    context = {
        "workshop": part.workshop,
        "work": found,
        "here": found is not None and _is_here(found),
        "until": until,
        "past": until is not None and until <= now,
        "wanted": collecting.plan_of(part.workshop).wanted,
        "was_there": _was_there(part),
        "zone": time_zones.zone_of(person(request)).key,
    }
    return render(request, "workshops/after/_work.html", context)


def _is_here(work: Work) -> bool:
    stored = work.stored
    return work.collected_at is not None and stored is not None and stored.removed_at is None


def _was_there(part: Learner) -> bool:
    """Who never sat at a machine has no work."""
    return part.machines.exists()
