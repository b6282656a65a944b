"""Lists of workshops, and the page of one for those who run it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from allocations.access import allocation_for
from allocations.roles import Need, allows
from instances.workshops.access import workshop_for, workshops_in, workshops_run_by
from instances.workshops.courses import shown
from instances.workshops.rights import Right
from portal.accounts.views_profile import person
from portal.core.htmx import page_or_part

# Of those that are over, so many are shown.
MOST = 200


@never_cache
@require_safe
def in_allocation(request: HttpRequest, slug: str) -> HttpResponse:
    """Those of an allocation that the person runs or helps at; who manages it sees all."""
    allocation, user = allocation_for(request.user, slug, Need.SEE), person(request)
    rows = list(workshops_in(user, allocation)[:MOST])
    context = {
        "allocation": allocation,
        "lines": shown.lines(rows, user, timezone.now()),
        "may_make": allows(allocation.viewer_role, Need.LAUNCH),
        "topics": f"allocation:{allocation.slug}",
        "most": MOST,
    }
    return page_or_part(request, "workshops/courses/list.html", "workshops/courses/_list.html", context)


@never_cache
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """All that one runs, helps at, or takes part in, over all clouds: where people without an allocation land."""
    user, now = person(request), timezone.now()
    rows = list(workshops_run_by(user)[:MOST])
    context = {
        "lines": shown.lines(rows, user, now),
        "parts": shown.parts(user, now),
        "topics": " ".join(f"workshop:{one.pk}" for one in rows[:40]),
    }
    return page_or_part(request, "workshops/courses/mine.html", "workshops/courses/_mine.html", context)


@never_cache
@require_safe
def detail(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    workshop = workshop_for(request.user, workshop_id, Right.SEE)
    context = shown.page_of(workshop, person(request), timezone.now())
    return page_or_part(request, "workshops/courses/detail.html", "workshops/courses/_detail.html", context)
