"""The form of a workshop, its live preflight, and keeping it as a draft at each of its sections."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from allocations.models import Allocation
from instances.choices import launch_choices
from instances.workshops.access import plannable, workshop_for
from instances.workshops.courses import changing, filling, helping, offering, services, using
from instances.workshops.courses.forms import WorkshopForm
from instances.workshops.courses.using import Using
from instances.workshops.courses.wanted import Wanted
from instances.workshops.guests import data
from instances.workshops.models import Workshop
from instances.workshops.rights import Right
from portal.accounts import time_zones
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.core.htmx import wants_part

State = Workshop.State
SECTIONS = ("basics", "machine", "learners", "inside", "people", "around")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """GET offers an example to be changed, or a course template's; POST keeps a draft."""
    allocation, user = plannable(request.user, slug), person(request)
    if request.method == "POST":
        return _create(request, allocation, user)
    used = using.chosen(user, allocation, request.GET.get("template", ""))
    choices = launch_choices(allocation, user)
    first = {**filling.of_new(choices, user), **(used.first if used else {})}
    return _page(request, allocation, _form(first, allocation, None, used), None, used)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    workshop, user = workshop_for(request.user, workshop_id, Right.RUN), person(request)
    used = using.of_workshop(user, workshop)
    if request.method == "POST":
        return _change(request, workshop, user, used)
    form = _form(filling.of_workshop(workshop), workshop.allocation, workshop, used)
    return _page(request, workshop.allocation, form, workshop, used)


@never_cache
@require_POST
def preview_new(request: HttpRequest, slug: str) -> HttpResponse:
    """The preflight of the form as it stands, of a workshop that is nowhere kept yet."""
    allocation, user = plannable(request.user, slug), person(request)
    used = using.chosen(user, allocation, request.POST.get("template", ""))
    form = _form(request.POST, allocation, None, used)
    form.is_valid()
    return _preview(request, allocation, form, None, used)


