from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from allocations.access import allocation_for
from allocations.overview.asking import person_of
from allocations.overview.trail import FEW, PAGE, trail
from allocations.overview.trail_words import KINDS
from allocations.roles import Need
from portal.core.htmx import page_or_part


@login_required
@require_safe
def whole_trail(request: HttpRequest, slug: str) -> HttpResponse:
    """`?kind=&person=&after=`; `few`: the newest only, as a part of another page."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    few = "few" in request.GET
    kind = request.GET.get("kind", "")
    asked = {"kind": kind if kind in KINDS else "", "person": request.GET.get("person", "")[:100]}
    found = trail(
        allocation,
        person_of(request),
        **asked,
        after=request.GET.get("after", ""),
        size=FEW if few else PAGE,
    )
    context = {
        "allocation": allocation,
        "trail": found,
        "kinds": [(name, title) for name, (title, _) in KINDS.items()],
        "few": few,
        **asked,
    }
    if few:
        return render(request, "overview/_trail.html", context)
    return page_or_part(request, "overview/trail.html", "overview/_trail.html", context)
