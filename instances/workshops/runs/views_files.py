"""Course files, and files that were pushed to seats."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from instances.workshops.access import workshop_for
from instances.workshops.rights import Right
from instances.workshops.runs import course_files, services, shown
from instances.workshops.runs.access_parts import push_of
from instances.workshops.runs.forms import FileForm
from instances.workshops.runs.limits import limits_of
from instances.workshops.runs.shown_files import files_of
from instances.workshops.runs.views_runs import frame
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """What every seat gets; POST adds one, or replaces one of the same name."""
    asks = request.method != "POST"
    workshop = workshop_for(request.user, workshop_id, Right.HELP if asks else Right.RUN)
    form = FileForm(None if asks else request.POST, None if asks else request.FILES)
    error: PortalError | None = None
    if not asks and form.is_valid():
        given = form.cleaned_data
        try:
            made = course_files.add(
                workshop=workshop,
                by=person(request),
                upload=given["file"],
                folder=given["folder"],
                unpack=given["unpack"],
            )
            messages.success(
                request, f"{made.name} goes to every seat that is ready, and to others when they are."
            )
            return HttpResponseRedirect(reverse("runs:files", args=[workshop.pk]))
        except PortalError as problem:
            error = problem
    limits = limits_of(workshop)
    context = frame(workshop) | {
        "form": form,
        "error": error,
        "files": files_of(workshop),
        "used": course_files.total_bytes(workshop),
        "most": limits.course_bytes,
        "most_each": limits.push_bytes,
    }
    status = error.problem.status if error else 422 if form.is_bound else 200
    return page_or_part(
        request, "workshops/runs/files.html", "workshops/runs/_files.html", context, status=status
    )


@never_cache
@require_safe
def push(request: HttpRequest, workshop_id: UUID, push_id: UUID) -> HttpResponse:
    """One file: which seats have it."""
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    found = push_of(workshop, push_id)
    rows = shown.rows_of_push(found)
    counts = shown.tally(row.job for row in rows)
    context = frame(workshop) | {
        "push": found,
        "place": shown.place(found),
        "rows": rows,
        "counts": counts,
        "may_again": counts.missed + counts.failed > 0,
    }
    return page_or_part(request, "workshops/runs/push.html", "workshops/runs/_push.html", context)


@require_POST
def again(request: HttpRequest, workshop_id: UUID, push_id: UUID) -> HttpResponse:
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    found = push_of(workshop, push_id)
    services.push_again(push=found, by=person(request))
    return HttpResponseRedirect(reverse("runs:push", args=[workshop.pk, found.pk]))


@require_POST
def remove(request: HttpRequest, workshop_id: UUID, push_id: UUID) -> HttpResponse:
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    found = push_of(workshop, push_id)
    course_files.remove(file=found, by=person(request))
    messages.success(request, f"{found.name} goes to no seat any more. Where it lies already, it stays.")
    return HttpResponseRedirect(reverse("runs:files", args=[workshop.pk]))
