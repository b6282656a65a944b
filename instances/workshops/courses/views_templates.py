"""Course templates of an allocation: the list, one of them, saving a workshop as one, reading CACAO's files."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.roles import Need, allows
from instances.workshops.access import plannable, workshop_for
from instances.workshops.courses import cacao, templating, using
from instances.workshops.courses.models import CourseTemplate
from instances.workshops.rights import Right
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.errors import PortalError


@never_cache
@require_http_methods(["GET", "HEAD"])
def templates(request: HttpRequest, slug: str) -> HttpResponse:
    """What is offered here: the allocation's own, and what operators have published."""
    allocation, user = allocation_for(request.user, slug, Need.SEE), person(request)
    found = using.offered(user, allocation).select_related("made_by").prefetch_related("versions")
    context = {
        "allocation": allocation,
        "templates": found,
        "may_make": allows(allocation.viewer_role, Need.LAUNCH),
    }
    return render(request, "workshops/courses/templates.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def template(request: HttpRequest, slug: str, template_id: UUID) -> HttpResponse:
    """GET shows it with all its versions; POST retires or publishes it."""
    allocation, user = allocation_for(request.user, slug, Need.SEE), person(request)
    found = _of(user, allocation, template_id)
    if request.method == "POST":
        return _do(request, allocation, found, user)
    versions = list(found.versions.select_related("made_by"))
    context = {
        "allocation": allocation,
        "template": found,
        "versions": versions,
        "used": using.using(found) if versions else None,
        "may_change": _may_change(user, allocation, found),
        "may_use": allows(allocation.viewer_role, Need.LAUNCH) and found.retired_at is None,
        "may_publish": user.is_operator and found.allocation_id is not None and found.retired_at is None,
    }
    return render(request, "workshops/courses/template.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def save(request: HttpRequest, workshop_id: UUID) -> HttpResponse:
    """A workshop as a new template, or as the next version of the one that it was made from."""
    workshop, user = workshop_for(request.user, workshop_id, Right.PLAN), person(request)
    made_from = CourseTemplate.objects.filter(
        pk=workshop.course.get("id"), allocation=workshop.allocation, retired_at=None
    ).first()
    given, error = request.POST, None
    if request.method == "POST":
        note = given.get("note", "")
        try:
            if given.get("as") == "version" and made_from is not None:
                version = templating.new_version(template=made_from, workshop=workshop, by=user, note=note)
            else:
                title = given.get("title", "")
                version = templating.save_as(workshop=workshop, by=user, title=title, note=note)
            messages.success(request, f"“{version.template.title}” has a version {version.number}.")
            return _to(workshop.allocation, version.template_id)
        except PortalError as problem:
            error = problem
    context = {
        "workshop": workshop,
        "allocation": workshop.allocation,
        "made_from": made_from,
        "given": given,
        "error": error,
    }
    status = error.problem.status if error else 200
    return render(request, "workshops/courses/save_template.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def read_cacao(request: HttpRequest, slug: str) -> HttpResponse:
    """Both files, pasted or uploaded: first what would become of them, then the template."""
    allocation, user = plannable(request.user, slug), person(request)
    metadata, ui = _file(request, "metadata"), _file(request, "ui")
    context: dict[str, Any] = {"allocation": allocation, "metadata": metadata, "ui": ui}
    status = 200
    if request.method == "POST":
        try:
            course = cacao.read(metadata, ui)
            if request.POST.get("do") == "make":
                title = request.POST.get("title", "")
                made = templating.from_cacao(allocation=allocation, by=user, course=course, title=title)
                messages.success(request, f"“{made.template.title}” is a course template now.")
                return _to(allocation, made.template_id)
            context["course"] = course
        except cacao.NotCacao as wrong:
            context["error"] = PortalError("workshops:bad-cacao", reason=str(wrong))
            status = 422
        except PortalError as problem:
            context |= {"error": problem, "course": cacao.read(metadata, ui)}
            status = problem.problem.status
    return render(request, "workshops/courses/cacao.html", context, status=status)


def _do(request: HttpRequest, allocation: Allocation, found: CourseTemplate, user: User) -> HttpResponse:
    do = request.POST.get("do", "")
    if do == "retire":
        templating.retire(template=found, by=user)
        messages.success(request, f"“{found.title}” is offered no more.")
        return HttpResponseRedirect(reverse("workshops:templates", args=[allocation.slug]))
    if do == "publish":
        made = templating.publish(template=found, by=user)
        messages.success(request, f"“{found.title}” is offered to everybody at this cloud.")
        return _to(allocation, made.pk)
    raise PortalError("portal:not-found")


def _of(user: User, allocation: Allocation, template_id: UUID) -> CourseTemplate:
    """Of this allocation, or published for its cloud."""
    found = using.template_for(user, template_id)
    if found.allocation_id not in (None, allocation.pk) or found.cloud not in ("", allocation.cloud):
        raise PortalError("workshops:no-template")
    return found


def _may_change(user: User, allocation: Allocation, found: CourseTemplate) -> bool:
    if found.allocation_id is None:
        return user.is_operator
    return allows(allocation.viewer_role, Need.LAUNCH)


def _to(allocation: Allocation, template_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("workshops:template", args=[allocation.slug, template_id]))


def _file(request: HttpRequest, name: str) -> str:
    """What was uploaded, else what was pasted; never more than is read of it."""
    sent = request.FILES.get(name)
    if sent is not None:
        return bytes(sent.read(cacao.LONGEST + 1)).decode("utf-8", errors="replace")
    return request.POST.get(f"{name}_text", "")[: cacao.LONGEST + 1]
