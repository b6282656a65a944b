"""Actions on one machine: the dialog (or page) that says what happens, and doing it."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from allocations.roles import Need
from instances import services
from instances.access import instance_for
from instances.actions import ACTIONS, Action
from instances.commands.gather import context_of_action
from instances.effects import effects
from instances.forms_actions import ActionForm, first_values, form_for, offers
from instances.models import Instance
from instances.rows import Row, row
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, toast, trigger, wants_part
from portal.operations.models import Operation


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def action(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    wanted = ACTIONS.get(action)
    if wanted is None:
        raise PortalError("portal:not-found")
    instance = instance_for(request.user, id, Need.ACT)
    shown = row(instance)
    form_class = form_for(action)
    must_confirm = wanted.confirm == "name"
    if request.method != "POST":
        first = {**first_values(action, instance), **_wished(request, action), "token": uuid4().hex}
        return _dialog(request, wanted, shown, form_class(initial=first, row=shown))
    form = form_class(request.POST, row=shown, must_confirm=must_confirm)
    if not form.is_valid():
        return _dialog(request, wanted, shown, form, status=422)
    try:
        operation = services.act(
            instance=instance,
            by=cast(User, request.user),
            action=action,
            params=form.params(),
            idempotency_key=form.cleaned_data["token"],
        )
    except PortalError as error:
        if wanted.confirm == "none" and wants_part(request):
            raise
        return _dialog(request, wanted, shown, form, error=error, status=error.problem.status)
    return _accepted(request, wanted, instance, operation)


def _wished(request: HttpRequest, action: str) -> dict[str, str]:
    """A link may lead to a size, which the form then judges like any other."""
    size = request.GET.get("flavor", "")
    return {"flavor_id": size[:255]} if action == "resize" and size else {}


def _dialog(
    request: HttpRequest,
    wanted: Action,
    shown: Row,
    form: ActionForm,
    *,
    error: PortalError | None = None,
    status: int = 200,
) -> HttpResponse:
    now, after = shown.su_per_hour, shown.su_after(wanted)
    context: dict[str, Any] = {
        "action": wanted,
        "row": shown,
        "i": shown.instance,
        "form": form,
        "ruling": shown.rulings[wanted.name],
        "effects": effects(wanted.name, shown.instance),
        "su_now": now,
        "su_after": after,
        "saves": now - after if now is not None and after is not None else None,
        "floating": shown.state.floating_address,
        "error": error,
        "post_url": reverse("instances:action", args=[shown.instance.pk, wanted.name]),
        "command_url": reverse("instances:command", args=[shown.instance.pk, wanted.name]),
        **context_of_action(shown.instance.allocation, [shown.instance], wanted.name, _values(form)),
        **offers(wanted.name, shown.instance),
    }
    return page_or_part(request, "instances/action.html", "instances/_action.html", context, status=status)


def _values(form: ActionForm) -> Mapping[str, Any]:
    """The form as it stands, valid or not."""
    return {name: form[name].value() for name in form.fields}


def _accepted(request: HttpRequest, wanted: Action, instance: Instance, operation: Operation) -> HttpResponse:
    if wanted.name == "console":
        return HttpResponseRedirect(reverse("instances:console", args=[instance.pk, operation.pk]))
    words = f"{wanted.verb} {instance.name}"
    if not wants_part(request):
        messages.success(request, f"{words}: accepted.")
        return HttpResponseRedirect(reverse("instances:detail", args=[instance.pk]))
    response = HttpResponse()
    response["HX-Reswap"] = "none"
    trigger(response, "close-dialog")
    trigger(response, "instance:changed", {"id": str(instance.pk)})
    return toast(response, "success", words)
