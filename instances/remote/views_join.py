"""Joining somebody else's session: first what it means, then a ticket for one WebSocket."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from instances.remote import doors, limits, opening, recordings, sharing, tickets
from instances.remote.doors import Seat
from instances.remote.socket import PROTOCOL, TICKET
from instances.remote.tickets import Ticket
from instances.remote.views import refused
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part
from portal.core.limits import check

_MOST_A_MINUTE = 60


@login_required
@never_cache
@require_safe
def join(request: HttpRequest, id: UUID) -> HttpResponse:
    """Who invites, to what, what they will see of it, and whether it is recorded; then the button."""
    seat = doors.seat_for(request.user, id)
    page = "remote:desktop" if seat.session.kind == "desktop" else "remote:shell"
    context = {
        "seat": seat,
        "session": seat.session,
        "i": seat.instance,
        "by_own_right": doors.by_right(seat.share) and seat.share.invited_id is not None,
        "recording": recordings.running(seat.session),
        "recording_days": limits.remote().recording_days,
        "on_it": seat.session.visits.filter(left_at=None).select_related("person").order_by("joined_at"),
        "go": f"{reverse(page, args=[seat.instance.pk])}?share={seat.share.pk}",
    }
    return render(request, "remote/join.html", context)


@require_POST
def join_open(request: HttpRequest, id: UUID) -> JsonResponse:
    """A ticket for the session's WebSocket, as `remote:open` gives one; `mode` is what the owner lets one do now."""
    try:
        user = person(request)
        check(f"remote:{user.pk}", most=_MOST_A_MINUTE, seconds=60)
        seat = doors.seat_for(user, id)
        ticket = tickets.issue(_ticket(request, seat, user))
    except PortalError as problem:
        return refused(problem, None)
    return JsonResponse(
        {
            "session": str(seat.session.pk),
            "ticket": ticket,
            "path": opening.socket_path(seat.session),
            "subprotocols": [PROTOCOL, TICKET + ticket],
            "mode": seat.mode,
        },
        headers={"Cache-Control": "no-store"},
    )


def _ticket(request: HttpRequest, seat: Seat, user: User) -> Ticket:
    if seat.session.person_id == user.pk:
        raise PortalError("remote:own-session")
    return Ticket(
        kind=seat.session.kind,
        session_id=str(seat.session.pk),
        instance_id=str(seat.instance.pk),
        user_id=user.pk,
        mark=opening.origin_of(request).mark,
        share_id=str(seat.share.pk),
        mode=seat.mode,
    )


@login_required
@never_cache
@require_safe
def invitations(request: HttpRequest) -> HttpResponse:
    """What others invite the person to now."""
    context = {"invitations": sharing.invitations_to(person(request))}
    return page_or_part(request, "remote/invitations.html", "remote/_invitations.html", context)
