"""The usage report of an allocation: page, file, and who may see what each person spent."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from allocations import accrual
from allocations.access import allocation_for
from allocations.models import Allocation, Grant
from allocations.reconciling import differences
from allocations.reports import services
from allocations.reports.charts import bars
from allocations.reports.periods import EVERY, PRESETS, bucket_title
from allocations.reports.query import DEFAULT_SORT, GROUPS, ReportQuery
from allocations.reports.report import Report, report_of
from allocations.reports.tabular import USAGE_HEADER, usage_rows
from allocations.roles import Need, allows
from portal.accounts.views_profile import person
from portal.core import csv_out
from portal.core.htmx import page_or_part


@never_cache
@require_safe
def usage(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.SEE)
    query = ReportQuery.read(request.GET)
    report = report_of(allocation, request.user, query, timezone.now())
    context = _context(allocation, query, report)
    response = page_or_part(request, "reports/usage.html", "reports/_usage.html", context)
    # A form sends its empty fields too: the address that stays in the browser has none of them.
    response["HX-Push-Url"] = reverse("reports:usage", args=[allocation.slug]) + query.address()
    return response


@never_cache
@require_safe
def usage_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    allocation = allocation_for(request.user, slug, Need.SEE)
    query = ReportQuery.read(request.GET)
    today = timezone.now().date()
    rows = usage_rows(allocation, request.user, query, today)
    return csv_out.response(request, f"usage-{allocation.slug}-{today}", USAGE_HEADER, rows)


@require_POST
def show_spending(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    shown = request.POST.get("shown") == "1"
    if services.show_spending(by=person(request), allocation=allocation, shown=shown):
        told = (
            "Members see what each of them spends."
            if shown
            else "Members see their own spending, and that of all others as one sum."
        )
        messages.success(request, told)
    return HttpResponseRedirect(reverse("reports:usage", args=[allocation.slug]))


def _context(allocation: Allocation, query: ReportQuery, report: Report) -> dict[str, Any]:
    return {
        "allocation": allocation,
        "query": query,
        "report": report,
        "presets": PRESETS.items(),
        "groups": GROUPS.items(),
        "everies": EVERY.items(),
        "columns": _columns(query, report),
        "figure": bars(report.bands, report.stretches, report.every),
        "stretches": [bucket_title(bucket, report.every) for bucket in report.stretches],
        "grid": _grid(report),
        "resources": {value: str(label) for value, label in Grant.Resource.choices},
        "unpriced": accrual.unpriced([allocation.pk]),
        "differences": differences(allocation, most=8),
        "may_manage": allows(allocation.viewer_role, Need.MANAGE),
        "group_label": GROUPS[query.by],
        "address": query.address(),
        "clear": query.address(person="", resource=""),
        "links": {
            "period": {name: query.address(period=name) for name in PRESETS},
            "by": {name: query.address(by=name, sort=DEFAULT_SORT) for name in GROUPS},
        },
        **_hidden(query),
        "now": timezone.now(),
    }


def _hidden(query: ReportQuery) -> dict[str, list[tuple[str, str]]]:
    """What each of the two forms sends along of what the other one chooses."""
    kept = [("by", query.by), ("every", query.every), ("person", query.person), ("resource", query.resource)]
    dated = [*query.dates.items(), ("by", query.by), ("sort", query.sort)]
    return {
        "kept": [(name, value) for name, value in [*kept, ("sort", query.sort)] if value],
        "dated": [(name, value) for name, value in dated if value],
    }


def _columns(query: ReportQuery, report: Report) -> list[dict[str, str]]:
    """What a click on a heading sorts by. Resources have columns of their own where there are several."""
    apart = report.resources if len(report.resources) > 1 and query.by != "resource" else []
    named = [("name", GROUPS[query.by], ""), *((one.value, one.label, "num usage-resource") for one in apart)]
    return [_column(query, *column) for column in [*named, ("su", "SU", "num")]]


def _column(query: ReportQuery, order: str, label: str, classes: str) -> dict[str, str]:
    descending = query.sort.startswith("-")
    state = ("descending" if descending else "ascending") if query.sort.removeprefix("-") == order else ""
    return {"order": order, "label": label, "classes": classes, "url": query.sorted_by(order), "state": state}


def _grid(report: Report) -> list[tuple[str, list[Any]]]:
    """The chart's figures for those who do not see it: a line per stretch of time."""
    return [
        (bucket_title(bucket, report.every), [band.su[place] for band in report.bands])
        for place, bucket in enumerate(report.stretches)
    ]
