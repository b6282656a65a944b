"""The what-if planner: for anybody who is signed in, and within an allocation. A plan is an address; nothing is stored."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from allocations import hooks
from allocations.access import allocation_for, allocations_of
from allocations.models import Allocation
from allocations.overview.asked import asked
from allocations.overview.asking import given_in, person_of
from allocations.overview.letters import QUOTAS, plan_request, shown
from allocations.overview.planned import cloud_named, worked_out
from allocations.overview.planning import QuotaNeed
from allocations.overview.quota import help_of, writer_of
from allocations.overview.standing import labels
from allocations.roles import Need
from portal.cloud.config import CloudConfig, clouds


@login_required
@require_safe
def planner(request: HttpRequest) -> HttpResponse:
    """`?cloud=` and the plan; compared with what can be asked for."""
    return _planned(request, cloud_named(request.GET.get("cloud", "")), None)


@login_required
@require_safe
def planner_within(request: HttpRequest, slug: str) -> HttpResponse:
    """The same, compared with what this allocation has left, too."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    return _planned(request, cloud_named(allocation.cloud), allocation)


def _planned(request: HttpRequest, cloud: CloudConfig, allocation: Allocation | None) -> HttpResponse:
    sizes = {size.name: size for size in hooks.sizes(cloud.name)}
    wanted = asked(
        given_in(request),
        sizes,
        today=timezone.now().date(),
        usual_spare=cloud.portal.planning.spare_percent,
    )
    found = worked_out(wanted, cloud, allocation)
    user = person_of(request)
    writer = writer_of(allocation, user) if allocation else None
    context: dict[str, Any] = {
        "allocation": allocation,
        "mine": [] if allocation else list(allocations_of(user).filter(cloud=cloud.name)[:50]),
        "cloud": cloud,
        "clouds": list(clouds().clouds.values()),
        "sizes": list(sizes.values()),
        "asked": wanted,
        "plan": found,
        "quota": [quota_line(need) for need in found.quota] if found else [],
        "labels": labels(),
        "address": request.build_absolute_uri(
            f"{request.path}?{_cloud_part(cloud, allocation)}{wanted.query}"
        ),
        "text": plan_request(writer, found, labels(), wanted.what_for, str(user)) if found else "",
        "help": help_of(cloud.name),
    }
    return render(request, "overview/planner.html", context)


def quota_line(need: QuotaNeed) -> dict[str, Any]:
    """In the unit of its label."""
    limit = None if need.limit is None else shown(need.resource, need.limit)
    return {
        "label": QUOTAS[need.resource],
        "needed": shown(need.resource, need.needed),
        "used": shown(need.resource, need.used),
        "limit": limit,
        "known": need.known,
        "lacking": shown(need.resource, need.lacking),
    }


def _cloud_part(cloud: CloudConfig, allocation: Allocation | None) -> str:
    return "" if allocation else f"cloud={cloud.name}&"
