"""Using an invitation. Its token is in the first address only: the session remembers which invitation it was."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from allocations.members import inviting, rules
from allocations.sources import requests
from allocations.sources.capabilities import capabilities
from allocations.sources.people import login_name
from portal.accounts.views_profile import person

_SESSION = "invitation"
PAGE = "members/join.html"


@never_cache
@require_safe
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """Anybody may come here; what stands behind the link is shown to who has signed in."""
    invitation = inviting.find(token, asker=_asker(request))
    request.session[_SESSION] = str(invitation.pk)
    return HttpResponseRedirect(reverse("members:join"))


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """GET says what it is; POST uses it."""
    if _SESSION not in request.session:
        messages.info(request, "Open the invitation link that you were given once more.")
        return HttpResponseRedirect(reverse("home"))
    invitation, user = inviting.by_id(request.session[_SESSION]), person(request)
    place = invitation.allocation
    context = {
        "invitation": invitation,
        "place": place,
        "role_label": rules.LABELS[invitation.role],
        "username": login_name(user),
        "can": capabilities(place),
    }
    if request.method == "POST":
        row = inviting.redeem(invitation=invitation, user=user)
        context["words"] = requests.words(row, place) if row else ""
        return render(request, PAGE, {**context, "done": True})
    context["fresh"] = inviting.usable(invitation, user, timezone.now())
    return render(request, PAGE, context)


def _asker(request: HttpRequest) -> str:
    """By whom wrong tokens are counted: the person, else the address they come from."""
    return str(request.user.pk or request.META.get("REMOTE_ADDR", ""))
