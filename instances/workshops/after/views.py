"""After a workshop, for those who run it: the report, what is left, and the proof that nothing is."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from instances.workshops.access import workshop_for
from instances.workshops.after import tabular
from instances.workshops.after.leavings import leavings_of
from instances.workshops.after.report import report_of
from instances.workshops.clock import services
from instances.workshops.clock.services import MOST_KEEP_DAYS
from instances.workshops.clock.window import zone_of
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from portal.accounts import time_zones
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core import csv_out
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, wants_part


@never_cache
@require_safe
def report(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """Who was there, what it cost, how well the seats worked."""
    workshop, now = workshop_for(request.user, workshop_id, Right.SEE), timezone.now()
    context = {
        "report": report_of(workshop, now),
        "now": now,
        **_about(workshop, person(request)),
    }
    return page_or_part(request, "workshops/after/report.html", "workshops/after/_report.html", context)


@never_cache
@require_safe
def report_csv(request: HttpRequest, workshop_id: UUID) -> HttpResponseBase:
    """The report with a line for each learner, for those who run it: it has people's addresses."""
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    found = report_of(workshop, timezone.now())
    return csv_out.response(request, f"{workshop.title} report", tabular.header(found), tabular.rows(found))


@never_cache
@require_safe
def left(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """Until when it is kept, how far its removal is, and what was counted at the cloud when nothing was left."""
    workshop, now = workshop_for(request.user, workshop_id, Right.SEE), timezone.now()
    right = workshop.viewer_right
    context = {
        "left": leavings_of(workshop, now),
        "may_plan": right is not None and right >= Right.PLAN,
        "most_days": MOST_KEEP_DAYS,
        **_about(workshop, person(request)),
    }
    return page_or_part(request, "workshops/after/left.html", "workshops/after/_left.html", context)


@never_cache
@require_POST
def keep(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """For so many days after the end."""
    workshop = workshop_for(request.user, workshop_id, Right.PLAN)
    given = request.POST.get("days", "")
    if not given.isascii() or not given.isdigit() or len(given) > 4:
        raise PortalError("workshops:bad-days", most=MOST_KEEP_DAYS)
    services.keep(workshop=workshop, by=person(request), days=int(given))
    return _back(request, workshop, f"The seats are kept for {given} days after the end.")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """GET says what goes and what is not waited for; POST begins."""
    workshop = workshop_for(request.user, workshop_id, Right.PLAN)
    if request.method == "POST":
        services.remove_now(workshop=workshop, by=person(request))
        return _back(request, workshop, "Everything that was made for it is being removed.")
    context = {"left": leavings_of(workshop, timezone.now()), **_about(workshop, person(request))}
    return page_or_part(request, "workshops/after/remove.html", "workshops/after/_remove.html", context)


def _about(workshop: Workshop, user: User) -> dict[str, object]:
    zone, own = zone_of(workshop.time_zone), time_zones.zone_of(user)
    return {
        "workshop": workshop,
        "allocation": workshop.allocation,
        "zone": zone.key,
        "own_zone": own.key if own.key != zone.key else "",
    }


def _back(request: HttpRequest, workshop: Workshop, words: str) -> HttpResponse:
    messages.success(request, words)
    to = reverse("after:left", args=[workshop.pk])
    return HttpResponseClientRedirect(to) if wants_part(request) else HttpResponseRedirect(to)
