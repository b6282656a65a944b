from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.roles import Need
from instances.advice import board, services
from instances.advice.board import Shown
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, toast, trigger, wants_part

_PAGE, _LIST = "advice/page.html", "advice/_list.html"


@login_required
@never_cache
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.SEE)
    return page_or_part(request, _PAGE, _LIST, _context(request, allocation))


@login_required
@never_cache
@require_safe
def brief(request: HttpRequest, slug: str) -> HttpResponse:
    """One line for the allocation's page; nothing where there is nothing to save."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    return render(request, "advice/_brief.html", _context(request, allocation))


@login_required
@require_POST
def dismiss(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.SEE)
    key, by = request.POST.get("key", ""), cast(User, request.user)
    if request.POST.get("again"):
        services.restore(allocation=allocation, by=by, key=key)
        return _back(request, allocation, "It is shown again.")
    services.dismiss(allocation=allocation, by=by, key=key)
    return _back(request, allocation, "Not shown for 30 days.")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """The dialog (or page) that says what goes, and doing it: for addresses and volumes."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    found = board.find(allocation, request.user, key)
    if found.advice.action not in ("release", "delete_volume"):
        raise PortalError("portal:not-found")
    if request.method != "POST":
        return _dialog(request, allocation, found)
    if found.advice.action == "delete_volume" and request.POST.get("confirm_name") != found.advice.subject:
        return _dialog(request, allocation, found, error="That is not its name.", status=422)
    by = cast(User, request.user)
    if found.advice.action == "release":
        services.release_address(allocation=allocation, by=by, address_id=found.advice.subject_id)
    else:
        services.delete_volume(allocation=allocation, by=by, volume_id=found.advice.subject_id)
    words = "is being released" if found.advice.action == "release" else "is being deleted"
    return _back(request, allocation, f"{found.advice.subject} {words}.")


def _dialog(
    request: HttpRequest, allocation: Allocation, found: Shown, *, error: str = "", status: int = 200
) -> HttpResponse:
    context = {"allocation": allocation, "shown": found, "a": found.advice, "error": error}
    return page_or_part(request, "advice/follow.html", "advice/_follow.html", context, status=status)


def _back(request: HttpRequest, allocation: Allocation, words: str) -> HttpResponse:
    if wants_part(request):
        response = HttpResponse(status=204)
        trigger(trigger(response, "advice:changed"), "close-dialog")
        return toast(response, "success", words)
    messages.success(request, words)
    return HttpResponseRedirect(reverse("advice:page", args=[allocation.slug]))


def _context(request: HttpRequest, allocation: Allocation) -> dict[str, Any]:
    return {
        "allocation": allocation,
        "section": "advice",
        "board": board.board(allocation, request.user),
    }
