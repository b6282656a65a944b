"""Setting, changing and taking away budgets: dialogs that are pages of their own without script."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from allocations.access import allocation_for
from allocations.budgets import overview_rows, services
from allocations.budgets.forms import PeopleForm, PlaceForm, TermsForm, first_terms
from allocations.models import Allocation
from allocations.roles import Need
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, toast, trigger, wants_part


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """`?for=` chooses first whom it is for."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    context: dict[str, Any] = {"heading": "Set a budget", "sends": "Set budget", "post_url": request.path}
    if request.method != "POST":
        place = PlaceForm(initial={"place": request.GET.get("for", "")}, allocation=allocation)
        return dialog(request, allocation, TermsForm(initial=first_terms()), place=place, **context)
    place, form = PlaceForm(request.POST, allocation=allocation), TermsForm(request.POST)
    if not (place.is_valid() & form.is_valid()):
        return dialog(request, allocation, form, place=place, status=422, **context)
    try:
        made = services.create(
            allocation=allocation, by=cast(User, request.user), place=place.chosen(), terms=form.terms()
        )
    except PortalError as error:
        return dialog(request, allocation, form, place=place, error=error, **context)
    return done(request, allocation, f"Budget set: {made}")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def many(request: HttpRequest, slug: str) -> HttpResponse:
    """The same budget for several members."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    context: dict[str, Any] = {
        "heading": "The same budget for several",
        "sends": "Set budgets",
        "post_url": request.path,
    }
    if request.method != "POST":
        people = PeopleForm(allocation=allocation)
        return dialog(request, allocation, TermsForm(initial=first_terms()), people=people, **context)
    people, form = PeopleForm(request.POST, allocation=allocation), TermsForm(request.POST)
    if people.is_valid() and not people.chosen():
        people.add_error("people", "Choose at least one member.")
    if not (people.is_valid() & form.is_valid()):
        return dialog(request, allocation, form, people=people, status=422, **context)
    try:
        found = services.set_for_many(
            allocation=allocation, by=cast(User, request.user), people=people.chosen(), terms=form.terms()
        )
    except PortalError as error:
        return dialog(request, allocation, form, people=people, error=error, **context)
    return done(request, allocation, f"{len(found)} budget{'' if len(found) == 1 else 's'} set")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str, id: UUID) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    budget = services.budget_for(cast(User, request.user), allocation, id)
    context: dict[str, Any] = {
        "heading": f"Budget of {budget.name}",
        "sends": "Save",
        "post_url": request.path,
        "delete_url": reverse("budgets:delete", args=[slug, id]),
        "steps": overview_rows.steps_say(budget),
    }
    if request.method != "POST":
        return dialog(request, allocation, TermsForm(initial=first_terms(budget)), **context)
    form = TermsForm(request.POST)
    if not form.is_valid():
        return dialog(request, allocation, form, status=422, **context)
    try:
        services.change(budget=budget, by=cast(User, request.user), terms=form.terms())
    except PortalError as error:
        return dialog(request, allocation, form, error=error, **context)
    return done(request, allocation, f"Budget of {budget.name} saved")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str, id: UUID) -> HttpResponse:
    """GET asks first."""
    allocation = allocation_for(request.user, slug, Need.MANAGE)
    budget = services.budget_for(cast(User, request.user), allocation, id)
    if request.method != "POST":
        return ask_to_delete(
            request,
            allocation,
            heading=f"Delete the budget of {budget.name}?",
            text="What it blocked can be started again, and nothing is shelved because of it any more. What was spent stays in "
            "the ledger. Who had it of their own gets the default, where there is one.",
        )
    services.delete(budget=budget, by=cast(User, request.user))
    return done(request, allocation, f"Budget of {budget.name} deleted")


def dialog(
    request: HttpRequest,
    allocation: Allocation,
    form: Any,
    *,
    error: PortalError | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    given = {"allocation": allocation, "form": form, "error": error, **context}
    status = error.problem.status if error else status
    return page_or_part(request, "budgets/dialog.html", "budgets/_dialog.html", given, status=status)


def ask_to_delete(request: HttpRequest, allocation: Allocation, *, heading: str, text: str) -> HttpResponse:
    given = {"allocation": allocation, "heading": heading, "text": text, "post_url": request.path}
    return page_or_part(request, "budgets/delete.html", "budgets/_delete.html", given)


def done(request: HttpRequest, allocation: Allocation, text: str) -> HttpResponse:
    """Back on the page, which fetches what is new."""
    if not wants_part(request):
        messages.success(request, f"{text}.")
        return HttpResponseRedirect(reverse("budgets:page", args=[allocation.slug]))
    response = HttpResponse()
    response["HX-Reswap"] = "none"
    trigger(response, "close-dialog")
    trigger(response, "budgets:changed")
    return toast(response, "success", text)
