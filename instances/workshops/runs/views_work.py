"""Learners' work for those who run the workshop: what is here, what is missing and why, taking it along."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from instances.workshops import trail
from instances.workshops.access import workshop_for
from instances.workshops.models import Seat, Workshop
from instances.workshops.rights import Right
from instances.workshops.runs import archives, collecting, services, shown
from instances.workshops.runs.access_parts import work_of
from instances.workshops.runs.forms import PlanForm
from instances.workshops.runs.limits import limits_of
from instances.workshops.runs.models import Work
from instances.workshops.runs.streams import zip_answer
from instances.workshops.runs.views_runs import frame
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part


@never_cache
@require_safe
def work(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    return _page(request, workshop_for(request.user, workshop_id, Right.RUN))


def _page(
    request: HttpRequest, workshop: Workshop, error: PortalError | None = None, typed: str = ""
) -> HttpResponse:
    rows = shown.work_rows(workshop)
    plan = collecting.plan_of(workshop)
    context = frame(workshop) | {
        "rows": rows,
        "here": sum(row.here for row in rows),
        "size": sum(row.row.stored.size_bytes for row in rows if row.here and row.row and row.row.stored),
        "plan": plan,
        "patterns": typed or "\n".join(plan.patterns),
        "waits": collecting.waits(workshop),
        "over": collecting.is_over(workshop),
        "until": collecting.erased_after(workshop),
        "most": limits_of(workshop).work_bytes,
        "error": error,
    }
    status = error.problem.status if error else 200
    return page_or_part(
        request, "workshops/runs/work.html", "workshops/runs/_work.html", context, status=status
    )


@require_POST
def plan(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    form = PlanForm(request.POST)
    if not form.is_valid():
        error = PortalError("workshops:bad-patterns", why="the text is too long")
        return _page(request, workshop, error, request.POST.get("patterns", "")[:4000])
    wanted = form.cleaned_data
    try:
        collecting.set_plan(
            workshop=workshop, by=person(request), wanted=wanted["wanted"], patterns=wanted["patterns"]
        )
    except PortalError as error:
        return _page(request, workshop, error, wanted["patterns"])
    messages.success(request, "What is collected was saved.")
    return _back(workshop)


@require_POST
def collect(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """Now: of everybody, or of the one learner that is named."""
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    seats = None
    if wanted := request.POST.getlist("learner"):
        known = [pk for one in wanted[:1000] if (pk := _uuid(one)) is not None]
        seats = list(Seat.objects.filter(workshop=workshop, learner__in=known))
    services.collect(workshop=workshop, by=person(request), seats=seats)
    messages.success(request, "The work is being collected. This page shows how it goes.")
    return _back(workshop)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_POST
def go_on(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    collecting.go_on_without(workshop=workshop, by=person(request))
    messages.success(request, "What is missing is not waited for any more.")
    return _back(workshop)


def _back(workshop: Workshop) -> HttpResponse:
    return HttpResponseRedirect(reverse("runs:work", args=[workshop.pk]))


@never_cache
@require_safe
def archive(request: HttpRequest, workshop_id: UUID) -> HttpResponseBase:
    """Everybody's, with a folder for each."""
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    rows = list(
        Work.objects.filter(workshop=workshop).exclude(stored=None).select_related("stored", "learner")
    )
    if not rows:
        raise PortalError("workshops:file-gone")
    trail.record("workshop.work_taken", workshop, by=person(request), learners=len(rows))
    return zip_answer(archives.of_all(rows), f"{workshop.title} work")


@never_cache
@require_safe
def one(request: HttpRequest, workshop_id: UUID, learner_id: UUID) -> HttpResponseBase:
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    found = work_of(workshop, learner_id)
    pieces = archives.of_one(found, found.learner.name)
    trail.record("workshop.work_taken", workshop, by=person(request), learner=str(found.learner_id))
    return zip_answer(pieces, f"{workshop.title} {found.learner.name}")
