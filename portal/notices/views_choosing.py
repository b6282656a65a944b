"""How a person hears of each kind of thing, and in which time zone; and the link in a mail that turns a kind off."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.accounts import time_zones
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.notices import choosing, kinds, mails, unsubscribing, webhooks


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if request.method == "POST":
        time_zones.choose(user, request.POST.get("time_zone", "").strip())
        changed = choosing.choose(user=user, wanted=_wanted(request), by=user)
        messages.success(request, "Saved." if changed else "Saved; what you hear of is as it was.")
        return redirect("notices:preferences")
    context = {
        "groups": _grouped(user),
        "zone": time_zones.zone_of(user).key,
        "zones": time_zones.offered(),
        "configured": mails.configured(),
        "address": user.email if mails.good(user.email) else "",
        "webhooks": webhooks.of(user).count(),
        "tab": "notices",
    }
    return render(request, "notices/preferences.html", context)


def _wanted(request: HttpRequest) -> dict[str, dict[str, bool]]:
    """The form names each kind that it showed, since a box without a tick is not sent."""
    return {
        name: {way: f"{name}:{way}" in request.POST for way in kinds.WAYS}
        for name in request.POST.getlist("kind")[:500]
    }


def _grouped(user: User) -> list[tuple[str, list[choosing.Chosen]]]:
    chosen = choosing.choices_of(user)
    found = [
        (title, [one for one in chosen if one.kind.group == name]) for name, title in kinds.GROUPS.items()
    ]
    return [(title, group) for title, group in found if group]


@never_cache
@csrf_exempt  # mail programs post without our cookies; the signed link is the right to this one thing
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, so that a mail scanner that follows links changes nothing; POST does it."""
    done = request.method == "POST"
    user, kind = unsubscribing.turn_off(token) if done else unsubscribing.read(token)
    return render(request, "notices/unsubscribe.html", {"kind": kind, "done": done, "whose": user})
