"""Invitation links: those there are, who used them, and new ones."""

import re
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from allocations.access import allocation_for
from allocations.members import inviting, rules
from allocations.members.models import Invitation
from allocations.members.people import crew
from allocations.models import Allocation
from allocations.roles import Need
from allocations.sources.capabilities import capabilities
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.notices import mails

_LISTED = 100


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitations(request: HttpRequest, slug: str) -> HttpResponse:
    """POST makes one; the answer alone shows its address."""
    allocation, viewer = allocation_for(request.user, slug, Need.MANAGE), person(request)
    context: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        try:
            made, context["link"] = _make(request, allocation, viewer)
            context["made"] = made
        except PortalError as problem:
            context["wrong"], status = problem, 422
    context |= _context(request, allocation, viewer)
    return render(request, "members/invitations.html", context, status=status)


def _make(request: HttpRequest, allocation: Allocation, viewer: User) -> tuple[Invitation, str]:
    given = request.POST
    return inviting.make(
        allocation=allocation,
        by=viewer,
        role=given.get("role", "member"),
        days=_number(given.get("days", "")),
        cap=_number(given.get("cap", "")),
        domain=given.get("domain", ""),
        note=given.get("note", ""),
        mail_to=[word for word in re.split(r"[\s,;]+", given.get("mail", "")[:20_000]) if word],
    )


def _number(given: str) -> int:
    """What is no number is out of bounds, and refused with them."""
    text = given.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _context(request: HttpRequest, allocation: Allocation, viewer: User) -> dict[str, Any]:
    rows = Invitation.objects.filter(allocation=allocation).select_related("created_by", "revoked_by")
    return {
        "allocation": allocation,
        "can": capabilities(allocation),
        "choices": rules.choices(crew(allocation).actor(viewer), rules.ADDABLE),
        "invitations": [
            (row, _state(row), rules.title(row.role)) for row in rows.prefetch_related("uses__user")[:_LISTED]
        ],
        "given": request.POST,
        "mails": mails.configured(),
        "most_days": inviting.MOST_DAYS,
        "most_uses": inviting.MOST_USES,
    }


def _state(row: Invitation) -> tuple[str, str]:
    """How it stands: tone and words."""
    if row.revoked_at is not None:
        return "off", "Withdrawn"
    if row.expires_at <= timezone.now():
        return "off", "Expired"
    if row.used >= row.cap:
        return "off", "Used up"
    return "ok", "Open"


@require_POST
def revoke(request: HttpRequest, slug: str, id: UUID) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    inviting.revoke(allocation=allocation, by=person(request), id=id)
    messages.success(request, "The link is withdrawn: nobody can use it any more. Who came by it stays.")
    return HttpResponseRedirect(reverse("members:invitations", args=[allocation.slug]))
