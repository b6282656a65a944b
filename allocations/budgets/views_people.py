"""Groups of members, and limits: dialogs as those of budgets."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from allocations.access import allocation_for
from allocations.budgets import services_people as services
from allocations.budgets.forms import DEFAULT, BoundsForm, GroupForm, PlaceForm, first_bounds
from allocations.budgets.models import Group, GroupMember, Limits
from allocations.budgets.services import key_of
from allocations.budgets.views_budget import ask_to_delete, dialog, done
from allocations.models import Allocation
from allocations.roles import Need
from portal.accounts.models import User
from portal.core.errors import PortalError


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_group(request: HttpRequest, slug: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    return _group(request, allocation, None, {"heading": "New group", "sends": "Make group"})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_group(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    group = services.group_for(cast(User, request.user), allocation, pk)
    context: dict[str, Any] = {
        "heading": f"Group {group.name}",
        "sends": "Save",
        "delete_url": reverse("budgets:group-delete", args=[slug, pk]),
    }
    return _group(request, allocation, group, context)


def _group(
    request: HttpRequest, allocation: Allocation, group: Group | None, context: dict[str, Any]
) -> HttpResponse:
    context |= {"post_url": request.path}
    if request.method != "POST":
        return dialog(request, allocation, None, group_form=_group_form(allocation, group), **context)
    form = GroupForm(request.POST, allocation=allocation)
    if not form.is_valid():
        return dialog(request, allocation, None, group_form=form, status=422, **context)
    try:
        saved = services.save_group(
            allocation=allocation,
            by=cast(User, request.user),
            name=form.cleaned_data["name"],
            people=form.chosen(),
            group=group,
        )
    except PortalError as error:
        return dialog(request, allocation, None, group_form=form, error=error, **context)
    return done(request, allocation, f"Group {saved.name} saved")


def _group_form(allocation: Allocation, group: Group | None) -> GroupForm:
    if group is None:
        return GroupForm(allocation=allocation)
    seats = GroupMember.objects.filter(group=group).values_list("user_id", flat=True)
    return GroupForm(initial={"name": group.name, "people": [str(pk) for pk in seats]}, allocation=allocation)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete_group(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """GET asks first."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    group = services.group_for(cast(User, request.user), allocation, pk)
    if request.method != "POST":
        return ask_to_delete(
            request,
            allocation,
            heading=f"Delete the group {group.name}?",
            text="Its budgets and limits go with it; its people stay members of the allocation and get the default, where "
            "there is one.",
        )
    services.delete_group(group=group, by=cast(User, request.user))
    return done(request, allocation, f"Group {group.name} deleted")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: HttpRequest, slug: str) -> HttpResponse:
    """`?for=` is whose: `default`, `group:<id>` or `user:<id>`. Empty fields limit nothing; all empty: none are kept."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    context: dict[str, Any] = {
        "heading": "Limits on machines",
        "sends": "Set limits",
        "post_url": request.path,
    }
    if request.method != "POST":
        wanted = request.GET.get("for", DEFAULT)
        place = PlaceForm(initial={"place": wanted}, allocation=allocation, machines=False)
        asked = PlaceForm({"place": wanted}, allocation=allocation, machines=False)
        known = _known(allocation, asked)
        form = BoundsForm(initial=first_bounds(known), allocation=allocation)
        return dialog(request, allocation, form, place=place, **context)
    place = PlaceForm(request.POST, allocation=allocation, machines=False)
    form = BoundsForm(request.POST, allocation=allocation)
    if not (place.is_valid() & form.is_valid()):
        return dialog(request, allocation, form, place=place, status=422, **context)
    try:
        services.set_limits(
            allocation=allocation, by=cast(User, request.user), place=place.chosen(), bounds=form.bounds()
        )
    except PortalError as error:
        return dialog(request, allocation, form, place=place, error=error, **context)
    return done(request, allocation, "Limits saved")


def _known(allocation: Allocation, asked: PlaceForm) -> Limits | None:
    if not asked.is_valid():
        return None
    return Limits.objects.filter(allocation=allocation, subject_key=key_of(asked.chosen())).first()
