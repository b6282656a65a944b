"""For a learner, once it is over: what becomes of their machine, and where their work is until when."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from instances.workshops.access import taking_part
from instances.workshops.models import Attendance, Meeting
from instances.workshops.runs.views_own import about
from portal.accounts import time_zones
from portal.accounts.views_profile import person
from portal.core.htmx import page_or_part


@never_cache
@require_safe
def work(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """A part of the learner's page; a page of its own for who has no script."""
    part = taking_part(request.user, workshop_id)
    context = {
        **about(part),
        "meetings": Meeting.objects.filter(workshop=part.workshop).count(),
        "came": Attendance.objects.filter(learner=part).count(),
        "had_machine": part.machines.exists(),
        "zone": time_zones.zone_of(person(request)).key,
    }
    return page_or_part(request, "workshops/after/work.html", "workshops/after/_work.html", context)
