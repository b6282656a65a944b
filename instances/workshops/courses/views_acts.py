"""What those who run a workshop do with it by one dialog: plan, extend, end, cancel, go on, hand over, try, clone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from instances.workshops.access import workshop_for
from instances.workshops.after import cloning
from instances.workshops.clock import running
from instances.workshops.clock import services as clock
from instances.workshops.courses import gathering, helping, offering, services, shown
from instances.workshops.engine import acts
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, wants_part

Given = dict[str, str]


@dataclass(frozen=True, slots=True)
class Act:
    """`do` answers what was done and where to go; `asks`: what its dialog says and offers."""

    title: str
    button: str
    right: Right
    do: Callable[[Workshop, User, Given], tuple[str, str]]
    tone: str = "primary"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """GET shows what stands in the way and what it costs; POST plans it, where nothing does."""
    workshop, user = workshop_for(request.user, workshop_id, Right.PLAN), person(request)
    error = None
    if request.method == "POST":
        try:
            services.plan(workshop=workshop, by=user, known=request.POST.get("known") == "on")
            return _done(request, workshop, f"“{workshop.title}” is planned: its seats are built in time.")
        except PortalError as problem:
            error = problem
    context = {
        "workshop": workshop,
        "allocation": workshop.allocation,
        "error": error,
        **offering.shown(workshop, user, gathering.check(workshop, user)),
    }
    status = error.problem.status if error else 200
    return page_or_part(
        request, "workshops/courses/plan.html", "workshops/courses/_plan.html", context, status=status
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, workshop_id: UUID, what: str) -> HttpResponse:
    chosen = ACTS.get(what)
    if chosen is None:
        raise PortalError("portal:not-found")
    workshop, user = workshop_for(request.user, workshop_id, chosen.right), person(request)
    error = None
    if request.method == "POST":
        try:
            words, url = chosen.do(workshop, user, request.POST.dict())
            return _done(request, workshop, words, url)
        except PortalError as problem:
            error = problem
    context = {
        "workshop": workshop,
        "allocation": workshop.allocation,
        "act": chosen,
        "what": what,
        "error": error,
        "given": request.POST,
        "post_url": reverse("workshops:act", args=[workshop.pk, what]),
        **_asked(workshop, user, what),
    }
    status = error.problem.status if error else 200
    return page_or_part(
        request, "workshops/courses/act.html", "workshops/courses/_act.html", context, status=status
    )


@never_cache
@require_POST
def helper(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """Add one (`who`, `role`), change one (`id`, `role`), remove one (`id`, `do=remove`)."""
    workshop, user = workshop_for(request.user, workshop_id, Right.PLAN), person(request)
    given = request.POST
    key = given.get("id", "")
    if not key:
        role = given.get("role", "assistant")
        helping.add_helper(workshop=workshop, by=user, who=given.get("who", ""), role=role)
        return _done(request, workshop, f"{given.get('who', '').strip()} helps from now on.")
    helper_id = int(key) if key.isascii() and key.isdigit() and len(key) < 15 else 0
    if given.get("do") == "remove":
        helping.remove_helper(workshop=workshop, by=user, helper_id=helper_id)
        return _done(request, workshop, "They help no more.")
    helping.change_helper(workshop=workshop, by=user, helper_id=helper_id, role=given.get("role", ""))
    return _done(request, workshop, "Changed.")


def _done(request: HttpRequest, workshop: Workshop, words: str, url: str = "") -> HttpResponse:
    messages.success(request, words)
    to = url or reverse("workshops:detail", args=[workshop.pk])
    return HttpResponseClientRedirect(to) if wants_part(request) else HttpResponseRedirect(to)


def _asked(workshop: Workshop, user: User, what: str) -> dict[str, Any]:
    """What the dialog needs besides the workshop."""
    if what == "hand-over":
        return {"heirs": shown.heirs(workshop)}
    if what == "clone":
        proposed = cloning.first_day_after(workshop, timezone.now().date())
        return {"proposed": proposed}
    if what == "test-drive":
        return {"minutes": clouds().cloud(workshop.allocation.cloud).portal.workshops.test_drive_minutes}
    return _longer(workshop, timezone.now()) if what == "extend" else {}


def _longer(workshop: Workshop, now: datetime) -> dict[str, Any]:
    """What each step costs, and the end that the person sees: where somebody else moves it meanwhile, they are told."""
    end = running.ends_at(workshop, now)
    return {
        "steps": [(minutes, running.extension_cost(workshop, minutes, now)) for minutes in running.STEPS],
        "ends_at": end.astimezone(ZoneInfo(workshop.time_zone)) if end else None,
        "zone": workshop.time_zone,
    }


def _moment(text: str) -> datetime | None:
    """The end that a dialog showed; nothing readable: the person was shown none."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _extend(workshop: Workshop, by: User, given: Given) -> tuple[str, str]:
    text = given.get("minutes", "")
    minutes = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    clock.extend(workshop=workshop, by=by, minutes=minutes, seen=_moment(given.get("seen", "")))
    return f"The meeting is {minutes} minutes longer.", ""


