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
from portal.accounts.cloud_files import Pasted, PastedPassword
from portal.accounts.forms import ApplicationCredentialForm, PasswordForm
from portal.accounts.models import CloudCredential, CloudLink, User
from portal.accounts.queue import enqueue
from portal.accounts.views_profile import person
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.websso import return_url
from portal.core import limits
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
    if request.method == "POST":
        # Whoever guesses passwords does not do it through us.
        limits.check(f"connect:{person(request).pk}", most=20, seconds=600)
    form = _form(request, known, method)
    if request.method == "POST" and form.is_valid():
        login = _given(form, known)
        if isinstance(login, PastedPassword) and not login.password:
            # An openrc asks whoever runs it for the password: so does the page that takes one.
            return _ask_for_password(request, login)
        _begin(person(request), login)
        return redirect("profile-clouds")
    return _connect_page(request, known, method, form)


def _connect_page(request: HttpRequest, cloud: CloudConfig, method: str, form: forms.Form) -> HttpResponse:
    context = {"cloud": cloud, "method": method, "form": form, "tab": "clouds"}
    return render(request, "profile/connect.html", context, status=422 if form.errors else 200)


def _form(request: HttpRequest, cloud: CloudConfig, method: str) -> forms.Form:
    data = request.POST if request.method == "POST" else None
    if method == "password":
        return PasswordForm(data, initial={"user_domain": cloud.portal.sign_in.user_domain})
    return ApplicationCredentialForm(data, request.FILES or None, cloud=cloud)


def _given(form: forms.Form, cloud: CloudConfig) -> Pasted | PastedPassword:
    if isinstance(form, ApplicationCredentialForm):
        return form.login
    given = form.cleaned_data
    return PastedPassword(cloud.name, given["username"], given["user_domain"], given["password"])


def _ask_for_password(request: HttpRequest, login: PastedPassword) -> HttpResponse:
    cloud = clouds().cloud(login.cloud)
    domain = login.user_domain or cloud.portal.sign_in.user_domain
    form = PasswordForm(initial={"username": login.username, "user_domain": domain})
    return _connect_page(request, cloud, "password", form)


def _begin(user: User, login: Pasted | PastedPassword) -> None:
    if isinstance(login, Pasted):
        services.connect_with_application_credential(
            user=user, cloud=login.cloud, id=login.id, secret=login.secret, by=user
        )
        return
    services.connect_with_password(
        user=user,
        cloud=login.cloud,
        username=login.username,
        password=login.password,
        user_domain=login.user_domain or clouds().cloud(login.cloud).portal.sign_in.user_domain,
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
