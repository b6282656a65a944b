"""Signing in and out. allauth speaks OpenID Connect; how it ends is told here, on pages of ours."""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from requests import RequestException

from portal.accounts import hooks
from portal.accounts.adapter import rules
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.problem_pages import wants_json


def safe_next(request: HttpRequest) -> str:
    """Where to go afterwards: a path of ours, whatever the address says."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else str(settings.LOGIN_REDIRECT_URL)


@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """The page with the one button."""
    if isinstance(request.user, User):
        return redirect(safe_next(request))
    page = {
        "provider": rules(),
        "next": safe_next(request),
        "visiting": hooks.visiting(request),
        "ways": hooks.other_ways(),
    }
    return render(request, "account/login.html", page)


@never_cache
@require_http_methods(["GET", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "account/logout.html")
    get_adapter().logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


def inactive(request: HttpRequest) -> HttpResponse:
    return _refused(request, PortalError("accounts:disabled"))


@never_cache
def oidc_login(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """To the identity provider, by a page that leads there.

    Browsers hold a redirect that answers a form to our Content-Security-Policy, at every further hop; and the
    provider sends people on to servers of its own choice.
    """
    if request.method != "POST":
        return redirect("account_login")
    response = _told(openid_connect.login, request, provider_id)
    if response.status_code != 302:
        return response
    page = {"address": response["Location"], "provider": rules()}
    return render(request, "account/leaving.html", page)


@never_cache
def oidc_callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Back from the identity provider."""
    return _told(openid_connect.callback, request, provider_id)


def _told(view: Callable[..., Any], request: HttpRequest, provider_id: str) -> HttpResponseBase:
    try:
        response: HttpResponseBase = view(request, provider_id)
    except PortalError as error:
        return _refused(request, error)
    except (RequestException, KeyError) as error:
        # Not reached, or its description of itself lacks an address.
        down = PortalError("accounts:provider-down", detail=type(error).__name__, provider=rules().title)
        return _refused(request, down)
    return response


def _refused(request: HttpRequest, error: PortalError) -> HttpResponse:
    if wants_json(request):
        raise error
    page = {"problem": error.problem, "error_id": error.id, "provider": rules(), "next": "/"}
    return render(request, "account/refused.html", page, status=error.problem.status)
