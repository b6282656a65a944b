"""Asking for a session, how one stands, and ending it: what scripts of pages call."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from instances.access import attendable
from instances.models import Instance
from instances.remote import closing, doors, opening, shown
from instances.remote.endings import ENDINGS
from instances.remote.models import RemoteSession
from instances.remote.socket import PROTOCOL, TICKET
from portal.core.errors import PortalError
from portal.core.htmx import wants_part

_KINDS = frozenset(RemoteSession.Kind.values)


@require_POST
def open_session(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """`kind`, and where wanted `login`, `port`, `resume` → `{session, ticket, path, subprotocols}`."""
    instance = None
    try:
        instance = attendable(request.user, instance_id)
        opened = _opened(request, instance)
    except PortalError as problem:
        return refused(problem, instance)
    return JsonResponse(
        {
            "session": str(opened.session.pk),
            "ticket": opened.ticket,
            "path": opened.path,
            "subprotocols": [PROTOCOL, TICKET + opened.ticket],
        },
        headers={"Cache-Control": "no-store"},
    )


def _opened(request: HttpRequest, instance: Instance) -> opening.Opened:
    kind = request.POST.get("kind", "")
    if kind not in _KINDS:
        raise PortalError("portal:bad-input", reason="Say which kind of session it is to be.")
    assert request.user.is_authenticated
    resume = request.POST.get("resume", "")
    return opening.open_session(
        by=request.user,
        instance=instance,
        kind=kind,
        origin=opening.origin_of(request),
        login=request.POST.get("login", "")[:32],
        port=_port(request.POST.get("port", "")) if kind == RemoteSession.Kind.PORT else None,
        resume=doors.own_session(request.user, resume) if resume else None,
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise PortalError("portal:bad-input", reason="A port is a number of 1 to 65535.")
    return int(text)


def refused(problem: PortalError, instance: Instance | None) -> JsonResponse:
    shown_problem: dict[str, Any] = shown.as_json(problem, instance)
    response = JsonResponse({"problem": shown_problem}, status=problem.problem.status)
    if problem.retry_after is not None:
        response["Retry-After"] = str(max(1, round(problem.retry_after)))
    return response


@require_GET
def session(request: HttpRequest, id: UUID) -> HttpResponse:
    """How it stands, or why it ended: for pages whose socket carries no words."""
    found = doors.attended_session(request.user, id)
    ending = ENDINGS.get(found.end_reason)
    return JsonResponse(
        {
            "session": str(found.pk),
            "live": found.ended_at is None,
            "reason": found.end_reason,
            "words": ending.words if ending else "",
            "again": bool(ending and ending.again),
            "problem": shown.kept(found.pk) if found.person_id == request.user.pk else None,
        },
        headers={"Cache-Control": "no-store"},
    )


@require_POST
def end(request: HttpRequest, id: UUID) -> HttpResponse:
    """End it. Pages with script stay where they are; others go to the machine."""
    found = doors.session_for(request.user, id)
    assert request.user.is_authenticated
    closing.end_session(session=found, by=request.user)
    if wants_part(request) or request.headers.get("Accept") == "application/json":
        return HttpResponse(status=204)
    return redirect("instances:detail", found.instance_id)
