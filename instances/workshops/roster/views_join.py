"""Coming in. The code is in the first address only: the session remembers which workshop it was."""

from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from instances.workshops.access import taking_part
from instances.workshops.models import Learner, Workshop
from instances.workshops.roster import (
    guest_codes,
    joining,
    letters,
    links,
    mails,
    matching,
    memory,
    people,
    services,
)
from instances.workshops.roster.joining import Came
from portal.accounts.models import User
from portal.core.errors import PortalError

PAGE, CODE = "workshops/roster/join.html", "workshops/roster/code.html"


@never_cache
@require_safe
def by_link(request: HttpRequest, code: str) -> HttpResponse:
    """Anybody may come here; what stands behind the link is shown to who has signed in."""
    return _remembered(request, code)


@never_cache
@require_safe
def by_mail(request: HttpRequest, token: str) -> HttpResponse:
    """The link of one line of the roster, as it was mailed to its address."""
    who, address = memory.asker(request), memory.address(request)
    links.check_tries(who, address)
    pk = mails.learner_of(token)
    learner = Learner.objects.select_related("workshop").filter(pk=pk).first() if pk else None
    if learner is None:
        links.count_wrong(who, address)
        raise PortalError("roster:unknown-code")
    links.check_open(learner.workshop)
    memory.remember(request, learner.workshop, proved=learner)
    return HttpResponseRedirect(reverse("roster:join"))


@never_cache
@require_safe
def come(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """For people of the roster, who need no link. Who is not on it learns nothing of the workshop."""
    workshop = Workshop.objects.filter(pk=workshop_id).first()
    if not isinstance(request.user, User):
        if workshop is not None and workshop.state not in (*people.OVER, Workshop.State.DRAFT):
            memory.remember(request, workshop)
        return redirect_to_login(request.get_full_path())
    if workshop is None or not _named(request.user, workshop):
        raise PortalError("workshops:unknown")
    held = memory.came(request)
    if held is None or held.workshop_id != workshop.pk:
        memory.remember(request, workshop)
    return HttpResponseRedirect(reverse("roster:join"))


def _named(user: User, workshop: Workshop) -> bool:
    rows = Learner.objects.filter(workshop=workshop).exclude(via=Learner.Via.TEST)
    return matching.match(map(people.line_of, rows), people.comer(user)).line is not None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """GET says what it is, or asks for a code; POST `code` looks one up, else joins (`accepted`, `name`)."""
    if "code" in request.POST:
        return _typed(request)
    came = memory.came(request)
    if came is None or "other" in request.GET:
        return render(request, CODE, {"offers_guests": guest_codes.offered_anywhere()})
    if not isinstance(request.user, User):
        return redirect_to_login(reverse("roster:join"))
    if request.method == "POST":
        return _join(request, request.user, came)
    found = joining.prospect(user=request.user, came=came)
    if found.here:
        return _in(request, found.workshop)
    return render(request, PAGE, _context(found, request.user))


def _typed(request: HttpRequest) -> HttpResponse:
    try:
        return _remembered(request, request.POST["code"])
    except PortalError as problem:
        if problem.id != "roster:unknown-code":
            raise
        context = {
            "wrong": problem.problem,
            "given": request.POST["code"][:60],
            "offers_guests": guest_codes.offered_anywhere(),
        }
        return render(request, CODE, context, status=404)


def _remembered(request: HttpRequest, code: str) -> HttpResponse:
    link = links.find(code, asker=memory.asker(request), address=memory.address(request))
    memory.remember(request, link.workshop, link=link)
    return HttpResponseRedirect(reverse("roster:join"))


def _join(request: HttpRequest, user: User, came: Came) -> HttpResponse:
    try:
        name = request.POST.get("name", "")
        learner = joining.join(user=user, came=came, accepted=bool(request.POST.get("accepted")), name=name)
    except PortalError as problem:
        if problem.id != "roster:rules-unread":
            raise
        found = joining.prospect(user=user, came=came)
        context = _context(found, user) | {"wrong": problem.problem}
        return render(request, PAGE, context, status=422)
    return _in(request, learner.workshop)


def _in(request: HttpRequest, workshop: Workshop) -> HttpResponse:
    memory.forget(request)
    return HttpResponseRedirect(reverse("learner:page", args=[workshop.pk]))


def _context(found: joining.Prospect, user: User) -> dict[str, Any]:
    facts = mails.facts_of(found.workshop, user)
    return {
        "workshop": found.workshop,
        "found": found,
        "facts": facts,
        "times": letters.when(facts).splitlines(),
        "guest": bool(people.guest_of(user)),
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """GET says what it means; POST leaves."""
    learner = taking_part(request.user, workshop_id)
    if request.method == "POST":
        services.leave(learner=learner)
        return render(request, "workshops/roster/left.html", {"workshop": learner.workshop})
    return render(request, "workshops/roster/leave.html", {"workshop": learner.workshop, "learner": learner})
