"""The pages' side of the graphs. Everything is read from our own tables."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from allocations.roles import Need
from instances.access import instance_for
from instances.metrics.alerts import alerts
from instances.metrics.charts import figures
from instances.metrics.points import Point
from instances.metrics.series import RANGES, Range, columns, points
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part

FIRST = RANGES["30m"]
TABLE_ROWS = 12


@login_required
@require_safe
def series(request: HttpRequest, instance_id: UUID) -> JsonResponse:
    instance = instance_for(request.user, instance_id, Need.SEE)
    wanted = RANGES.get(request.GET.get("range", FIRST.name))
    if wanted is None:
        known = ", ".join(RANGES)
        raise PortalError("portal:bad-input", reason=f"There is no such range; there are {known}.")
    now = datetime.now(UTC)
    response = JsonResponse(_drawn(wanted, points(instance.pk, wanted, now), now))
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_safe
def graphs(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """The graphs with their last half hour inside, so that they draw without another request."""
    instance = instance_for(request.user, instance_id, Need.SEE)
    now = datetime.now(UTC)
    found = points(instance.pk, FIRST, now)
    context = {
        "instance": instance,
        "ranges": RANGES.values(),
        "chosen": FIRST,
        "figures": figures(),
        "series": _drawn(FIRST, found, now),
        "latest": found[-1] if found else None,
        "rows": found[: -TABLE_ROWS - 1 : -1],
        "alerts": alerts(found, now),
    }
    return page_or_part(request, "metrics/graphs.html", "metrics/_graphs.html", context)


@login_required
@require_safe
def current_alerts(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    instance = instance_for(request.user, instance_id, Need.SEE)
    now = datetime.now(UTC)
    context = {"instance": instance, "alerts": alerts(points(instance.pk, FIRST, now), now)}
    return render(request, "metrics/_alerts.html", context)


def _drawn(wanted: Range, found: list[Point], now: datetime) -> dict[str, Any]:
    return {
        "range": wanted.name,
        "from": round((now - wanted.span).timestamp() * 1000),
        "to": round(now.timestamp() * 1000),
        "samples": columns(found),
    }
