"""The profile: who you are here, your API tokens, your sessions."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import services, tokens
from portal.accounts.forms import TokenForm
from portal.accounts.models import ApiToken, User
from portal.core.errors import PortalError


def person(request: HttpRequest) -> User:
    """The person signed in; `portal:sign-in` for anybody else."""
    if not isinstance(request.user, User):
        raise PortalError("portal:sign-in")
    return request.user


@login_required
@require_GET
def profile(request: HttpRequest) -> HttpResponse:
    user = person(request)
    looks = user.looks_had.select_related("operator")[:20]
    return render(request, "profile/profile.html", {"person": user, "looks": looks, "tab": "profile"})


@login_required
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    user = person(request)
    services.end_all_sessions(user=user, by=user)
    messages.success(request, "You are signed out everywhere.")
    return redirect("home")


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def api_tokens(request: HttpRequest) -> HttpResponse:
    """The list, and the form. A new token is in the answer to its POST, and on no page after it."""
    user = person(request)
    form = TokenForm(request.POST if request.method == "POST" else None)
    issued = plain = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        issued, plain = tokens.issue(user, given["name"], given["scope"], given["days"])
        form = TokenForm()
    context = {
        "form": form,
        "issued": issued,
        "plain": plain,
        "tokens": user.api_tokens.filter(revoked_at=None),
        "now": timezone.now(),
        "tab": "tokens",
    }
    return render(request, "profile/tokens.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def revoke_token(request: HttpRequest, id: UUID) -> HttpResponse:
    user = person(request)
    token = ApiToken.objects.filter(user=user, pk=id).first()
    if token is None:
        raise PortalError("portal:not-found")
    tokens.revoke(token=token, by=user)
    messages.success(request, f"The token {token.name} no longer works.")
    return redirect("profile-tokens")
