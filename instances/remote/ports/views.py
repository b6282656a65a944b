"""The portal's page about the ports of a machine, and the page that leads out of the portal to one of them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from instances.access import connectable
from instances.exosphere import login_user
from instances.models import Instance
from instances.remote import closing, doors, limits, opening
from instances.remote.ports import asking, looking
from instances.remote.ports.forms import PortForm
from instances.remote.ports.listening import KNOWN, known_port
from instances.remote.ways import way_to
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, wants_part

_PAGE = "remote/ports/page.html"
_OPEN, _STATE = "remote/ports/_open.html", "remote/ports/_state.html"


@never_cache
@require_safe
def ports(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    instance = connectable(request.user, instance_id)
    first = request.GET.get("port", "")
    form = PortForm(initial={"where": first if first.isdigit() else ""})
    part = _STATE if request.GET.get("part") == "state" else _OPEN
    return page_or_part(request, _PAGE, part, _context(request, instance, form=form))


def _context(request: HttpRequest, instance: Instance, **more: Any) -> dict[str, Any]:
    user = person(request)
    mark = opening.origin_of(request).mark
    return {
        "i": instance,
        "allocation": instance.allocation,
        "section": "instances",
        "tab": "ports",
        "enabled": limits.ports_enabled(),
        "why_not": _why_not(instance),
        "allowed": asking.allowed_words(),
        "open_now": [(one, known_port(one.port or 0)) for one in asking.open_now(user, instance, mark)],
        "ask": request.GET.get("ask") == "key",
        "login": login_user(instance.metadata, instance.image_name),
        "lately": [known_port(port) for port in asking.lately(user, instance)],
        "known": KNOWN,
        **more,
    }


def _why_not(instance: Instance) -> PortalError | None:
    """What stands in the way of any connection to it, as far as the mirror tells."""
    try:
        way_to(instance)
    except PortalError as error:
        return error
    return None


@never_cache
@sensitive_post_parameters()
@require_POST
def open_port(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """Answers with a page that posts the ticket to the port's own name: by script at once, without by a button."""
    instance = connectable(request.user, instance_id)
    form = PortForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, _PAGE, _context(request, instance, form=form), status=422)
    leaving = asking.open_port(
        by=person(request),
        instance=instance,
        wanted=form.wanted,
        origin=opening.origin_of(request),
        secret=form.secret,
    )
    context = {"i": instance, "leaving": leaving, "known": known_port(leaving.port)}
    response = render(request, "remote/ports/leaving.html", context)
    # This form, and what answers it, may go to that one name.
    response._csp_update = {"form-action": [leaving.origin]}  # type: ignore[attr-defined]
    # The name is told which site sends the ticket (it takes one of ours only), and no more than that.
    response["Referrer-Policy"] = "strict-origin"
    return response


@never_cache
@require_POST
def listening(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """What answers on the machine now."""
    instance = connectable(request.user, instance_id)
    asking.current_site()
    found = [known_port(port) for port in looking.look(by=person(request), instance=instance)]
    if wants_part(request):
        return render(request, "remote/ports/_listening.html", {"i": instance, "found": found})
    return render(request, _PAGE, _context(request, instance, form=PortForm(), looked=True, found=found))


@require_POST
def close(request: HttpRequest, id: UUID) -> HttpResponse:
    session = doors.own_session(request.user, id)
    closing.end_session(session=session, by=person(request))
    if wants_part(request):
        instance = connectable(request.user, session.instance_id)
        return render(request, _OPEN, _context(request, instance))
    messages.success(request, f"Port {session.port} is closed.")
    return HttpResponseRedirect(reverse("remote:ports", args=[session.instance_id]))
