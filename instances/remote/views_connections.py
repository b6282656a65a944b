"""Who is and was connected: of a machine, of an allocation, of oneself; and ending what goes on."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from allocations.access import allocation_for
from allocations.roles import Need
from instances.access import instance_for
from instances.remote import closing, connections, doors, recordings, sharing
from instances.remote.connections import Query
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.htmx import page_or_part, toast, trigger, wants_part

PART = "remote/_connections.html"


@never_cache
@require_safe
def of_machine(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    instance = instance_for(request.user, instance_id, Need.SEE)
    sessions = connections.of_instance(instance)
    context = {
        **_listed(request, sessions, instance.allocation),
        "i": instance,
        "allocation": instance.allocation,
        "tab": "connections",
        "address": reverse("remote:of-machine", args=[instance.pk]),
    }
    return page_or_part(request, "remote/connections_machine.html", PART, context)


@never_cache
@require_safe
def of_allocation(request: HttpRequest, slug: str) -> HttpResponse:
    """For who helps others there."""
    allocation = allocation_for(request.user, slug, Need.ACT_ON_OTHERS)
    context = {
        **_listed(request, connections.of_allocation(allocation), allocation),
        "allocation": allocation,
        "shows_machine": True,
        "address": reverse("remote:of-allocation", args=[allocation.slug]),
    }
    return page_or_part(request, "remote/connections_allocation.html", PART, context)


@login_required
@never_cache
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """A person's own, on all machines."""
    user = person(request)
    context = {
        **_listed(request, connections.of_person(user), None),
        "shows_machine": True,
        "own": True,
        "tab": "connections",
        "address": reverse("remote:own-connections"),
    }
    return page_or_part(request, "remote/connections_own.html", PART, context)


def _listed(request: HttpRequest, sessions: Any, allocation: Any) -> dict[str, Any]:
    user, query = person(request), Query.read(request.GET)
    page = connections.page_of(sessions, query, user, allocation)
    return {
        "page": page,
        "query": query,
        "kinds": connections.KINDS,
        "people": connections.people_of(sessions) if allocation is not None else [],
        "pager": {
            "first_url": query.address(after="") if query.after else "",
            "next_url": query.address(after=page.next_after) if page.next_after else "",
        },
    }


@never_cache
@require_safe
def who(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """Who is on the machine now: one line of its page."""
    instance = instance_for(request.user, instance_id, Need.SEE)
    sessions = connections.on_now(instance)
    context = {"i": instance, "sessions": sessions, "names": connections.names_on(sessions)}
    return render(request, "remote/_who.html", context)


@never_cache
@require_safe
def on_it(request: HttpRequest, id: UUID) -> HttpResponse:
    """Who is on one session, and whether it is recorded: for the pages of those who are on it."""
    session = doors.attended_session(request.user, id)
    here = session.visits.filter(left_at=None).select_related("person").order_by("joined_at")
    context = {"session": session, "visits": here, "recording": recordings.running(session)}
    return render(request, "remote/_on_it.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: HttpRequest, id: UUID) -> HttpResponse:
    """GET asks, POST ends it."""
    session = doors.session_for(request.user, id)
    user = person(request)
    back = _back(request, session, user)
    if request.method != "POST":
        context = {"session": session, "back": back, "mine": session.person_id == user.pk}
        return page_or_part(request, "remote/disconnect.html", "remote/_disconnect.html", context)
    ended = closing.end_session(session=session, by=user)
    words = f"The {session.kind} of {session.person} was ended." if ended else "It had ended already."
    if not wants_part(request):
        messages.success(request, words)
        return HttpResponseRedirect(back)
    response = trigger(HttpResponse(status=204), "close-dialog")
    return toast(trigger(response, "remote-of:changed"), "success", words)


@never_cache
@require_http_methods(["POST"])
def seat(request: HttpRequest, id: UUID) -> HttpResponse:
    """Look on at a session of somebody whom one helps: they see it, and say whether one may type."""
    share = sharing.open_seat(by=person(request), session=doors.seatable(request.user, id))
    return HttpResponseRedirect(reverse("remote:join", args=[share.pk]))


def _back(request: HttpRequest, session: RemoteSession, user: User) -> str:
    """Where the person came from, if that is a page of ours."""
    given = request.POST.get("back") or request.GET.get("back", "")
    if url_has_allowed_host_and_scheme(given, allowed_hosts=None) and given.startswith("/"):
        return given
    if session.person_id == user.pk:
        return reverse("remote:own-connections")
    return reverse("remote:of-machine", args=[session.instance_id])
