"""The roster, for those who run the workshop."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from instances.workshops.access import workshop_for
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from instances.workshops.roster.acts import ACTS
from instances.workshops.roster.listing import STATES, Query, listed
from instances.workshops.roster.people import OVER
from portal.core.htmx import page_or_part

_COLUMNS = (("name", "Person"), ("state", "State"), ("added", "On the roster since"), ("came", "Joined"))


@never_cache
@require_safe
def roster(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """The list; its part alone for htmx."""
    workshop = workshop_for(request.user, workshop_id, Right.HELP)
    context = context_of(workshop, Query.read(request.GET))
    return page_or_part(request, "workshops/roster/list.html", "workshops/roster/_list.html", context)


def context_of(workshop: Workshop, query: Query) -> dict[str, Any]:
    found = listed(workshop, query)
    address = reverse("roster:list", args=[workshop.pk])
    runs = workshop.viewer_right is not None and workshop.viewer_right >= Right.RUN
    return {
        "workshop": workshop,
        "query": query,
        "address": address,
        "list": found,
        "page": {
            "first_url": address + query.address(after="") if query.after else "",
            "next_url": address + query.address(after=found.next_after) if found.next_after else "",
        },
        "columns": [_column(query, *column) for column in _COLUMNS],
        "states": [(state, label, found.counts[state]) for state, (label, _) in STATES.items()],
        "acts": list(ACTS.values()),
        "runs": runs and workshop.state not in OVER,
        "runs_it": runs,
        "kept": min(found.counts["invited"], workshop.seats),
    }


def _column(query: Query, order: str, label: str) -> dict[str, str]:
    state = ""
    if query.order == order:
        state = "descending" if query.descending else "ascending"
    return {"order": order, "label": label, "url": query.sorted_by(order), "state": state}
