"""The page of members, for everybody who sees the allocation; and what stands beside the list."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from allocations.access import allocation_for, sees_all_spending
from allocations.members import rules, shown
from allocations.members.listing import Query, listed
from allocations.members.people import crew
from allocations.members.rows import STATES, rows_of
from allocations.models import Allocation
from allocations.roles import Need, allows
from portal.accounts.views_profile import person
from portal.core.htmx import page_or_part

_COLUMNS = (
    ("name", "Person", ""),
    ("role", "Role", ""),
    ("state", "State", ""),
    ("active", "Last active", ""),
    ("machines", "", "c-num"),
    ("week", "This week", "c-num"),
    ("month", "Month", "c-num"),
    ("period", "Period", "c-num"),
)


@require_safe
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """The list; its part alone for htmx."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    query = Query.read(request.GET)
    context = _context(request, allocation, query)
    return page_or_part(request, "members/list.html", "members/_list.html", context)


@require_safe
def beside(request: HttpRequest, slug: str) -> HttpResponse:
    """What is under way and who left: a part, fetched again when something changed. For those who manage."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    return render(
        request, "members/_beside.html", {"allocation": allocation, "beside": shown.beside(allocation)}
    )


def _context(request: HttpRequest, allocation: Allocation, query: Query) -> dict[str, Any]:
    viewer = person(request)
    rows, starts = rows_of(crew(allocation), viewer)
    found = listed(rows, starts, query)
    address = reverse("members:list", args=[allocation.slug])
    manages = allows(allocation.viewer_role, Need.MANAGE)
    pages = {
        "first_url": address + query.address(page="") if found.number > 1 else "",
        "next_url": address + query.address(page=str(found.number + 1)) if found.number < found.pages else "",
    }
    return {
        "allocation": allocation,
        "query": query,
        "address": address,
        "list": found,
        "page": pages,
        "columns": [_column(query, *column) for column in _COLUMNS],
        "roles": [(role, rules.title(role)) for role in rules.ORDER],
        "states": [(state, label, found.counts[state]) for state, label in STATES.items()],
        "manages": manages,
        "sees_all": sees_all_spending(viewer, allocation),
        "beside": shown.beside(allocation) if manages else None,
        "section": "members",
    }


def _column(query: Query, order: str, label: str, classes: str) -> dict[str, str]:
    state = ""
    if query.sort.removeprefix("-") == order:
        state = "descending" if query.sort.startswith("-") else "ascending"
    return {"order": order, "label": label, "classes": classes, "url": query.sorted_by(order), "state": state}
