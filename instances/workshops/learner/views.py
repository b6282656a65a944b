"""The learner's page: one address for the whole workshop, and the parts of it that change by themselves."""

from typing import Any
from uuid import UUID

from csp.constants import SELF
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from instances.remote import limits
from instances.remote.ports.listening import known_port
from instances.remote.views_shell import NOBODY
from instances.workshops.access import parts_of, taking_part
from instances.workshops.learner import calls, messages, seen, steps
from instances.workshops.learner.room import Room, room_of
from instances.workshops.markup import render as markup
from instances.workshops.models import Learner
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import wants_part


@login_required
@never_cache
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """The workshops that the person takes part in, the next one first."""
    parts = list(parts_of(person(request)).order_by("workshop__closes_at", "workshop__created_at"))
    return render(request, "workshops/learner/own.html", {"parts": parts})


@login_required
@never_cache
@require_safe
def page(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """Before, in line, building, at the seat, between, after: whatever it is now."""
    response = render(request, "workshops/learner/page.html", context_of(request, workshop_id))
    # Its desktop and its files are pages of the portal, shown inside it.
    response._csp_replace = {"frame-src": [SELF]}  # type: ignore[attr-defined]
    return response


@never_cache
@require_safe
def state(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """What changes by itself while the page stays: messages, who looks on, time left, how the machine comes along."""
    room = room_of(request.user, workshop_id)
    return render(request, "workshops/learner/_state.html", {"room": room})


def context_of(request: HttpRequest, workshop_id: UUID) -> dict[str, Any]:
    room = room_of(request.user, workshop_id)
    workshop = room.workshop
    return {
        "room": room,
        "workshop": workshop,
        "zone": workshop.time_zone,
        "call": calls.standing(room.part) if room.phase.seated else None,
        "hand_out": markup(workshop.hand_out),
        "nobody": NOBODY,
        "port": known_port(workshop.start_port) if workshop.start_port and limits.ports_enabled() else None,
        "first": _first(room),
    }


def _first(room: Room) -> str:
    """Which of the ways to the machine is shown first."""
    workshop = room.workshop
    if workshop.start_up == workshop.StartUp.PORT and not (workshop.start_port and limits.ports_enabled()):
        return "shell"
    if workshop.start_up == workshop.StartUp.DESKTOP and not workshop.desktop:
        return "shell"
    return str(workshop.start_up)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def help_me(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """The learner's call as it stands. POST `do`: ask (with `text`, or nothing), or withdraw."""
    part = taking_part(request.user, workshop_id)
    if request.method == "POST":
        if request.POST.get("do") == "withdraw":
            calls.withdraw(learner=part)
        else:
            calls.ask(learner=part, text=request.POST.get("text", ""))
        if not wants_part(request):
            return _back(part)
    context = {"workshop": part.workshop, "call": calls.standing(part)}
    return render(request, "workshops/learner/_help.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def how_far(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """The check list. POST `step`: so many are done."""
    part = taking_part(request.user, workshop_id)
    if request.method == "POST":
        steps.mark(learner=part, step=_number(request.POST.get("step", "")))
        if not wants_part(request):
            return _back(part)
    return render(request, "workshops/learner/_steps.html", {"part": part, "workshop": part.workshop})


@never_cache
@require_POST
def here(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """An open page says that it is open."""
    seen.touch(taking_part(request.user, workshop_id))
    return HttpResponse(status=204)


@never_cache
@require_POST
def put_away(request: HttpRequest, workshop_id: UUID, message_id: UUID) -> HttpResponse:
    """The learner has read it."""
    part = taking_part(request.user, workshop_id)
    if not messages.put_away(learner=part, message_id=message_id):
        raise PortalError("portal:not-found")
    if wants_part(request):
        return render(request, "workshops/learner/_state.html", {"room": room_of(request.user, workshop_id)})
    return _back(part)


def _back(part: Learner) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("learner:page", args=[part.workshop_id]))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise PortalError("portal:bad-input", reason="Say which step it is.")
    return int(text)
