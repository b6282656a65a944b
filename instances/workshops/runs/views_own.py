"""A learner's own work, after the end."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from instances.workshops import trail
from instances.workshops.access import taking_part
from instances.workshops.models import Learner
from instances.workshops.runs import archives, collecting, shown
from instances.workshops.runs.models import Work
from instances.workshops.runs.streams import zip_answer
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part


@never_cache
@require_safe
def own(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    learner = taking_part(person(request), workshop_id)
    context = about(learner)
    return page_or_part(request, "workshops/runs/own_work.html", "workshops/runs/_own_work.html", context)


def about(learner: Learner) -> dict[str, Any]:
    """What `_own_work.html` shows of a learner's part."""
    workshop, work = learner.workshop, _work(learner)
    return {
        "workshop": workshop,
        "learner": learner,
        "work": work,
        "over": collecting.is_over(workshop),
        "wanted": collecting.plan_of(workshop).wanted,
        "here": work is not None and work.stored is not None and work.stored.removed_at is None,
        "problem": shown.problem_of(work) if work else None,
        "until": collecting.erased_after(workshop),
        "now": timezone.now(),
    }


@never_cache
@require_safe
def download(request: HttpRequest, workshop_id: UUID) -> HttpResponseBase:
    user = person(request)
    learner = taking_part(user, workshop_id)
    if not collecting.is_over(learner.workshop):
        raise PortalError("workshops:work-later", title=learner.workshop.title)
    work = _work(learner)
    if work is None or work.stored is None:
        raise PortalError("workshops:no-work")
    pieces = archives.of_one(work, learner.workshop.title)
    trail.record("workshop.work_own", learner.workshop, by=user)
    return zip_answer(pieces, f"{learner.workshop.title} my work")


def _work(learner: Learner) -> Work | None:
    return Work.objects.filter(learner=learner).select_related("stored").first()
