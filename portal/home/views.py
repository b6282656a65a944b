from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from allocations.access import allocations_of
from instances.workshops.access import has_a_part
from portal.accounts.models import User
from portal.accounts.pages import connections
from portal.accounts.views_profile import person
from portal.cloud.config import clouds
from portal.core.htmx import page_or_part, wants_part
from portal.home.kinds import LIST
from portal.home.pages import home_of
from portal.home.places import places


@never_cache
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Signed out: what this is. Signed in: your allocations, or why there are none."""
    if not isinstance(request.user, User):
        context = {"provider": clouds().oidc, "clouds": clouds().clouds.values(), "next": "/"}
        return render(request, "home/landing.html", context)
    found = home_of(request.user, _query(request))
    if not found.total and not found.connecting:
        return redirect("workshops:list" if has_a_part(request.user) else "no-allocation")
    return render(request, "home/home.html", {"home": found})


@login_required
@never_cache
@require_GET
def parts(request: HttpRequest) -> HttpResponse:
    """The cards and the states of the connections, as they are now."""
    return render(request, "home/_parts.html", {"home": home_of(person(request), _query(request))})


@login_required
@never_cache
@require_GET
def switch(request: HttpRequest) -> HttpResponse:
    """What the bar's menu shows once it is open: every cloud, region and allocation, and how each stands."""
    user = person(request)
    found = places(allocations_of(user), connections(user), request.GET.get("kind", LIST))
    context = {"places": found, "at": request.GET.get("at", "")}
    return render(request, "home/_switch.html", context)


@login_required
@never_cache
@require_GET
def no_allocation(request: HttpRequest) -> HttpResponse:
    found = home_of(person(request))
    if found.total:
        # In an open page htmx would put the whole start page into a part of this one.
        return HttpResponseClientRedirect("/") if wants_part(request) else redirect("home")
    if has_a_part(person(request)) and not found.connecting:
        to = reverse("workshops:list")
        return HttpResponseClientRedirect(to) if wants_part(request) else redirect(to)
    context = {"home": found, "provider": clouds().oidc}
    return page_or_part(request, "home/no_allocation.html", "home/_no_allocation.html", context)


def _query(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip()[:100]
