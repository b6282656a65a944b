"""The page of an allocation and its live parts. Thin: what they show is worked out in `page` and `forecasting`."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.overview.asking import person_of
from allocations.overview.forecasting import Forecast, forecast_of
from allocations.overview.page import figures
from allocations.overview.people import MOST_SHOWN
from allocations.overview.planned import machine_word
from allocations.overview.quota import help_of, meters, request_text, writer_of
from allocations.overview.standing import Standing, standing
from allocations.roles import Need


@login_required
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The grant, its figures, when it runs out, who spends; `?resource=` and `shelve=` as in `forecast`."""
    allocation, found, drawn = _looked_at(request, slug)
    context = {
        "figures": figures(found, person_of(request)),
        **_drawn(found, drawn),
        "allocation": allocation,
    }
    return render(request, "overview/page.html", context)


@login_required
@require_safe
def live_figures(request: HttpRequest, slug: str) -> HttpResponse:
    """What stands above the burn-down; with `?part=rest` what stands below it."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    context = {"figures": figures(standing(allocation), person_of(request)), "allocation": allocation}
    below = request.GET.get("part") == "rest"
    return render(request, "overview/_rest.html" if below else "overview/_figures.html", context)


@login_required
@require_safe
def forecast(request: HttpRequest, slug: str) -> HttpResponse:
    """The burn-down of `?resource=`, and what it would be with the machines in `shelve=` shelved."""
    allocation, found, drawn = _looked_at(request, slug)
    return render(request, "overview/_forecast.html", {**_drawn(found, drawn), "allocation": allocation})


@login_required
@require_safe
def quota(request: HttpRequest, slug: str) -> HttpResponse:
    """`?<quota>=<number>&why=`: the request for more, ready to be sent."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    found = meters(allocation, request.GET.dict())
    why = request.GET.get("why", "")
    text = request_text(writer_of(allocation, person_of(request)), found, why)
    context = {
        "allocation": allocation,
        "meters": found,
        "why": why,
        "text": text,
        "asked": bool(request.GET),
        "help": help_of(allocation.cloud),
    }
    return render(request, "overview/quota.html", context)


def chosen_in(request: HttpRequest) -> frozenset[str]:
    return frozenset(request.GET.getlist("shelve")[:MOST_SHOWN])


def _looked_at(request: HttpRequest, slug: str) -> tuple[Allocation, Standing, Forecast | None]:
    allocation = allocation_for(request.user, slug, Need.SEE)
    chosen = chosen_in(request)
    found = standing(allocation, chosen=chosen)
    resource = found.resource(request.GET.get("resource", ""))
    if resource is None or not resource.burns:
        return allocation, found, None
    return allocation, found, forecast_of(found, resource, chosen, machine_word(allocation.cloud))


def _drawn(found: Standing, drawn: Forecast | None) -> dict[str, Any]:
    return {"standing": found, "forecast": drawn}
