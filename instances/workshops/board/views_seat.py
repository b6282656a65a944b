"""One seat: how it stands, what happened, and being there to help."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from allocations.access import allocations_of
from instances.remote.models import RemoteSession
from instances.remote.views_desktop import CHORDS, FUNCTIONS, NOBODY
from instances.workshops.access import seat_for
from instances.workshops.board import acts, helping, history
from instances.workshops.board.facts import read
from instances.workshops.models import Seat
from instances.workshops.rights import Right
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part

LOOK_SHELL, LOOK_DESKTOP = "workshops/board/look_shell.html", "workshops/board/look_desktop.html"
_ACTS = ("start", "stop", "shelve", "release", "reset", "swap", "replace", "run", "push", "say")


def _seat(request: HttpRequest, workshop_id: UUID, seat_id: UUID, right: Right) -> Seat:
    found = seat_for(request.user, seat_id, right)
    if found.workshop_id != workshop_id:
        raise PortalError("workshops:unknown")
    return found


@never_cache
@require_safe
def seat(request: HttpRequest, workshop_id: UUID, seat_id: UUID) -> HttpResponse:
    found = _seat(request, workshop_id, seat_id, Right.SEE)
    context = _context(request, found)
    return page_or_part(request, "workshops/board/seat.html", "workshops/board/_seat.html", context)


def _context(request: HttpRequest, found: Seat) -> dict[str, Any]:
    workshop, right = found.workshop, found.workshop.viewer_right or Right.SEE
    room = read(workshop, [found.pk])
    if not room.placed:
        raise PortalError("workshops:unknown")
    [one] = room.placed
    helps = right >= Right.HELP
    offered = [acts.ACTS[name] for name in _ACTS if acts.ACTS[name].right <= right]
    member = allocations_of(request.user).filter(pk=workshop.allocation_id).exists()
    return {
        "workshop": workshop,
        "allocation": workshop.allocation if member else None,
        "one": one,
        "seat": found,
        "machine": found.instance,
        "sees_machine": member and found.instance is not None,
        "helps": helps,
        "screens": helping.screens(found) if helps else [],
        "acts": [(act, acts.in_the_way(act, one.facts)) for act in offered],
        "machines": history.machines(found),
        "calls": history.calls(found),
        "back": reverse("board:board", args=[workshop.pk]),
    }


@require_POST
def look(request: HttpRequest, workshop_id: UUID, seat_id: UUID, session_id: UUID) -> HttpResponse:
    """Look on at the learner's own screen, who sees it. `do=leave` ends it, and leads back to the board."""
    found = _seat(request, workshop_id, seat_id, Right.HELP)
    session = helping.screen(person(request), found, session_id)
    if request.POST.get("do") == "leave":
        helping.leave(by=person(request), seat=found, session=session)
        return HttpResponseRedirect(reverse("board:board", args=[workshop_id]))
    helping.look(by=person(request), seat=found, session=session)
    return HttpResponseRedirect(reverse("board:looking", args=[workshop_id, seat_id, session_id]))


@login_required
@never_cache
@require_safe
def looking(request: HttpRequest, workshop_id: UUID, seat_id: UUID, session_id: UUID) -> HttpResponse:
    """The learner's screen on a page of its own. Who did not ask to look on is led to the seat, which offers it."""
    found = _seat(request, workshop_id, seat_id, Right.HELP)
    session = helping.screen(person(request), found, session_id)
    share = helping.own_share(person(request), session)
    if share is None:
        return HttpResponseRedirect(reverse("board:seat", args=[workshop_id, seat_id]))
    desktop = session.kind == RemoteSession.Kind.DESKTOP
    context = {
        **_looking_context(found, session, typing=share.mode == "type"),
        "i": session.instance,
        "guest": True,
        "joining": True,
        "outsider": True,
        "owner": str(session.person),
        "open_url": reverse("remote:join-open", args=[share.pk]),
        "nobody": NOBODY,
        "chords": CHORDS,
        "functions": FUNCTIONS,
    }
    return render(request, LOOK_DESKTOP if desktop else LOOK_SHELL, context)


@require_POST
def typing(request: HttpRequest, workshop_id: UUID, seat_id: UUID, session_id: UUID) -> HttpResponse:
    """`may=1`: type too, which the learner is told; else only look on again."""
    found = _seat(request, workshop_id, seat_id, Right.HELP)
    session = helping.screen(person(request), found, session_id)
    may = request.POST.get("may") == "1"
    helping.let_type(by=person(request), seat=found, session=session, may=may)
    if request.headers.get("HX-Request") != "true":
        return HttpResponseRedirect(reverse("board:looking", args=[workshop_id, seat_id, session_id]))
    return render(request, "workshops/board/_look_bar.html", _looking_context(found, session, typing=may))


def _looking_context(found: Seat, session: RemoteSession, *, typing: bool) -> dict[str, Any]:
    return {"workshop": found.workshop, "seat": found, "session": session, "typing": typing}


@require_POST
def enter(request: HttpRequest, workshop_id: UUID, seat_id: UUID) -> HttpResponse:
    """A shell of one's own beside the learner's, while they are away from it."""
    found = _seat(request, workshop_id, seat_id, Right.HELP)
    if found.instance_id is None:
        raise PortalError("workshops:nothing-to-see")
    helping.enter(by=person(request), seat=found)
    return HttpResponseRedirect(reverse("remote:shell", args=[found.instance_id]))
