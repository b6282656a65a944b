"""One act on the seats that were chosen: what it means for them, then what became of each."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from instances.workshops.access import workshop_for
from instances.workshops.board import acting, speaking
from instances.workshops.board.acting import Candidate
from instances.workshops.board.acts import ACTS, Act
from instances.workshops.board.choosing import Asked, chosen
from instances.workshops.board.facts import read
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, toast, trigger, wants_part

PAGE, PART = "workshops/board/act.html", "workshops/board/_act.html"
REPORT = "workshops/board/_report.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, workshop_id: UUID, act: str) -> HttpResponse:
    """`seat` (many: `12`, `s1`) or `which` say at which seats. GET asks, POST does."""
    wanted = ACTS.get(act)
    workshop = workshop_for(request.user, workshop_id, wanted.right if wanted else Right.SEE)
    if wanted is None:
        raise PortalError("workshops:act-unknown", act=act[:20])
    data = request.POST if request.method == "POST" else request.GET
    asked = Asked.read(data.getlist("seat"), data.get("which", ""))
    # Who asks before anything is ticked is told what to do first.
    nobody = request.method != "POST" and not (asked.keys or asked.which)
    found = acting.candidates(wanted, [] if nobody else chosen(read(workshop), asked))
    for one in found:
        one.one.seat.workshop = workshop
    context = _context(workshop, wanted, found, data)
    if request.method != "POST":
        return page_or_part(request, PAGE, PART, context)
    if problem := _miscounted(wanted, context["able"], data):
        return page_or_part(request, PAGE, PART, context | {"wrong": problem}, status=422)
    if wanted.name in speaking.DOES:
        return _spoken(request, workshop, wanted, context)
    results = acting.carry_out(
        act=wanted, found=found, by=person(request), keep_home=data.get("keep_home") == "on"
    )
    return _report(request, context, results)


def _miscounted(wanted: Act, able: list[Candidate], data: QueryDict) -> str:
    if wanted.counted and data.get("confirm_count", "").strip() != str(len(able)):
        return f"Type the number of seats, {len(able)}, to be sure."
    return ""


def _spoken(request: HttpRequest, workshop: Workshop, wanted: Act, context: dict[str, Any]) -> HttpResponse:
    """What asks for words or a file first. A refusal comes back with everything as it was typed."""
    seats = [one.one.seat for one in context["able"]]
    try:
        done = speaking.DOES[wanted.name](request, workshop, seats, person(request))
    except PortalError as error:
        status = error.problem.status
        return page_or_part(request, PAGE, PART, context | {"error": error}, status=status)
    if not wants_part(request):
        return HttpResponseRedirect(done.url)
    if done.url == board_url(workshop):
        response = trigger(HttpResponse(status=204), "close-dialog")
        return toast(trigger(response, "bulk-done"), "success", done.words)
    return HttpResponse(status=204, headers={"HX-Redirect": done.url})


def _report(request: HttpRequest, context: dict[str, Any], results: list[acting.Report]) -> HttpResponse:
    done = sum(1 for result in results if result.problem is None)
    response = page_or_part(request, PAGE, REPORT, context | {"results": results, "done": done})
    trigger(response, "bulk-done")
    return trigger(response, "board:changed", {"id": str(context["workshop"].pk)})


def _context(workshop: Workshop, wanted: Act, found: list[Candidate], data: QueryDict) -> dict[str, Any]:
    able = [one for one in found if not one.reason]
    cost = acting.cost(wanted, [one.one for one in able])
    return {
        "workshop": workshop,
        "allocation": workshop.allocation,
        "act": wanted,
        "able": able,
        "unable": [one for one in found if one.reason],
        "cost": cost,
        "costs_more": cost.after is not None and cost.after > cost.now,
        "saves": cost.saves > Decimal(0),
        "typed": data,
        "may_root": workshop.viewer_right is not None and workshop.viewer_right >= Right.RUN,
        "minutes": speaking.MINUTES,
        "back": board_url(workshop),
    }


def board_url(workshop: Workshop) -> str:
    return reverse("board:board", args=[workshop.pk])
