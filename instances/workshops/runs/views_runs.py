"""Commands at seats: asking for one, how it goes seat by seat, what they printed."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from instances.workshops.access import workshop_for
from instances.workshops.models import Seat, Workshop
from instances.workshops.rights import Right
from instances.workshops.runs import doing_run, services, shown
from instances.workshops.runs.access_parts import run_of, seat_run_of
from instances.workshops.runs.forms import RunForm
from instances.workshops.runs.limits import limits_of
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part


def frame(workshop: Workshop) -> dict[str, Any]:
    """What every page of these needs."""
    right = workshop.viewer_right or Right.SEE
    return {"workshop": workshop, "allocation": workshop.allocation, "runs_it": right >= Right.RUN}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def every(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """All commands and files of a workshop; POST runs a command."""
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    form = RunForm(request.POST if request.method == "POST" else None)
    error: PortalError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            return _run(request, workshop, form.cleaned_data)
        except PortalError as problem:
            error = problem
    status = error.problem.status if error else 422 if form.is_bound else 200
    context = frame(workshop) | {
        "form": form,
        "error": error,
        "commands": shown.runs_of(workshop),
        "pushes": shown.pushes_of(workshop),
        "ready": _ready(workshop).count(),
        "most_seconds": limits_of(workshop).run_seconds,
    }
    return page_or_part(
        request, "workshops/runs/list.html", "workshops/runs/_list.html", context, status=status
    )


def _ready(workshop: Workshop) -> Any:
    return Seat.objects.filter(workshop=workshop, stage=Seat.Stage.READY).exclude(instance=None)


def _run(request: HttpRequest, workshop: Workshop, wanted: dict[str, Any]) -> HttpResponse:
    seats = _ready(workshop)
    if wanted["seats"]:
        seats = seats.filter(number__in=wanted["seats"], spare=False)
    made = services.run(
        workshop=workshop,
        by=person(request),
        seats=seats,
        command=wanted["command"],
        as_root=wanted["as_root"],
        seconds=wanted["seconds"] or services.USUAL_SECONDS,
    )
    return HttpResponseRedirect(reverse("runs:command", args=[workshop.pk, made.pk]))


@never_cache
@require_safe
def command(request: HttpRequest, workshop_id: UUID, run_id: UUID) -> HttpResponse:
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    run = run_of(workshop, run_id)
    rows = shown.rows_of_run(run)
    counts = shown.tally(row.job for row in rows)
    context = frame(workshop) | {
        "run": run,
        "text": shown.command_of(run),
        "rows": rows,
        "counts": counts,
        "may_again": counts.missed > 0 and run.stopped_at is None,
    }
    return page_or_part(request, "workshops/runs/command.html", "workshops/runs/_command.html", context)


@never_cache
@require_safe
def output(request: HttpRequest, workshop_id: UUID, run_id: UUID, seat_run_id: UUID) -> HttpResponse:
    """All that is kept of what one seat printed."""
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    run = run_of(workshop, run_id)
    job = seat_run_of(run, seat_run_id)
    context = frame(workshop) | {
        "run": run,
        "job": job,
        "parts": doing_run.output_of(job).parts(),
        "problem": shown.problem_of(job),
        "tone": shown.tone_of(job),
    }
    return render(request, "workshops/runs/output.html", context)


@require_POST
def stop(request: HttpRequest, workshop_id: UUID, run_id: UUID) -> HttpResponse:
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    run = run_of(workshop, run_id)
    services.stop(run=run, by=person(request))
    messages.success(request, "It is being stopped where it runs, and begins nowhere else.")
    return HttpResponseRedirect(reverse("runs:command", args=[workshop.pk, run.pk]))


@require_POST
def again(request: HttpRequest, workshop_id: UUID, run_id: UUID) -> HttpResponse:
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    run = run_of(workshop, run_id)
    services.again(run=run, by=person(request))
    return HttpResponseRedirect(reverse("runs:command", args=[workshop.pk, run.pk]))
