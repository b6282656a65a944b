"""Connecting and disconnecting clouds, and the credentials that came of it."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import credentials, pages, services
from portal.accounts.forms import ApplicationCredentialForm, PasswordForm
from portal.accounts.models import CloudCredential, CloudLink, User
from portal.accounts.queue import enqueue
from portal.accounts.views_profile import person
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.websso import return_url
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part


@login_required
@never_cache
@require_GET
def connected_clouds(request: HttpRequest) -> HttpResponse:
    user = person(request)
    connections = pages.with_attempts(user, pages.connections(user))
    context = {
        "connections": connections,
        # The socket of a page that was just opened may miss the news: it asks, too, while it waits.
        "moving": any(connection.state == CloudLink.State.CONNECTING for connection in connections),
        "provider": clouds().oidc,
        "return_url": return_url(),
        "now": timezone.now(),
        "tab": "clouds",
    }
    return page_or_part(request, "profile/clouds.html", "profile/_clouds.html", context)


@login_required
@never_cache
@sensitive_post_parameters("password", "secret", "pasted")
@require_http_methods(["GET", "POST"])
def connect(request: HttpRequest, cloud: str, method: str) -> HttpResponse:
    """The form of one way in. Whatever the page says, the service checks that the operator offers it."""
    known = known_cloud(cloud)
    if method not in known.portal.sign_in.methods or method not in {"password", "application_credential"}:
        raise PortalError("accounts:method-not-offered", cloud=known.title)
    form = _form(request, known, method)
    if request.method == "POST" and form.is_valid():
        _begin(person(request), known, form)
        messages.info(request, f"Connecting to {known.title}. This page changes by itself.")
        return redirect("profile-clouds")
    context = {"cloud": known, "method": method, "form": form, "tab": "clouds"}
    return render(request, "profile/connect.html", context, status=422 if form.errors else 200)


def _form(request: HttpRequest, cloud: CloudConfig, method: str) -> forms.Form:
    data = request.POST if request.method == "POST" else None
    if method == "password":
        return PasswordForm(data, initial={"user_domain": cloud.portal.sign_in.user_domain})
    return ApplicationCredentialForm(data, cloud=cloud)


def _begin(user: User, cloud: CloudConfig, form: forms.Form) -> None:
    if isinstance(form, ApplicationCredentialForm):
        found = form.credential
        services.connect_with_application_credential(
            user=user, cloud=found.cloud, id=found.id, secret=found.secret, by=user
        )
        return
    given = form.cleaned_data
    services.connect_with_password(
        user=user,
        cloud=cloud.name,
        username=given["username"],
        password=given["password"],
        user_domain=given["user_domain"],
        by=user,
    )


@login_required
@require_POST
def disconnect(request: HttpRequest, cloud: str) -> HttpResponse:
    user, known = person(request), known_cloud(cloud)
    services.disconnect(user=user, cloud=known.name, by=user)
    messages.success(request, f"The portal no longer acts for you at {known.title}. Your machines run on.")
    return redirect("profile-clouds")


@login_required
@require_POST
def renew_credential(request: HttpRequest, pk: int) -> HttpResponse:
    credential = _mine(request, pk)
    enqueue("renew", credential.pk)
    messages.info(request, f"The credential for {credential.project_name} is being renewed.")
    return redirect("profile-clouds")


@login_required
@require_POST
def revoke_credential(request: HttpRequest, pk: int) -> HttpResponse:
    credential = _mine(request, pk)
    credentials.revoke(credential=credential, by=person(request), reason="revoked by its owner")
    messages.success(request, f"The portal no longer acts for you in {credential.project_name}.")
    return redirect("profile-clouds")


def _mine(request: HttpRequest, pk: int) -> CloudCredential:
    found = CloudCredential.objects.filter(user=person(request), pk=pk, revoked_at=None).first()
    if found is None:
        raise PortalError("portal:not-found")
    return found


def known_cloud(name: str) -> CloudConfig:
    found = clouds().clouds.get(name)
    if found is None:
        raise PortalError("portal:not-found")
    return found
