"""Before an end: what to save, step by step; and the export of everything that is one's own."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from allocations.access import allocation_for
from allocations.overview import exports, hooks
from allocations.overview.asking import person_of
from allocations.overview.ending import end_of
from allocations.overview.models import Export
from allocations.overview.standing import standing
from allocations.roles import Need
from portal.accounts.models import User
from portal.core import limits

# So many new exports of one person in an hour.
_MOST, _SECONDS = 5, 3600


@login_required
@require_safe
def save(request: HttpRequest, slug: str) -> HttpResponse:
    """The steps, with links to the files, images and volumes of one's own machines."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    user = person_of(request)
    context = {
        "allocation": allocation,
        "end": end_of(standing(allocation)),
        "things": hooks.to_save(allocation, user),
        "exports": exports.of(user)[:1],
    }
    return render(request, "overview/save.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own_exports(request: HttpRequest) -> HttpResponse:
    """GET: what is in it, and those that are kept. POST: ask for one."""
    user = person_of(request)
    if request.method == "POST":
        asked_for(user)
        messages.success(request, "It is being made. You will be told when it is ready.")
        return redirect("overview:exports")
    found = list(exports.of(user)[:10])
    context = {
        "exports": found,
        "parts": list(hooks.parts()),
        "making": any(one.state == exports.State.ASKED for one in found),
        "now": timezone.now(),
        "tab": "export",
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "overview/_exports.html" if part else "overview/exports.html", context)


@login_required
@require_safe
def export_file(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The ZIP, for the person who asked for it and nobody else."""
    return zipped(person_of(request), export_id)


@login_required
@require_POST
def export_remove(request: HttpRequest, export_id: UUID) -> HttpResponse:
    exports.remove(by=person_of(request), export_id=export_id)
    messages.success(request, "The export is erased.")
    return redirect("overview:exports")


def asked_for(user: User) -> Export:
    limits.check(f"export:{user.pk}", most=_MOST, seconds=_SECONDS)
    return exports.ask(by=user)


def zipped(user: User, export_id: UUID) -> HttpResponse:
    answer = HttpResponse(exports.content(by=user, export_id=export_id), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="everything-{timezone.now():%Y-%m-%d}.zip"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer
