"""The policies of one machine: how they stand, changing them, and putting off what is about to happen."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from allocations.roles import Need, allows
from instances.access import governed, instance_for, may, may_govern
from instances.models import Instance
from instances.policies import costs, dryrun, services, shown
from instances.policies.effective import Held, held_one, rules_of
from instances.policies.forms import FORMS, RulesForm, first_values
from instances.policies.models import PolicyRun
from instances.policies.rules import AnyRules, Kind, LeaseRules
from instances.policies.schedule import next_change
from instances.policies.words import DONE_WORDS
from instances.rows import row
from portal.accounts import time_zones
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, toast, trigger, wants_part

RUNS_SHOWN = 12
HOURS = ((2, "2 hours"), (4, "4 hours"), (8, "8 hours"), (24, "a day"), (72, "3 days"))


@never_cache
@require_safe
def machine(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    instance = instance_for(request.user, instance_id, Need.SEE)
    context = machine_context(person(request), instance)
    return page_or_part(request, "policies/machine.html", "policies/_machine.html", context)


def machine_context(user: User, instance: Instance) -> dict[str, Any]:
    now, held = timezone.now(), held_one(instance)
    zone = shown.zone_for(user, instance.allocation)
    return {
        "i": instance,
        "allocation": instance.allocation,
        "held": held,
        "lines": shown.lines(held, now, zone),
        "soonest": shown.soonest(shown.lines(held, now, zone)),
        "standing": held.standing,
        "may_act": may(user, instance, Need.ACT),
        "may_govern": may_govern(user, instance),
        "extend_days": _extend_days(held),
        "hours": HOURS,
        "runs": list(PolicyRun.objects.filter(instance=instance)[:RUNS_SHOWN]),
        "done_words": DONE_WORDS,
        "now": now,
        "zone": zone,
    }


def _extend_days(held: Held) -> int:
    default = rules_of(found) if (found := held.kinds["lease"].default) else None
    lease = default if isinstance(default, LeaseRules) else held.lease
    return lease.extend_days if lease else 0


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, instance_id: UUID, policy: Kind) -> HttpResponse:
    """GET shows the rules, POST does what its button says: save, try, off, follow."""
    kind = policy
    instance, user = governed(request.user, instance_id), person(request)
    held = held_one(instance)
    zone = shown.zone_for(user, instance.allocation)
    if request.method != "POST":
        first = first_values(kind, held.kinds[kind].rules, zone)
        return _dialog(request, held, kind, FORMS[kind](initial=first, zone=zone))
    do = request.POST.get("do", "save")
    if do in ("off", "follow"):
        change = services.switch_off if do == "off" else services.follow
        return _saved(request, instance, lambda: change(instance=instance, by=user, kind=kind), held, kind)
    form = FORMS[kind](request.POST, zone=zone)
    if not form.is_valid() or form.rules is None:
        return _dialog(request, held, kind, form, status=422)
    rules = form.rules
    if do == "try":
        return _dialog(request, held, kind, form, tried=_tried(held, rules))
    return _saved(
        request,
        instance,
        lambda: services.set_own(instance=instance, by=user, rules=rules, kind=kind),
        held,
        kind,
        form,
    )


def _saved(
    request: HttpRequest,
    instance: Instance,
    change: Callable[[], object],
    held: Held,
    kind: Kind,
    form: RulesForm | None = None,
) -> HttpResponse:
    try:
        change()
    except PortalError as error:
        if form is None:
            raise
        return _dialog(request, held, kind, form, error=error, status=error.problem.status)
    return done(request, instance, f"{shown.TITLES[kind]} of {instance.name}: saved")


def done(request: HttpRequest, instance: Instance, words: str) -> HttpResponse:
    """Back where it was asked: the machine's page by htmx, else the page of its policies."""
    if not wants_part(request):
        messages.success(request, f"{words}.")
        return HttpResponseRedirect(reverse("policies:machine", args=[instance.pk]))
    response = HttpResponse()
    response["HX-Reswap"] = "none"
    trigger(response, "close-dialog")
    trigger(response, "policies:changed", {"id": str(instance.pk)})
    return toast(response, "success", words)


def _dialog(
    request: HttpRequest,
    held: Held,
    kind: Kind,
    form: RulesForm,
    *,
    error: PortalError | None = None,
    tried: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    instance, effective = held.instance, held.kinds[kind]
    default, manages = effective.default, allows(held.instance.allocation.viewer_role, Need.MANAGE)
    context = {
        "i": instance,
        "allocation": instance.allocation,
        "kind": kind,
        "title": shown.TITLES[kind],
        "form": form,
        "effective": effective,
        "default": default,
        "must_be_strict": default is not None and not default.may_loosen and not manages,
        "own": effective.origin in ("machine", "off"),
        "may_delete": kind == "lease" and instance.owner_id == request.user.pk,
        "data_volumes": [one for one in instance.volumes if not one.get("boot")],
        "zone": form.zone.key,
        "zones": time_zones.offered(),
        "error": error,
        "tried": tried,
        "post_url": reverse("policies:edit", args=[instance.pk, kind]),
        "back": reverse("policies:machine", args=[instance.pk]),
    }
    return page_or_part(request, "policies/edit.html", "policies/_edit.html", context, status=status)


def _tried(held: Held, rules: AnyRules) -> dict[str, Any]:
    """What they would have done to this machine last week, and what they cost or save from now on."""
    now = timezone.now()
    found = dryrun.dry_run([held], rules, now)
    return {"seen": found[0] if found else None, "weekly": costs.of_machine(row(held.instance), rules, now)}


@never_cache
@require_POST
def put_off(request: HttpRequest, instance_id: UUID, what: str) -> HttpResponse:
    """Extend, snooze, keep running, busy; or take the last two back."""
    instance, user = instance_for(request.user, instance_id, Need.ACT), person(request)
    if what == "extend":
        end = services.extend(instance=instance, by=user)
        words = f"The lease of {instance.name} now ends on {time_zones.local(end, user):%Y-%m-%d at %H:%M}"
    elif what == "snooze":
        services.snooze(instance=instance, by=user)
        words = f"{instance.name} is left alone for a while"
    elif what in ("keep", "busy"):
        until = _until(request, instance)
        change = services.keep_running if what == "keep" else services.busy_until
        change(instance=instance, by=user, until=until)
        words = f"{instance.name} {'is kept running' if until else 'follows its rules again'}"
    else:
        raise PortalError("portal:not-found")
    return done(request, instance, words)


def _until(request: HttpRequest, instance: Instance) -> datetime | None:
    """Hours from now, `morning`: until hours begin again; nothing: no longer."""
    given, now = request.POST.get("hours", ""), timezone.now()
    if given == "morning":
        rules = held_one(instance).schedule
        change = next_change(rules.hours, now) if rules else None
        while rules is not None and change is not None and not change.on:
            change = next_change(rules.hours, change.at)
        return change.at if change else None
    if not given:
        return None
    if not given.isdecimal() or not 1 <= int(given) <= 24 * 14:
        raise PortalError("portal:bad-input", reason="Choose a number of hours.")
    return now + timedelta(hours=int(given))
