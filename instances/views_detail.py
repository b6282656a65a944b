"""The page of one machine and the parts of it that are fetched again."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from allocations.access import allocations_of
from allocations.offers import lost
from allocations.roles import Need
from instances import services
from instances.access import instance_for, may, may_connect
from instances.models import ConsoleLog, Instance
from instances.rows import Row, row, rows
from instances.statuses import RESTING
from instances.timeline import entries
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, toast, wants_part

TABS = ("overview", "console")
GROUPS = (
    ("Power", ("console", "start", "stop", "reboot", "hard_reboot", "suspend", "resume")),
    ("Put away", ("shelve", "unshelve", "snapshot")),
    ("Change", ("rename", "resize", "confirm_resize", "revert_resize", "rebuild")),
    ("Address", ("assign_address", "unassign_address")),
    ("Protect", ("lock", "unlock", "delete")),
)
# What people most want next; the first three of these that can be done now are buttons.
FOREMOST = (
    *(
        "confirm_resize",
        "revert_resize",
        "start",
        "resume",
        "unshelve",
        "console",
        "stop",
        "shelve",
        "snapshot",
    ),
    "delete",
)
RUNNING_SHOWN = 20
# A reason that stands in the way of so many actions is said once, above them all.
SAID_ONCE = 5


@require_safe
def detail(request: HttpRequest, id: UUID) -> HttpResponse:
    instance = instance_for(request.user, id, Need.SEE)
    tab = request.GET.get("tab", TABS[0])
    context = _context(request, instance) | {"tab": tab if tab in TABS else TABS[0]}
    if context["tab"] == "console":
        context["log"] = ConsoleLog.objects.filter(instance=instance).first()
    else:
        context["entries"] = entries(instance)
    return render(request, "instances/detail.html", context)


def _context(request: HttpRequest, instance: Instance) -> dict[str, Any]:
    shown = row(instance)
    return {
        "allocation": instance.allocation,
        "row": shown,
        "i": instance,
        "section": "instances",
        "may_act": may(request.user, instance, Need.ACT),
        "may_connect": may_connect(request.user, instance),
        "lacking": lost(instance.allocation, "machine"),
        "time_to_ready": instance.ready_at - instance.created_at if instance.ready_at else None,
        **_actions(shown),
    }


def _actions(shown: Row) -> dict[str, Any]:
    offered = {action.name: (action, ruling) for action, ruling in shown.offered}
    buttons = [offered[name] for name in FOREMOST if offered[name][1].allowed][:3]
    shown_already = {action.name for action, _ in buttons}
    groups = [
        (title, [offered[name] for name in names if name not in shown_already]) for title, names in GROUPS
    ]
    refusals = Counter(ruling.reason for _, ruling in shown.offered if not ruling.allowed)
    reason, times = refusals.most_common(1)[0] if refusals else ("", 0)
    return {
        "buttons": buttons,
        "groups": [group for group in groups if group[1]],
        "common_reason": reason if times >= SAID_ONCE else "",
    }


@require_safe
def row_part(request: HttpRequest, id: UUID) -> HttpResponse:
    instance = instance_for(request.user, id, Need.SEE)
    return render(request, "instances/_row.html", {"row": row(instance)})


@require_safe
def status_part(request: HttpRequest, id: UUID) -> HttpResponse:
    instance = instance_for(request.user, id, Need.SEE)
    return render(request, "instances/_status.html", {"row": row(instance)})


@require_safe
def timeline_part(request: HttpRequest, id: UUID) -> HttpResponse:
    instance = instance_for(request.user, id, Need.SEE)
    return render(request, "instances/_timeline.html", {"i": instance, "entries": entries(instance)})


@require_safe
def facts_part(request: HttpRequest, id: UUID) -> HttpResponse:
    instance = instance_for(request.user, id, Need.SEE)
    return render(request, "instances/_facts.html", _context(request, instance))


@require_safe
def actions_part(request: HttpRequest, id: UUID) -> HttpResponse:
    """The menu of a row, or with `?page` the buttons and the menu of the machine's page."""
    instance = instance_for(request.user, id, Need.SEE)
    part = "instances/_actions.html" if "page" in request.GET else "instances/_row_actions.html"
    return render(request, part, _context(request, instance))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def console_log(request: HttpRequest, id: UUID) -> HttpResponse:
    """The console log as last read; POST has a worker read it again."""
    instance = instance_for(request.user, id, Need.SEE)
    if request.method == "POST":
        services.refresh_console(instance=instance)
        if not wants_part(request):
            messages.info(request, "The console log is being read; reload this page in a moment.")
            return HttpResponseRedirect(f"{reverse('instances:detail', args=[instance.pk])}?tab=console")
    log = ConsoleLog.objects.filter(instance=instance).first()
    response = render(request, "instances/_console_log.html", {"i": instance, "log": log})
    return toast(response, "info", "Reading the console log") if request.method == "POST" else response


@require_safe
def running(request: HttpRequest) -> HttpResponse:
    """What runs now in all of the person's allocations, their own first, for the start page."""
    if not request.user.is_authenticated:
        raise PortalError("portal:sign-in")
    machines = (
        Instance.objects.filter(allocation__in=allocations_of(request.user), deleted_at=None)
        .exclude(status__in=RESTING)
        .select_related("allocation", "owner")
        .order_by(Case(When(owner_id=request.user.pk, then=0), default=1), "-created_at")
    )
    shown = rows(list(machines[: RUNNING_SHOWN + 1]))
    context = {"rows": shown[:RUNNING_SHOWN], "more": len(shown) > RUNNING_SHOWN}
    return page_or_part(request, "instances/running.html", "instances/_running.html", context)
