"""The queue of those who called for help, for those who answer."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from instances.workshops.access import call_for, workshop_for
from instances.workshops.board import here
from instances.workshops.learner import calls
from instances.workshops.models import HelpRequest, Workshop
from instances.workshops.rights import Right
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import wants_part

PART = "workshops/board/_queue.html"
DOES: dict[str, Callable[..., object]] = {"claim": calls.claim, "leave": calls.let_go, "done": calls.done}


@never_cache
@require_safe
def queue(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    workshop = workshop_for(request.user, workshop_id, Right.SEE)
    here.touch(request, workshop.pk)
    return render(request, PART, context_of(workshop))


@require_POST
def answer(request: HttpRequest, workshop_id: UUID, call_id: UUID, what: str) -> HttpResponse:
    """`what`: claim, leave, done. Two who claim at once: the second is told who comes."""
    call = call_for(request.user, call_id, Right.HELP)
    if call.workshop_id != workshop_id or what not in DOES:
        raise PortalError("workshops:unknown")
    error = None
    try:
        DOES[what](call=call, by=person(request))
    except PortalError as refused:
        error = refused
    if not wants_part(request):
        if error is not None:
            raise error
        return HttpResponseRedirect(reverse("board:board", args=[workshop_id]))
    return render(request, PART, context_of(call.workshop) | {"error": error})


def context_of(workshop: Workshop, known: Sequence[HelpRequest] | None = None) -> dict[str, Any]:
    """`known`: its open calls, where they were read already."""
    helps = workshop.viewer_right is not None and workshop.viewer_right >= Right.HELP
    return {
        "workshop": workshop,
        "calls": list(calls.open_calls(workshop)) if known is None else known,
        "helps": helps,
    }
