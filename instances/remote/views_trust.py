"""Host keys that are not the ones we know, and trust in our certificates for machines made elsewhere."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from allocations.roles import Need
from instances import services
from instances.access import instance_for
from instances.exosphere import login_user
from instances.models import ConsoleLog, Instance
from instances.remote import authority, host_keys, passphrase, trust, trust_script
from instances.remote.offers import offered_key
from instances.remote.views_native import context_of
from portal.accounts.models import User
from portal.core.errors import PortalError

_PAGE = ["GET", "HEAD", "POST"]


@never_cache
@require_http_methods(_PAGE)
def host_keys_page(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """What is known, what was shown, what that means; POST accepts what was shown, or reads the console again."""
    instance = instance_for(request.user, instance_id, Need.SEE)
    shown = request.POST.get("offered", "") or request.GET.get("offered", "")
    offered = offered_key(instance, shown)
    if request.method == "POST":
        return _act_on_keys(request, instance, offered, shown)
    context = {
        **context_of(request, instance),
        "offered": shown if offered else "",
        "offered_print": host_keys.fingerprint(offered),
        "offered_kind": offered.split()[0] if offered else "",
        "is_known": offered in host_keys.known(instance),
        "typed": host_keys.TYPED,
        "log": ConsoleLog.objects.filter(instance=instance).only("read_at", "error_id").first(),
    }
    return render(request, "remote/host_keys.html", context)


def _act_on_keys(request: HttpRequest, instance: Instance, offered: str, shown: str) -> HttpResponse:
    here = reverse("remote:host-keys", args=[instance.pk])
    if request.POST.get("do") == "read":
        services.refresh_console(instance=instance)
        messages.info(request, "The console log is being read; this page shows what it tells in a moment.")
        return redirect(f"{here}?offered={shown}" if offered else here)
    instance_for(request.user, instance.pk, Need.ACT)
    if not offered:
        raise PortalError(
            "portal:bad-input", reason="Connect again: what the machine showed is no longer known here."
        )
    host_keys.pin(
        by=cast(User, request.user), instance=instance, key=offered, typed=request.POST.get("typed", "")
    )
    messages.success(request, f"{instance.name} is believed with this key from now on. Connect again.")
    return redirect(here)


@require_POST
def host_key_end(request: HttpRequest, instance_id: UUID, pk: int) -> HttpResponse:
    instance = instance_for(request.user, instance_id, Need.SEE)
    host_keys.unpin(by=cast(User, request.user), instance=instance, pk=pk)
    messages.success(request, "That key is believed no more.")
    return redirect("remote:host-keys", instance.pk)


@never_cache
@require_http_methods(_PAGE)
def trust_page(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """The script, to be read and pasted; POST writes down that somebody ran it (or its reverse) by hand."""
    instance = instance_for(request.user, instance_id, Need.SEE)
    login = _login(request, instance)
    if request.method == "POST":
        return _by_hand(request, instance, login)
    context = {**context_of(request, instance), "login": login, **_scripts(instance, login)}
    return render(request, "remote/trust.html", context)


def _login(request: HttpRequest, instance: Instance) -> str:
    found = trust.of(instance)
    known = found.login if found else login_user(instance.metadata, instance.image_name)
    given = request.POST if request.method == "POST" else request.GET
    return given.get("login", "").strip()[:32] or known


def _scripts(instance: Instance, login: str) -> dict[str, Any]:
    """Empty where the login is not known, or is none that Linux takes."""
    keys = [" ".join(key.split()[:2]) for key in authority.trusted()]
    try:
        install = trust_script.script("install", instance_id=str(instance.pk), login=login, authorities=keys)
        remove = trust_script.script("remove", instance_id=str(instance.pk), login=login)
    except ValueError:
        return {}
    return {"install": trust_script.pasted(install), "remove": trust_script.pasted(remove)}


def _by_hand(request: HttpRequest, instance: Instance, login: str) -> HttpResponse:
    by = cast(User, request.user)
    if request.POST.get("do") == "removed":
        trust.removed(by=by, instance=instance)
        messages.success(request, f"The portal uses no certificate for {instance.name} any more.")
    else:
        if not _scripts(instance, login):
            raise PortalError(
                "portal:bad-input", reason="Say which account of the machine the script was for."
            )
        trust.installed(by=by, instance=instance, login=login)
        messages.success(
            request, f"From now on the portal opens {instance.name} with certificates. Try the shell."
        )
    return redirect("remote:trust", instance.pk)


@never_cache
@require_POST
def passphrase_show(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """Exosphere's passphrase, for one who asks to see it: first a worker is asked, then `ask` fetches it, once."""
    by = cast(User, request.user)
    instance = instance_for(request.user, instance_id, Need.ACT)
    ask, found, problem = request.POST.get("ask", ""), None, None
    try:
        if ask:
            found = passphrase.fetch(by=by, instance=instance, ask=ask)
        else:
            ask = passphrase.ask(by=by, instance=instance, to_show=True)
    except PortalError as error:
        # In its place, where the person waits for it.
        problem = error.problem
    context = {"i": instance, "ask": ask, "found": found, "tries": _tries(request), "problem": problem}
    return render(request, "remote/_passphrase.html", context)


def _tries(request: HttpRequest) -> int:
    text = request.POST.get("tries", "0")
    return min(int(text), 99) + 1 if text.isascii() and text.isdigit() and len(text) < 3 else 1
