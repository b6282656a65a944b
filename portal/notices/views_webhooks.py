"""A person's webhooks, and those of what they manage."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part
from portal.notices import hooks, kinds, retiring, webhooks
from portal.notices.models import Webhook

_SHOWN = 50


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def list_or_add(request: HttpRequest) -> HttpResponse:
    """A new secret is in the answer to its POST, and on no page after it."""
    user = person(request)
    context = _form(user) | {"tab": "webhooks"}
    status = 200
    if request.method == "POST":
        given = _given(request)
        try:
            made, secret = webhooks.add(owner=user, by=user, scope=request.POST.get("scope", ""), **given)
            context |= {"made": made, "secret": secret}
        except PortalError as error:
            context |= {"error": error.problem, "given": given, "scope": request.POST.get("scope", "")}
            status = error.problem.status
    context["webhooks"] = _listed(user)
    return render(request, "notices/webhooks.html", context, status=status)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def webhook(request: HttpRequest, id: UUID) -> HttpResponse:
    """Its settings, and what it was sent lately."""
    user = person(request)
    hook = webhooks.webhook_of(user, id)
    context = _form(user) | {"tab": "webhooks", "hook": hook, "scope_title": _title(user, hook)}
    if request.method == "POST":
        if "new-secret" in request.POST:
            context["secret"] = webhooks.new_secret(hook=hook, by=user)
        else:
            webhooks.change(hook=hook, by=user, **_given(request))
            messages.success(request, "Saved.")
            return redirect("notices:webhook", id=hook.pk)
    context["sendings"] = hook.sendings.order_by("-id")[:_SHOWN]
    return page_or_part(request, "notices/webhook.html", "notices/_sendings.html", context)


@login_required
@require_POST
def do(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """test, on, off, remove."""
    user = person(request)
    hook = webhooks.webhook_of(user, id)
    if action == "test":
        webhooks.test(hook=hook, by=user)
        messages.info(request, "A test is on its way: how it goes is in the list below.")
    elif action in ("on", "off"):
        webhooks.switch(hook=hook, on=action == "on", by=user)
    elif action == "remove":
        webhooks.remove(hook=hook, by=user)
        messages.success(request, f"{hook.name} is removed.")
        return redirect("notices:webhooks")
    else:
        raise PortalError("portal:not-found")
    return redirect("notices:webhook", id=hook.pk)


def _given(request: HttpRequest) -> dict[str, Any]:
    """Name, address and kinds, as the form has them."""
    return {
        "name": request.POST.get("name", ""),
        "url": request.POST.get("url", ""),
        "chosen": request.POST.getlist("kinds")[:500],
    }


def _form(user: User) -> dict[str, object]:
    return {
        "kinds": [kind for kind in kinds.all_kinds() if kind.name != retiring.TEST],
        "scopes": [scope for scope in hooks.scopes_of(user).values() if scope.manages],
    }


def _listed(user: User) -> list[tuple[Webhook, str]]:
    known = hooks.scopes_of(user)
    return [(hook, known[hook.scope].title if hook.scope in known else "") for hook in webhooks.of(user)]


def _title(user: User, hook: Webhook) -> str:
    known = hooks.scopes_of(user).get(hook.scope)
    return known.title if known else ""
