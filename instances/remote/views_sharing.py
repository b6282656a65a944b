"""The dialog of one's own session: who may join, who is there and may type, and whether it is recorded."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from instances.remote import doors, limits, recordings, sharing, visits
from instances.remote.models import Mode, RemoteSession, Share, Visit
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, wants_part

PAGE, PART = "remote/share.html", "remote/_share.html"
EVERYBODY = "everybody"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest, id: UUID) -> HttpResponse:
    """GET shows it; POST invites: `who` is `everybody`, a person's number, or what was typed."""
    session = doors.own_session(request.user, id)
    if request.method == "POST":
        try:
            _invite(request, session)
        except PortalError as error:
            return _answer(request, session, error)
    return _answer(request, session)


def _invite(request: HttpRequest, session: RemoteSession) -> None:
    user, given = person(request), request.POST.get("who", "")
    query = request.POST.get("q", "")
    mode = Mode.TYPE if request.POST.get("mode") == Mode.TYPE else Mode.VIEW
    if given == EVERYBODY:
        invited = None
    elif given:
        found = sharing.find_people(by=user, session=session, query=query)
        invited = next((one for one in found if str(one.pk) == given), None)
        if invited is None:
            raise PortalError("remote:who", query=query[:100], count=0)
    else:
        invited = sharing.invitable(by=user, session=session, query=query)
    sharing.invite(by=user, session=session, invited=invited, mode=mode)


@never_cache
@require_safe
def people(request: HttpRequest, id: UUID) -> HttpResponse:
    """Whom a search finds: a part of the dialog."""
    session = doors.own_session(request.user, id)
    query = request.GET.get("q", "")
    found = sharing.find_people(by=person(request), session=session, query=query)
    return render(request, "remote/_share_people.html", {"session": session, "people": found, "q": query})


@require_POST
def change_share(request: HttpRequest, id: UUID) -> HttpResponse:
    """`do`: view, type or end. An invited person may end theirs: that declines it."""
    user = person(request)
    found = Share.objects.select_related("session__instance", "invited").filter(pk=id).first()
    if found is None:
        raise PortalError("portal:not-found")
    do = request.POST.get("do", "")
    if found.invited_id == user.pk and found.session.person_id != user.pk and do == "end":
        sharing.end(by=user, share=found)
        return HttpResponseRedirect(reverse("remote:invitations"))
    session = doors.own_session(user, found.session_id)
    if do == "end":
        sharing.end(by=user, share=found)
    elif do in Mode.values:
        sharing.set_mode(by=user, share=found, mode=do)
    return _answer(request, session)


@require_POST
def change_visit(request: HttpRequest, visit_id: int) -> HttpResponse:
    """`do`: view, type or end, of one person who is on it now."""
    user = person(request)
    found = Visit.objects.select_related("session__instance", "share", "person").filter(pk=visit_id).first()
    if found is None:
        raise PortalError("portal:not-found")
    session = doors.own_session(user, found.session_id)
    do = request.POST.get("do", "")
    if do == "end":
        visits.drop(by=user, visit=found)
    elif do in Mode.values:
        sharing.set_visit_mode(by=user, visit=found, mode=do)
    return _answer(request, session)


@require_POST
def unshare(request: HttpRequest, id: UUID) -> HttpResponse:
    """Everybody else leaves, and no invitation holds."""
    session = doors.own_session(request.user, id)
    sharing.end_all(by=person(request), session=session)
    return _answer(request, session)


@require_POST
def record(request: HttpRequest, id: UUID) -> HttpResponse:
    """`on`: 1 to record from now on, anything else to stop."""
    session, user = doors.own_session(request.user, id), person(request)
    try:
        if request.POST.get("on") == "1":
            recordings.start(by=user, session=session)
        else:
            recordings.stop(by=user, session=session)
    except PortalError as error:
        return _answer(request, session, error)
    return _answer(request, session)


def _answer(request: HttpRequest, session: RemoteSession, error: PortalError | None = None) -> HttpResponse:
    if request.method == "POST" and error is None and not wants_part(request):
        return HttpResponseRedirect(reverse("remote:share", args=[session.pk]))
    status = error.problem.status if error else 200
    return page_or_part(request, PAGE, PART, _context(request, session, error), status=status)


def _context(request: HttpRequest, session: RemoteSession, error: PortalError | None) -> dict[str, Any]:
    shares = list(sharing.live_shares(session))
    here = session.visits.filter(left_at=None).select_related("person", "share").order_by("joined_at")
    kept = limits.remote()
    at_a_seat = session.ended_at is None and sharing.company(person(request), session) is not None
    return {
        "at_a_seat": at_a_seat,
        "session": session,
        "i": session.instance,
        "shares": shares,
        "shared_with_all": any(one.invited_id is None for one in shares),
        "visits": here,
        "recording": recordings.running(session),
        "may_record": kept.recordings and not at_a_seat and session.kind == RemoteSession.Kind.SHELL,
        "recording_days": kept.recording_days,
        "most_mb": kept.recording_mb,
        "q": request.POST.get("q", "") if error else "",
        "error": error,
    }
