"""The list of an allocation's machines."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.offers import lost
from allocations.roles import Need, allows
from instances.access import instances_of
from instances.actions import ACTIONS
from instances.facets import combinations_of, facets_of
from instances.listing import ListQuery, matching, page_of
from instances.outages import outages
from instances.rows import polls_of, rows
from portal.cloud.config import clouds
from portal.core.htmx import page_or_part

# What a click on a column sorts by, its heading, and the class of its cells.
COLUMNS = (
    ("name", "Name", "c-name"),
    ("owner", "Owner", "c-owner"),
    ("status", "Status", "c-status"),
    ("size", "Size", "c-size"),
    ("image", "Image", "c-image"),
    ("address", "Address", "c-address"),
    ("age", "Age", "c-age num"),
    ("cost", "SU/h", "c-cost num"),
)
# What no row shows: JSON that would be parsed for nothing.
UNSHOWN = (
    *("tags", "host_keys", "volumes", "security_groups", "fault_message", "addresses"),
    *("owner__password", "owner__preferences"),
)
BULK_BUTTONS = (
    ("start", "player-play"),
    ("stop", "power"),
    ("reboot", "rotate-clockwise"),
    ("suspend", "player-pause"),
    ("resume", "player-play"),
    ("shelve", "archive"),
    ("unshelve", "upload"),
    ("lock", "lock"),
    ("unlock", "lock-open"),
    ("delete", "trash"),
)


@require_safe
def list_page(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.SEE)
    query = ListQuery.read(request.GET)
    context = _context(request, allocation, query)
    response = page_or_part(request, "instances/list.html", "instances/_list.html", context)
    # A form sends its empty fields too: the address that stays in the browser has none of them.
    response["HX-Push-Url"] = reverse("instances:list", args=[allocation.slug]) + query.address()
    return response


@require_safe
def list_rows(request: HttpRequest, slug: str) -> HttpResponse:
    """The list alone: what an open page fetches again when something changed."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    query = ListQuery.read(request.GET)
    return render(request, "instances/_list.html", _context(request, allocation, query))


def _context(request: HttpRequest, allocation: Allocation, query: ListQuery) -> dict[str, Any]:
    machines = instances_of(request.user, allocation)
    combinations = combinations_of(machines)
    found = matching(machines, query, request.user.pk)
    slim = found.select_related(None).select_related("owner").defer(*UNSHOWN)
    page = page_of(slim, query, clouds().cloud(allocation.cloud).portal, combinations)
    for machine in page.instances:
        machine.allocation = allocation
    address = reverse("instances:list", args=[allocation.slug])
    facets = facets_of(combinations, request.user.pk)
    polls = polls_of([allocation.pk])
    away = outages(allocation, polls.values())
    return {
        "allocation": allocation,
        "query": query,
        "facets": facets,
        "rows": rows(page.instances, polls),
        "matched": found.count() if query.filtered else facets.total,
        "columns": [_column(query, *column) for column in COLUMNS],
        "buttons": [(ACTIONS[name], icon) for name, icon in BULK_BUTTONS],
        "page": {
            "first_url": address + query.address(after="") if query.after else "",
            "next_url": address + query.address(after=page.next_after) if page.next_after else "",
        },
        "poll": polls.get(allocation.pk),
        "outages": away,
        "unread_named": any(outage.matters for outage in away),
        "lacking": lost(allocation, "launch", "machine", "figures"),
        "may_launch": allows(allocation.viewer_role or "", Need.LAUNCH),
        "may_act": allows(allocation.viewer_role or "", Need.ACT),
        "section": "instances",
    }


def _column(query: ListQuery, order: str, label: str, classes: str) -> dict[str, str]:
    state = ("descending" if query.descending else "ascending") if query.order == order else ""
    return {"label": label, "classes": classes, "url": query.sorted_by(order), "state": state}