def _end(workshop: Workshop, by: User, given: Given) -> tuple[str, str]:
    clock.end_now(workshop=workshop, by=by)
    return "The meeting has ended; its seats are put away after the tail.", ""


def _finish(workshop: Workshop, by: User, given: Given) -> tuple[str, str]:
    clock.finish(workshop=workshop, by=by)
    return "The workshop ends with this meeting, and no other follows.", ""


def _cancel(workshop: Workshop, by: User, given: Given) -> tuple[str, str]:
    clock.cancel(workshop=workshop, by=by)
    return f"“{workshop.title}” is cancelled.", ""


def _beyond(workshop: Workshop, by: User, given: Given) -> tuple[str, str]:
    clock.go_on_beyond_cap(workshop=workshop, by=by)
    return "It goes on beyond its cap until this meeting, or the next, is over.", ""


def _hand(workshop: Workshop, by: User, given: Given) -> tuple[str, str]:
    found = next((one for one in shown.heirs(workshop) if str(one.pk) == given.get("to")), None)
    if found is None:
        raise PortalError("workshops:bad-input", reason="Choose to whom it is handed.")
    clock.hand_to(workshop=workshop, by=by, to=found)
    return f"It is {found}'s from now on.", reverse(
        "workshops:in-allocation", args=[workshop.allocation.slug]
    )


def _try(workshop: Workshop, by: User, given: Given) -> tuple[str, str]:
    minutes = clouds().cloud(workshop.allocation.cloud).portal.workshops.test_drive_minutes
    acts.test_drive(workshop=workshop, by=by, minutes=minutes)
    return (
        "Your seat is being built: this is what a learner sees.",
        reverse("learner:page", args=[workshop.pk]),
    )


def _clone(workshop: Workshop, by: User, given: Given) -> tuple[str, str]:
    try:
        day = date.fromisoformat(given.get("first_day", ""))
    except ValueError:
        raise PortalError("workshops:bad-input", reason="Give the day of the first meeting.") from None
    made = cloning.clone(
        workshop=workshop,
        by=by,
        first_day=day,
        title=given.get("title", "").strip()[:120],
        roster=given.get("roster") == "on",
        helpers=given.get("helpers") == "on",
    )
    return f"“{made.title}” is a draft now.", reverse("workshops:edit", args=[made.pk])


ACTS = {
    "extend": Act("Make the meeting longer", "Extend", Right.RUN, _extend),
    "end": Act("End the meeting now", "End it now", Right.RUN, _end, "danger"),
    "finish": Act("End the whole workshop", "End the workshop", Right.PLAN, _finish, "danger"),
    "cancel": Act("Cancel the workshop", "Cancel it", Right.PLAN, _cancel, "danger"),
    "beyond": Act("Go on beyond the cap", "Go on", Right.PLAN, _beyond),
    "hand-over": Act("Hand it over", "Hand over", Right.PLAN, _hand),
    "test-drive": Act("Test drive", "Build my seat", Right.RUN, _try),
    "clone": Act("Clone it with new dates", "Make the draft", Right.PLAN, _clone),
}
