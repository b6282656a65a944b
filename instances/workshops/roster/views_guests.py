"""The door for people who sign in nowhere: a code makes them a guest of one workshop."""

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from instances.workshops.roster import guest_codes, memory
from portal.accounts.models import User
from portal.core.errors import PortalError

PAGE = "workshops/roster/guest.html"
_TOLD_HERE = ("roster:unknown-code", "roster:no-guests", "roster:removed", "roster:over", "roster:not-yet")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def guest(request: HttpRequest) -> HttpResponse:
    """POST `code` and `name`. Where the operator has switched guests off, there is no such page."""
    if not guest_codes.offered_anywhere():
        raise PortalError("portal:not-found")
    if request.method != "POST" or isinstance(request.user, User):
        # Whoever is signed in would become somebody else: they sign out first.
        return render(request, PAGE)
    try:
        user, workshop = guest_codes.come(
            given=request.POST.get("code", ""),
            asker=memory.asker(request),
            address=memory.address(request),
        )
    except PortalError as problem:
        if problem.id not in _TOLD_HERE:
            raise
        context = {"wrong": problem.problem, "name": request.POST.get("name", "")[:150]}
        return render(request, PAGE, context, status=problem.problem.status)
    guest_codes.name_of(user, request.POST.get("name", ""))
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    memory.remember(request, workshop)
    return HttpResponseRedirect(reverse("roster:join"))
