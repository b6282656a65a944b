"""One action on many machines: what it can be done to and what not, then a report for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.roles import Need
from instances import services
from instances.access import instances_of, may
from instances.actions import ACTIONS, Action
from instances.commands.gather import context_of_action
from instances.listing import ListQuery, matching
from instances.models import Instance
from instances.rows import Row, rows
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, trigger

MOST = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """One machine of the selection. `reason` empty: it can be done."""

    row: Row
    reason: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: HttpRequest, slug: str, action: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.ACT)
    wanted = ACTIONS.get(action)
    if wanted is None or not wanted.bulk:
        raise PortalError("portal:not-found")
    data = request.POST if request.method == "POST" else request.GET
    chosen = chosen_machines(request, allocation, data)
    candidates = [_candidate(request, shown, wanted) for shown in rows(chosen)]
    able = [found for found in candidates if not found.reason]
    context = _context(allocation, wanted, candidates, able, data)
    if request.method != "POST":
        return page_or_part(request, "instances/bulk.html", "instances/_bulk.html", context)
    if wanted.confirm == "name" and data.get("confirm_count", "").strip() != str(len(able)):
        context["wrong"] = f"Type the number of machines, {len(able)}, to be sure."
        return page_or_part(request, "instances/bulk.html", "instances/_bulk.html", context, status=422)
    context["results"] = _carry_out(request, wanted, candidates, data)
    context["done"] = sum(1 for result in context["results"] if result.operation)
    response = page_or_part(request, "instances/bulk.html", "instances/_bulk_report.html", context)
    trigger(response, "bulk-done")
    return trigger(response, "instances:changed")


def _carry_out(
    request: HttpRequest, wanted: Action, candidates: Sequence[Candidate], data: QueryDict
) -> list[services.ActResult]:
    keep = data.get("keep") == "on"
    name = {"shelve": "release_address", "delete": "release_address", "unassign_address": "release"}.get(
        wanted.name
    )
    able = [found.row.instance for found in candidates if not found.reason]
    refused = [
        services.ActResult(found.row.instance, None, _refusal(found, wanted))
        for found in candidates
        if found.reason
    ]
    done = services.act_many(
        instances=able,
        by=cast(User, request.user),
        action=wanted.name,
        params={name: not keep} if name else {},
    )
    return sorted([*done, *refused], key=lambda result: result.problem is None)


def _refusal(found: Candidate, wanted: Action) -> PortalError:
    name = found.row.instance.name
    return PortalError("instances:not-now", name=name, label=wanted.label, reason=found.reason)


def chosen_machines(request: HttpRequest, allocation: Allocation, data: QueryDict) -> list[Instance]:
    machines = instances_of(request.user, allocation)
    if data.get("all") == "1":
        found: QuerySet[Instance] = matching(machines, ListQuery.read(data), request.user.pk)
    else:
        found = machines.filter(pk__in=_ids(data.getlist("id")))
    chosen = list(found.order_by("name", "pk")[: MOST + 1])
    if not chosen:
        raise PortalError("portal:bad-input", reason="No machine was chosen, or those chosen are gone.")
    if len(chosen) > MOST:
        reason = f"At most {MOST} machines can be acted on at once; narrow the selection with a filter."
        raise PortalError("portal:bad-input", reason=reason)
    for machine in chosen:
        machine.allocation = allocation  # which knows the viewer's role
    return chosen


def _ids(given: Sequence[str]) -> list[UUID]:
    found = []
    for text in given[: MOST + 1]:
        try:
            found.append(UUID(text))
        except ValueError:
            raise PortalError("portal:bad-input", reason="That is not a list of machines.") from None
    return found


def _candidate(request: HttpRequest, shown: Row, wanted: Action) -> Candidate:
    if not may(request.user, shown.instance, Need.ACT):
        return Candidate(
            shown, f"It belongs to {shown.owner_name}, and your role lets you act on your own only."
        )
    return Candidate(shown, shown.rulings[wanted.name].reason)


def _context(
    allocation: Allocation,
    wanted: Action,
    candidates: Sequence[Candidate],
    able: Sequence[Candidate],
    data: QueryDict,
) -> dict[str, Any]:
    now = sum((found.row.su_per_hour or Decimal(0) for found in able), Decimal(0))
    after = sum((found.row.su_after(wanted) or Decimal(0) for found in able), Decimal(0))
    return {
        "allocation": allocation,
        "action": wanted,
        "able": able,
        "unable": [found for found in candidates if found.reason],
        "su_now": now,
        "su_after": after,
        "saves": now - after,
        "floating": sum(1 for found in able if found.row.state.floating_address),
        "section": "instances",
        "keep": data.get("keep") == "on",
        "command_url": reverse("instances:bulk-command", args=[allocation.slug, wanted.name]),
        **context_of_action(allocation, [found.row.instance for found in able], wanted.name, data),
    }
