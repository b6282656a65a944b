"""To a cloud's own sign-in page and back, and the question whose account it was."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import services, websso
from portal.accounts.models import User
from portal.accounts.views_clouds import known_cloud
from portal.accounts.views_profile import person
from portal.cloud.websso import start_url
from portal.core.errors import PortalError


def cookie_name() -> str:
    """Under TLS by a name that browsers take from this very host only, not from another of its domain."""
    return "__Host-websso" if settings.SESSION_COOKIE_SECURE else "websso"


@login_required
@never_cache
@require_POST
def begin(request: HttpRequest, cloud: str) -> HttpResponse:
    """To the cloud, by a page that leads there: a redirect that answers a form would fall under `form-action`."""
    user, known = person(request), known_cloud(cloud)
    if request.get_host() != urlsplit(settings.SITE_URL).netloc:
        raise PortalError("accounts:websso-other-address", address=settings.SITE_URL)
    websso.begin(user=user, cloud=known, session_key=request.session.session_key or "", by=user)
    page = {"cloud": known, "address": start_url(known), "tab": "clouds"}
    return render(request, "profile/leaving.html", page)


# Keystone's page posts it, which knows nothing of our forms' tokens: see websso.py for what guards it instead.
@csrf_exempt
@never_cache
@sensitive_post_parameters("token")
@require_http_methods(["GET", "POST"])
def come_back(request: HttpRequest) -> HttpResponse:
    """Nothing is decided here, and no cookie but one is set: the session's is not seen in such a post."""
    if request.method != "POST":
        return redirect("profile-clouds")
    parcel = websso.parcel_of(token=request.POST.get("token", ""), origin=request.headers.get("Origin", ""))
    response = HttpResponse(status=303, headers={"Location": "finish/"})
    response.set_cookie(
        cookie_name(),
        parcel,
        max_age=websso.PARCEL_LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@never_cache
@require_GET
def finish(request: HttpRequest) -> HttpResponse:
    """Take what waits in the cookie. Only a post of a cloud's page puts something there."""
    parcel = request.COOKIES.get(cookie_name(), "")
    if not parcel:
        return redirect("profile-clouds")
    response = _finished(request, parcel)
    response.delete_cookie(cookie_name(), samesite="Lax")
    return response


def _finished(request: HttpRequest, parcel: str) -> HttpResponse:
    try:
        if not isinstance(request.user, User):
            raise PortalError("accounts:websso-signed-out")
        user = request.user
        key = request.session.session_key or ""
        websso.finish(user=user, session_key=key, parcel=parcel, by=user)
    except PortalError as error:
        page = {"error": error, "problem": error.problem, "tab": "clouds"}
        return render(request, "profile/websso_refused.html", page, status=error.problem.status)
    return redirect("profile-clouds")


@login_required
@require_POST
def answer(request: HttpRequest, cloud: str) -> HttpResponse:
    """Whether the account that the cloud named is theirs."""
    user, known = person(request), known_cloud(cloud)
    if request.POST.get("answer") == "yes":
        services.agree(user=user, cloud=known.name, named=request.POST.get("named", ""), by=user)
    else:
        services.decline(user=user, cloud=known.name, by=user)
    return redirect("profile-clouds")
