"""All allocations, for operators; rates, for everybody signed in."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from allocations.access import require_operator
from allocations.models import Grant
from allocations.reports.health import KINDS, means
from allocations.reports.models import AllocationHealth
from allocations.reports.overall import ANY, WELL, Overall, OverallQuery, overall
from allocations.reports.rate_history import histories
from allocations.reports.tabular import OVERALL_HEADER, overall_rows
from portal.cloud.config import CloudConfig, clouds
from portal.core import csv_out
from portal.core.htmx import page_or_part

_COLUMNS = (
    ("name", "Allocation", ""),
    ("troubles", "Health", ""),
    ("pi", "PI", "c-pi"),
    ("used", "Used", "num"),
    ("remaining", "SU left", "num"),
    ("burn", "SU/h", "num"),
    ("week", "SU in 7 d", "num"),
    ("ends", "Ends", "c-ends"),
    ("machines", "Machines", "num"),
    ("members", "People", "num"),
)


@login_required
@never_cache
@require_safe
def all_allocations(request: HttpRequest) -> HttpResponse:
    require_operator(request.user)
    query = OverallQuery.read(request.GET)
    context = _context(query, overall(query))
    response = page_or_part(request, "reports/all.html", "reports/_all.html", context)
    response["HX-Push-Url"] = reverse("reports:all") + query.address()
    return response


@login_required
@never_cache
@require_safe
def all_csv(request: HttpRequest) -> StreamingHttpResponse:
    require_operator(request.user)
    rows = overall_rows(OverallQuery.read(request.GET))
    return csv_out.response(request, f"allocations-{datetime.now(UTC):%Y-%m-%d}", OVERALL_HEADER, rows)


@login_required
@require_safe
def rates(request: HttpRequest) -> HttpResponse:
    """What machines cost, did cost and will cost, per cloud: from the configuration, no query."""
    today = datetime.now(UTC).date()
    found = [
        {"cloud": cloud, "histories": histories(cloud.portal, today), "fractions": _fractions(cloud)}
        for cloud in clouds().clouds.values()
    ]
    resources = {value: str(label) for value, label in Grant.Resource.choices}
    return render(request, "reports/rates.html", {"clouds": found, "resources": resources})


def _fractions(cloud: CloudConfig) -> list[tuple[int, list[str]]]:
    """What part of the rate each status costs, in percent: statuses that cost the same together, dearest first."""
    together: dict[int, list[str]] = {}
    for status, fraction in cloud.portal.state_fractions.items():
        together.setdefault(round(fraction * 100), []).append(status.replace("_", " ").lower())
    return sorted(together.items(), reverse=True)


def _context(query: OverallQuery, found: Overall) -> dict[str, Any]:
    address = reverse("reports:all")
    return {
        "query": query,
        "found": found,
        "rows": [_row(row) for row in found.rows],
        "columns": [_column(query, *column) for column in _COLUMNS],
        "kinds": [_kind(query, found, kind.name, kind.label, kind.tone) for kind in KINDS],
        "others": [
            _kind(query, found, ANY, "Any trouble", "off"),
            _kind(query, found, WELL, "Well", "ok"),
        ],
        "meanings": [(kind.label, means(kind, clouds().oversight)) for kind in KINDS],
        "places": _places(),
        "page": {
            "first_url": address + query.address(after="") if query.after else "",
            "next_url": address + query.address(after=found.next_after) if found.next_after else "",
        },
    }


def _row(row: AllocationHealth) -> dict[str, Any]:
    return {"health": row, "of": row.allocation, "wrong": [kind for kind in KINDS if getattr(row, kind.name)]}


def _kind(query: OverallQuery, found: Overall, name: str, label: str, tone: str) -> dict[str, Any]:
    chosen = query.health == name
    return {
        "name": name,
        "label": label,
        "tone": tone,
        "count": found.counts[name],
        "chosen": chosen,
        "url": query.address(health="" if chosen else name, after=""),
    }


def _column(query: OverallQuery, order: str, label: str, classes: str) -> dict[str, str]:
    state = ("descending" if query.descending else "ascending") if query.order == order else ""
    return {"label": label, "classes": classes, "url": query.sorted_by(order), "state": state}


def _places() -> list[tuple[str, str]]:
    """Clouds, and the regions of those that have several."""
    found: list[tuple[str, str]] = []
    for cloud in clouds().clouds.values():
        found.append((cloud.name, cloud.title))
        if len(cloud.regions) > 1:
            found += [
                (f"{cloud.name}/{one}", f"{cloud.title}, {cloud.region_title(one)}") for one in cloud.regions
            ]
    return found
