"""The jump host of an allocation: making, choosing and removing it; and what a machine without an address offers."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.roles import Need
from instances.access import instance_for, may_connect
from instances.models import Instance
from instances.remote import firewall, jumps
from instances.remote.jump_page import shown_jump, shown_offer
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, toast, wants_part


@never_cache
@require_safe
def jump(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.SEE)
    context = shown_jump(cast(User, request.user), allocation, _behind(request, allocation))
    return page_or_part(request, "remote/jump.html", "remote/_jump.html", context)


@require_POST
def make(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.LAUNCH)
    made = jumps.make(allocation=allocation, by=cast(User, request.user), behind=_behind(request, allocation))
    return _back(request, allocation, f"{made.instance.name} is on its way.")


@require_POST
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.LAUNCH)
    instance = instance_for(request.user, request.POST.get("instance", ""), Need.ACT)
    if instance.allocation_id != allocation.pk:
        raise PortalError("portal:not-found")
    jumps.choose(instance=instance, by=cast(User, request.user))
    return _back(request, allocation, f"{instance.name} is being set up as the jump host.")


@require_POST
def remove(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.SEE)
    jumps.remove(
        allocation=allocation, by=cast(User, request.user), delete_machine=request.POST.get("delete") == "on"
    )
    return _back(request, allocation, "There is no jump host any more.")


@never_cache
@require_safe
def offer(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """For the machine's page: empty for one that can be reached, and for whoever may not connect to it."""
    instance = instance_for(request.user, instance_id, Need.SEE)
    user = cast(User, request.user)
    context = shown_offer(user, instance) if may_connect(user, instance) else {}
    return render(request, "remote/_jump_offer.html", context)


@require_POST
def let_in(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """The rule that a machine's firewall lacks."""
    instance = instance_for(request.user, instance_id, Need.ACT)
    firewall.let_in(instance=instance, by=cast(User, request.user))
    words = f"The firewall of {instance.name} is being changed."
    if wants_part(request):
        return toast(HttpResponse(status=204), "info", words)
    messages.success(request, words)
    return HttpResponseRedirect(reverse("instances:detail", args=[instance.pk]))


def _behind(request: HttpRequest, allocation: Allocation) -> Instance | None:
    """The machine for whose sake the page was opened; of this allocation, or nobody's."""
    given = request.POST.get("behind") or request.GET.get("behind", "")
    if not given:
        return None
    found = instance_for(request.user, given, Need.SEE)
    return found if found.allocation_id == allocation.pk else None


def _back(request: HttpRequest, allocation: Allocation, words: str) -> HttpResponse:
    messages.success(request, words)
    behind = _behind(request, allocation)
    query = f"?behind={behind.pk}" if behind else ""
    return HttpResponseRedirect(reverse("remote:jump", args=[allocation.slug]) + query)
