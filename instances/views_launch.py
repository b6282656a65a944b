"""The launch form, its live preview, and the key made for those who have none."""

from typing import Any, cast
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.roles import Need
from instances import hooks_launch, naming, services
from instances.choices import LaunchChoices, launch_choices
from instances.commands.gather import context_of_launch
from instances.forms import NEW_KEY, LaunchForm, first_choices
from instances.models import Poll
from instances.outages import outages
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.core.htmx import wants_part


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def launch(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.LAUNCH)
    user = cast(User, request.user)
    services.refresh_keys(allocation=allocation, by=user)
    choices = launch_choices(allocation, user)
    if request.method == "POST":
        return _submitted(request, allocation, choices)
    given = first_choices(choices, request.GET.get("image", ""), request.GET.get("size", ""))
    given |= hooks_launch.first(allocation, user, request.GET.dict())
    form = LaunchForm({**given, "token": uuid4().hex}, choices=choices)
    form.full_clean()
    return _page(request, allocation, choices, form)


def _submitted(request: HttpRequest, allocation: Allocation, choices: LaunchChoices) -> HttpResponse:
    form = LaunchForm(request.POST, choices=choices)
    if not form.is_valid():
        return _page(request, allocation, choices, form, checked=True, status=422)
    try:
        operations = services.launch(
            allocation=allocation,
            by=cast(User, request.user),
            request=form.request(),
            idempotency_key=form.cleaned_data["token"],
        )
    except PortalError as error:
        return _page(
            request, allocation, choices, form, checked=True, error=error, status=error.problem.status
        )
    if len(operations) == 1:
        return HttpResponseRedirect(reverse("instances:detail", args=[operations[0].target_id]))
    messages.success(request, f"{len(operations)} machines are being launched.")
    return HttpResponseRedirect(reverse("instances:list", args=[allocation.slug]))


@never_cache
@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What the form as it stands would cost, and what stands in its way."""
    allocation = allocation_for(request.user, slug, Need.LAUNCH)
    choices = launch_choices(allocation, cast(User, request.user))
    form = LaunchForm(request.POST, choices=choices)
    form.is_valid()
    if not wants_part(request):
        return _page(request, allocation, choices, form)
    context = _preview(request, allocation, form)
    context |= _command(request, allocation, choices, form, context["preview"])
    return render(request, "instances/_preview_part.html", context)


@never_cache
@require_POST
def new_key(request: HttpRequest, slug: str) -> HttpResponse:
    """A pair of keys. The public half goes into the form; the private one is in this answer only."""
    allocation = allocation_for(request.user, slug, Need.LAUNCH)
    user = cast(User, request.user)
    choices = launch_choices(allocation, user)
    made = services.generate_key(by=user)
    data = request.POST.copy()
    data["key"], data["key_name"], data["public_key"] = NEW_KEY, made.name, made.public_key
    form = LaunchForm(data, choices=choices)
    form.is_valid()
    if wants_part(request):
        return render(
            request,
            "instances/_launch_key.html",
            {"form": form, "choices": choices, "allocation": allocation, "made": made},
        )
    return _page(request, allocation, choices, form, made=made)


@never_cache
@require_safe
def new_name(request: HttpRequest, slug: str) -> HttpResponse:
    allocation_for(request.user, slug, Need.LAUNCH)
    return render(request, "instances/_name.html", {"name": naming.suggest_name()})


def _page(
    request: HttpRequest,
    allocation: Allocation,
    choices: LaunchChoices,
    form: LaunchForm,
    *,
    checked: bool = False,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    """`checked`: the person sent the form, so its errors are shown."""
    offered = {version.image.id for kind in choices.types for version in kind.versions}
    shown = _preview(request, allocation, form)
    context = {
        **shown,
        **_command(request, allocation, choices, form, shown["preview"]),
        "choices": choices,
        "other_images": [image for image in choices.images if image.id not in offered],
        "errors": form.errors if checked else {},
        "parts": [
            {"template": part.template, **part.context(allocation, cast(User, request.user), form.data)}
            for part in hooks_launch.parts()
        ],
        "outages": outages(allocation, Poll.objects.filter(allocation=allocation)),
        "section": "launch",
        **extra,
    }
    return render(request, "instances/launch.html", context, status=status)


def _preview(request: HttpRequest, allocation: Allocation, form: LaunchForm) -> dict[str, Any]:
    cloud = clouds().cloud(allocation.cloud)
    shown = services.preview(allocation=allocation, by=cast(User, request.user), request=form.request())
    hourly = shown.su_per_hour
    return {
        "allocation": allocation,
        "form": form,
        "preview": shown,
        "per_day": hourly * 24 if hourly is not None else None,
        "needs": [_meter(need) for need in shown.needs],
        "quota_help": cloud.portal.quota_help,
        "part_notes": hooks_launch.says(
            allocation,
            shown.flavor.name if shown.flavor else "",
            shown.flavor.vcpus * shown.count if shown.flavor else 0,
            form.request().extras,
        ),
    }


def _command(
    request: HttpRequest,
    allocation: Allocation,
    choices: LaunchChoices,
    form: LaunchForm,
    shown: services.Preview,
) -> dict[str, Any]:
    user = cast(User, request.user)
    return context_of_launch(allocation, user, form.request(), shown, choices.networks)


def _meter(need: services.Need) -> dict[str, Any]:
    """A bar of what is used and what the launch adds. RAM is shown in GB."""
    divisor = 1024 if need.resource == "ram_mb" else 1
    before, limit = need.used + need.queued, need.limit
    return {
        "label": "RAM" if need.resource == "ram_mb" else need.label,
        "unit": "GB" if need.resource == "ram_mb" else "",
        "used": f"{before / divisor:,.0f}",
        "added": f"{need.asked / divisor:,.0f}",
        "limit": None if limit is None else f"{limit / divisor:,.0f}",
        "share": min(100, round(100 * before / limit)) if limit else 0,
        "added_share": min(100, round(100 * need.asked / limit)) if limit else 0,
        "tone": "" if need.fits else "bad",
    }
