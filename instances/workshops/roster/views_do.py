"""What is done to those on the roster: to many at once, with a report of each that did not work; and the waiting list."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from instances.workshops.access import workshop_for
from instances.workshops.models import Learner, Workshop
from instances.workshops.rights import Right
from instances.workshops.roster import acts, line
from instances.workshops.roster.acts import ACTS
from instances.workshops.roster.listing import Query, matching_people
from portal.accounts.views_profile import person
from portal.core.errors import PortalError

MOST = 500


@never_cache
@require_POST
def do(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """`what`, `learner` (many), or `all` of those who match; `sure` where it cannot be taken back easily."""
    workshop, by = workshop_for(request.user, workshop_id, Right.RUN), person(request)
    act = ACTS.get(request.POST.get("what", ""))
    if act is None:
        raise PortalError("portal:bad-input", reason="That cannot be done to people of a roster.")
    chosen = _chosen(request, workshop)
    context = {
        "workshop": workshop,
        "act": act,
        "learners": chosen,
        "back": reverse("roster:list", args=[workshop.pk]),
    }
    if not chosen:
        return render(request, "workshops/roster/nobody.html", context, status=422)
    if act.asks and "sure" not in request.POST:
        return render(request, "workshops/roster/ask.html", context)
    results = acts.do(act=act, learners=chosen, by=by)
    context["failed"] = [one for one in results if one.problem]
    context["done"] = [one for one in results if not one.problem]
    return render(request, "workshops/roster/report.html", context)


def _chosen(request: HttpRequest, workshop: Workshop) -> list[Learner]:
    if request.POST.get("all"):
        rows = matching_people(workshop, Query.read(request.POST))
    else:
        ids = [pk for pk in map(_uuid, request.POST.getlist("learner")[:MOST]) if pk]
        rows = matching_people(workshop, Query()).filter(pk__in=ids)
    return list(rows.order_by("name", "pk")[:MOST])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def waiting_list(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """In the order in which seats are given. POST `learner`, `how`: first, up, down, last."""
    workshop = workshop_for(request.user, workshop_id, Right.RUN)
    if request.method == "POST":
        how = next((move for move in line.MOVES if move == request.POST.get("how")), None)
        pk = _uuid(request.POST.get("learner", ""))
        learner = Learner.objects.filter(workshop=workshop, pk=pk).first() if pk else None
        if how is None or learner is None:
            raise PortalError("portal:bad-input", reason="Choose somebody of the waiting list.")
        line.move(workshop=workshop, by=person(request), learner=learner, how=how)
        return HttpResponseRedirect(reverse("roster:line", args=[workshop.pk]))
    return render(
        request, "workshops/roster/line.html", {"workshop": workshop, "waiting": line.waiting(workshop)}
    )
