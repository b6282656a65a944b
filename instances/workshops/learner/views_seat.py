"""What a learner has of their machine: shell, desktop, files, its web application. Which machine that is, the door says
each time: no address here names one, so that a page goes on at the next machine when the seat was given another."""

from typing import Any
from uuid import UUID

from csp.constants import SELF
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from instances.exosphere import desktop_kind
from instances.hooks_seats import Place
from instances.models import Instance
from instances.remote import opening
from instances.remote.files.views_page import files_page
from instances.remote.models import RemoteSession
from instances.remote.ports import asking
from instances.remote.ports.listening import known_port
from instances.remote.ports.wanted import NotAPort, Wanted, wanted_of
from instances.remote.socket import PROTOCOL, TICKET
from instances.remote.views import refused
from instances.remote.views_desktop import desk_page
from instances.workshops.access import own_seat
from instances.workshops.models import Seat
from portal.accounts.views_profile import person
from portal.core.errors import PortalError

FRAME = "workshops/learner/frame.html"
# A port has a name of its own, and is opened by `port_open`.
_KINDS = frozenset({"shell", "desktop", "files"})


def machine_at(seat: Seat) -> Instance:
    """`workshops:no-machine` while there is none, or it is being mended."""
    if seat.instance is None or seat.stage != Seat.Stage.READY:
        raise PortalError("workshops:no-machine", outcome="retry", retry_after=5)
    # What is said of it is for learners, also where one of its own people tries the seat.
    seat.instance.place = Place("learner", seat.workshop.login)
    return seat.instance


@never_cache
@require_POST
def open_session(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """`kind`, `resume` → as `remote:open`, on the machine that is the learner's now, by the learner's login."""
    machine = None
    try:
        seat = own_seat(request.user, workshop_id)
        machine = machine_at(seat)
        opened = _opened(request, seat, machine)
    except PortalError as problem:
        return refused(problem, machine)
    return JsonResponse(
        {
            "session": str(opened.session.pk),
            "ticket": opened.ticket,
            "path": opened.path,
            "subprotocols": [PROTOCOL, TICKET + opened.ticket],
        },
        headers={"Cache-Control": "no-store"},
    )


def _opened(request: HttpRequest, seat: Seat, machine: Instance) -> opening.Opened:
    kind = request.POST.get("kind", "")
    if kind not in _KINDS:
        raise PortalError("portal:bad-input", reason="Say which kind of session it is to be.")
    return opening.open_session(
        by=person(request),
        instance=machine,
        kind=kind,
        origin=opening.origin_of(request),
        login=seat.workshop.login,
        resume=_resumed(request, machine, seat.workshop.login),
    )


def _resumed(request: HttpRequest, machine: Instance, login: str) -> RemoteSession | None:
    """The session that the page had, if it is of this machine: one of the machine before begins anew here."""
    asked = request.POST.get("resume", "")
    try:
        pk = UUID(asked)
    except ValueError:
        return None
    mine = RemoteSession.objects.filter(pk=pk, person=person(request), instance=machine, login=login)
    found = mine.first()
    if found is not None and found.ended_at is not None and found.end_reason not in opening.RESUMABLE:
        return None
    return found


@login_required
@never_cache
@require_safe
def desktop(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """The screen, in a frame of the learner's page or as a page of its own."""
    seat = own_seat(request.user, workshop_id)
    machine = machine_at(seat)
    if desktop_kind(machine.metadata) != "ours":
        raise PortalError("remote:no-desktop", name=seat.workshop.title)
    context = {
        **_framed(request, seat),
        "i": machine,
        "outsider": True,
        "open_url": reverse("learner:open", args=[workshop_id]),
        "restart": "restart" in request.GET,
    }
    return own_frame(desk_page(request, context))


@login_required
@never_cache
@require_safe
def files(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """Files in and out, in a frame of the learner's page or as a page of its own."""
    seat = own_seat(request.user, workshop_id)
    machine = machine_at(seat)
    context = {
        **_framed(request, seat),
        "open_url": reverse("learner:open", args=[workshop_id]),
        "page_url": reverse("learner:files", args=[workshop_id]),
    }
    return own_frame(files_page(request, machine, seat.workshop.login, context))


def _framed(request: HttpRequest, seat: Seat) -> dict[str, Any]:
    inside = request.headers.get("Sec-Fetch-Dest") == "iframe"
    return {"frame": FRAME, "workshop": seat.workshop, "inside": inside}


def own_frame(response: HttpResponse) -> HttpResponse:
    """Only pages of the portal itself may show it in a frame."""
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response._csp_replace = {"frame-ancestors": [SELF]}  # type: ignore[attr-defined]
    return response


@never_cache
@require_POST
def port_open(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """The workshop's own application (`where` empty), or what the learner typed: a page that leads there."""
    seat = own_seat(request.user, workshop_id)
    leaving = asking.open_port(
        by=person(request),
        instance=machine_at(seat),
        wanted=_wanted(request, seat),
        origin=opening.origin_of(request),
        login=seat.workshop.login,
    )
    context = {"i": seat.instance, "leaving": leaving, "known": known_port(leaving.port)}
    response = render(request, "remote/ports/leaving.html", context)
    response._csp_update = {"form-action": [leaving.origin]}  # type: ignore[attr-defined]
    response["Referrer-Policy"] = "strict-origin"
    return response


def _wanted(request: HttpRequest, seat: Seat) -> Wanted:
    where = request.POST.get("where", "").strip()[:4000]
    workshop = seat.workshop
    if not where and workshop.start_port:
        return Wanted(workshop.start_port, workshop.start_path or "/")
    try:
        return wanted_of(where)
    except NotAPort as error:
        raise PortalError("portal:bad-input", reason=str(error)) from None
