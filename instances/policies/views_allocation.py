"""The policies of an allocation: what holds for all its machines, what comes next for each, and dry runs."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.roles import Need, allows
from instances.access import instances_of
from instances.policies import dryrun, services, shown, words
from instances.policies.dryrun import Seen
from instances.policies.dues import Due, Times, coming
from instances.policies.effective import Held, held, rules_of
from instances.policies.forms import FORMS, RulesForm, first_values
from instances.policies.models import Policy
from instances.policies.rules import KINDS, AnyRules, IdleRules, Kind, LeaseRules, ScheduleRules
from portal.accounts import time_zones
from portal.accounts.views_profile import person
from portal.cloud.config import clouds
from portal.core.htmx import page_or_part, toast, trigger, wants_part

MOST = 500


@dataclass(frozen=True, slots=True)
class Default:
    """One of the allocation's own policies, as its page shows it."""

    kind: Kind
    title: str
    icon: str
    policy: Policy | None
    words: str


@dataclass(frozen=True, slots=True)
class Machine:
    held: Held
    next: Due | None
    word: str
    when: str
    own: tuple[str, ...]


@never_cache
@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    allocation, user = allocation_for(request.user, slug, Need.SEE), person(request)
    now, zone = timezone.now(), shown.zone_for(user, allocation)
    context = {
        "allocation": allocation,
        "section": "policies",
        "may_manage": allows(allocation.viewer_role, Need.MANAGE),
        "defaults": _defaults(allocation),
        "machines": _machines(allocation, now, zone),
        "most": MOST,
        "zone": zone.key,
    }
    return page_or_part(request, "policies/allocation.html", "policies/_allocation.html", context)


def _defaults(allocation: Allocation) -> list[Default]:
    found = {
        one.kind: one
        for one in Policy.objects.filter(allocation=allocation, instance=None).select_related("set_by")
    }
    return [
        Default(kind, shown.TITLES[kind], shown.ICONS[kind], found.get(kind), _said(kind, found.get(kind)))
        for kind in KINDS
    ]


def _said(kind: Kind, policy: Policy | None) -> str:
    rules = rules_of(policy) if policy is not None else None
    if isinstance(rules, ScheduleRules):
        return f"{words.of_schedule(rules)}."
    if isinstance(rules, IdleRules):
        return f"{words.of_idle(rules)}."
    if isinstance(rules, LeaseRules):
        extend = f"; each click extends it by {rules.extend_days} days"
        longest = f", {rules.longest_days} days at the longest" if rules.longest_days else ""
        return f"{words.of_lease(rules, None, ZoneInfo('UTC'))}{extend}{longest}."
    return shown.WITHOUT[kind]


def _machines(allocation: Allocation, now: datetime, zone: ZoneInfo) -> list[Machine]:
    """Soonest first; those of which nothing comes, last."""
    instances = list(instances_of_allocation(allocation))
    times = Times(now)
    found = [
        _machine(one, next(iter(coming(one, times)), None), now, zone) for one in held(instances).values()
    ]
    return sorted(
        found,
        key=lambda one: (one.next is None, one.next.at if one.next else now, one.held.instance.name),
    )


def _machine(one: Held, due: Due | None, now: datetime, zone: ZoneInfo) -> Machine:
    own = tuple(shown.TITLES[kind] for kind in KINDS if one.kinds[kind].origin in ("machine", "off"))
    if due is None:
        return Machine(one, None, "", "", own)
    return Machine(one, due, words.DONE_WORDS[due.action], words.near(due.at, now, zone), own)


def instances_of_allocation(allocation: Allocation) -> Any:
    return instances_of(None, allocation).exclude(server_id="").order_by("name")[:MOST]  # type: ignore[arg-type]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_default(request: HttpRequest, slug: str, policy: Kind) -> HttpResponse:
    """GET shows the rules, POST does what its button says: save, try, off."""
    kind = policy
    allocation, user = allocation_for(request.user, slug, Need.MANAGE), person(request)
    zone = ZoneInfo(clouds().cloud(allocation.cloud).portal.policies.time_zone)
    known = Policy.objects.filter(allocation=allocation, instance=None, kind=kind).first()
    if request.method != "POST":
        first = first_values(kind, rules_of(known) if known else None, zone)
        return _dialog(
            request, allocation, kind, known, FORMS[kind](initial=first, zone=zone, for_default=True)
        )
    do, loosen = request.POST.get("do", "save"), request.POST.get("may_loosen") == "on"
    if do == "off":
        services.set_default(allocation=allocation, by=user, kind=kind, rules=None)
        return _done(request, allocation, kind)
    form = FORMS[kind](request.POST, zone=zone, for_default=True)
    if not form.is_valid() or form.rules is None:
        return _dialog(request, allocation, kind, known, form, status=422)
    if do == "try":
        tried = _tried(allocation, kind, form.rules)
        return _dialog(request, allocation, kind, known, form, tried=tried)
    services.set_default(allocation=allocation, by=user, kind=kind, rules=form.rules, may_loosen=loosen)
    return _done(request, allocation, kind)


def _tried(allocation: Allocation, kind: Kind, rules: AnyRules) -> dict[str, Any]:
    """Of the machines that would follow it: those without a decision of their own."""
    found = held(list(instances_of_allocation(allocation)))
    these = [one for one in found.values() if one.kinds[kind].origin not in ("machine", "off")]
    seen = dryrun.dry_run(these, rules, timezone.now())
    return {
        "all": sorted(seen, key=lambda one: -one.looked.saved),
        "saved": _sum(seen, "saved"),
        "spent": _sum(seen, "spent"),
        "deeds": sum(len(one.looked.deeds) for one in seen),
        "unknown": sum(1 for one in seen if one.looked.note),
    }


def _sum(seen: list[Seen], name: str) -> Decimal:
    return sum((getattr(one.looked, name) for one in seen), Decimal(0))


def _dialog(
    request: HttpRequest,
    allocation: Allocation,
    kind: Kind,
    known: Policy | None,
    form: RulesForm,
    *,
    tried: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    loosen = request.POST.get("may_loosen") == "on" if form.is_bound else known is None or known.may_loosen
    context = {
        "allocation": allocation,
        "section": "policies",
        "kind": kind,
        "title": shown.TITLES[kind],
        "for_default": True,
        "form": form,
        "may_loosen": loosen,
        "own": known is not None and known.on,
        "zone": form.zone.key,
        "zones": time_zones.offered(),
        "tried_all": tried,
        "post_url": reverse("policies:edit-default", args=[allocation.slug, kind]),
        "back": reverse("policies:allocation", args=[allocation.slug]),
    }
    return page_or_part(request, "policies/edit.html", "policies/_edit.html", context, status=status)


def _done(request: HttpRequest, allocation: Allocation, kind: Kind) -> HttpResponse:
    words_ = f"{shown.TITLES[kind]} of {allocation.project_name}: saved"
    if not wants_part(request):
        messages.success(request, f"{words_}.")
        return HttpResponseRedirect(reverse("policies:allocation", args=[allocation.slug]))
    response = HttpResponse()
    response["HX-Reswap"] = "none"
    trigger(response, "close-dialog")
    trigger(response, "policies:changed", {"slug": allocation.slug})
    return toast(response, "success", words_)