@never_cache
@require_POST
def preview(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """The same of one that is kept; nothing is changed by it."""
    workshop, user = workshop_for(request.user, workshop_id, Right.PLAN), person(request)
    used = using.of_workshop(user, workshop)
    form = _form(request.POST, workshop.allocation, workshop, used)
    form.is_valid()
    return _preview(request, workshop.allocation, form, workshop, used)


def _create(request: HttpRequest, allocation: Allocation, user: User) -> HttpResponse:
    used = using.chosen(user, allocation, request.POST.get("template", ""))
    form = _form(request.POST, allocation, None, used)
    good = form.is_valid()
    course = used.course(form.values) if used else None
    made = services.create(allocation=allocation, by=user, wanted=form.wanted, course=course)
    wrong = helping.add_lines(workshop=made, by=user, text=form.cleaned_data.get("helpers", ""))
    if good and not wrong:
        return _onwards(request, made)
    for text in wrong:
        form.add_error("helpers", text)
    return _page(request, allocation, form, made, used, status=422)


def _change(request: HttpRequest, workshop: Workshop, user: User, used: Using | None) -> HttpResponse:
    """Of a draft all that is right is kept, whatever is wrong with the rest; else all of it or nothing."""
    form = _form(request.POST, workshop.allocation, workshop, used)
    good, draft = form.is_valid(), workshop.state == State.DRAFT
    if good or draft:
        course = used.course(form.values) if used else None
        wanted = _only(form.wanted, workshop)
        try:
            services.change(workshop=workshop, by=user, wanted=wanted, course=course)
        except PortalError as error:
            status = error.problem.status
            return _page(request, workshop.allocation, form, workshop, used, error=error, status=status)
        lines = form.cleaned_data.get("helpers", "")
        for text in helping.add_lines(workshop=workshop, by=user, text=lines):
            form.add_error("helpers", text)
    if form.errors:
        return _page(request, workshop.allocation, form, workshop, used, status=422)
    return _onwards(request, workshop)


def _only(wanted: Wanted, workshop: Workshop) -> Wanted:
    """A form that shows fields as fixed does not send them: what is missing there is no change."""
    allowed = changing.may_change(workshop.state)
    if not _plans(workshop):
        allowed &= changing.WORDS
    fixed = set(type(wanted).model_fields) - allowed
    return Wanted.model_validate(wanted.model_dump(exclude_unset=True, exclude=fixed))


def _onwards(request: HttpRequest, workshop: Workshop) -> HttpResponse:
    """To where the pressed button leads: the next section, planning, or the workshop's page."""
    do = request.POST.get("do", "")
    if do == "plan":
        return HttpResponseRedirect(reverse("workshops:plan", args=[workshop.pk]))
    if do in SECTIONS:
        messages.success(request, "Saved.")
        return HttpResponseRedirect(f"{reverse('workshops:edit', args=[workshop.pk])}?open={do}#{do}")
    messages.success(request, f"“{workshop.title}” is saved.")
    return HttpResponseRedirect(reverse("workshops:detail", args=[workshop.pk]))


def _form(given: Any, allocation: Allocation, workshop: Workshop | None, used: Using | None) -> WorkshopForm:
    """Always bound: what it shows is what stands in its data, typed or kept."""
    data = given if isinstance(given, QueryDict) else _query_of(given)
    form = WorkshopForm(
        data,
        parameters=used.parameters if used else (),
        data_before=workshop.data if workshop else (),
        allocation=allocation,
    )
    form.full_clean()
    return form


def _query_of(given: dict[str, Any]) -> QueryDict:
    found = QueryDict(mutable=True)
    for name, value in given.items():
        if isinstance(value, list | tuple):
            found.setlist(name, [str(one) for one in value])
        elif value not in ("", None):
            found[name] = str(value)
    return found


def _preview(
    request: HttpRequest,
    allocation: Allocation,
    form: WorkshopForm,
    workshop: Workshop | None,
    used: Using | None,
) -> HttpResponse:
    if not wants_part(request):
        return _page(request, allocation, form, workshop, used)
    shown = offering.preflight_of(allocation, person(request), form.wanted, workshop)
    context = {"allocation": allocation, "workshop": workshop, "form": form, **shown}
    return render(request, "workshops/courses/_preflight.html", context)


def _page(
    request: HttpRequest,
    allocation: Allocation,
    form: WorkshopForm,
    workshop: Workshop | None,
    used: Using | None,
    *,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    user = person(request)
    choices = launch_choices(allocation, user)
    offered = {version.image.id for kind in choices.types for version in kind.versions}
    context = {
        "allocation": allocation,
        "workshop": workshop,
        "form": form,
        "checked": request.method == "POST",
        "choices": choices,
        "other_images": [image for image in choices.images if image.id not in offered],
        "zones": time_zones.offered(),
        "may": _may(workshop),
        "open": request.GET.get("open", ""),
        "used": used,
        "templates": using.offered(user, allocation),
        "volumes": data.volumes_of(allocation),
        "guest_codes": clouds().cloud(allocation.cloud).portal.workshops.guest_codes,
        "id_title": helping.id_title(),
        "note": changing.note(workshop.state) if workshop else "",
        "today": timezone.now(),
        "plans": _plans(workshop),
        **(offering.preflight_of(allocation, user, form.wanted, workshop) if _plans(workshop) else {}),
        **extra,
    }
    return render(request, "workshops/courses/form.html", context, status=status)


def _may(workshop: Workshop | None) -> frozenset[str]:
    """Fields that this person may change now."""
    if workshop is None:
        return changing.may_change(State.DRAFT)
    allowed = changing.may_change(workshop.state)
    return allowed if _plans(workshop) else allowed & changing.WORDS


def _plans(workshop: Workshop | None) -> bool:
    """Whether it is for the person to say what it costs; for a new one that is asked before."""
    right = workshop.viewer_right if workshop else Right.PLAN
    return right is not None and right >= Right.PLAN
