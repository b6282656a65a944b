"""The screen of a machine as the cloud shows it: the way in that needs no network."""

from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from allocations.roles import Need
from instances import services
from instances.access import instance_for
from instances.commands.quoting import sh
from instances.rows import row
from instances.services.consoles import ConsoleLink
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations.access import operation_for
from portal.operations.models import Operation

# What Nova calls the kinds, and what people do.
KINDS = {"novnc": "noVNC", "spice-html5": "SPICE", "serial": "a serial line"}
_SERIAL = frozenset({"ws", "wss"})


@never_cache
@require_safe
def screen(request: HttpRequest, id: UUID) -> HttpResponse:
    """What it is, whether it can be had now, and the button."""
    instance = instance_for(request.user, id, Need.ACT)
    shown = row(instance)
    context = {
        "i": instance,
        "row": shown,
        "allocation": instance.allocation,
        "section": "instances",
        "ruling": shown.rulings["console"],
        "kinds": KINDS.values(),
        "last": _last_kind(instance.allocation.cloud),
    }
    return render(request, "instances/screen.html", context)


def _last_kind(cloud: str) -> str:
    """The kind that this cloud last gave anybody."""
    done = Operation.objects.filter(kind="instance.console", cloud=cloud, state="done").order_by("-id")
    outcome = done.values_list("outcome", flat=True).first() or ""
    return next((words for kind, words in KINDS.items() if f"({kind})" in outcome), "")


@never_cache
@require_safe
def console(request: HttpRequest, id: UUID, operation: UUID) -> HttpResponse:
    """Waits for the link to the machine's screen and goes there.

    The first look never redirects: it follows a form, and by our policy forms end on this site.
    """
    instance = instance_for(request.user, id, Need.ACT)
    assert isinstance(request.user, User)
    asked = operation_for(request.user, operation)
    link = services.console_url(operation=asked, by=request.user) if "again" in request.GET else None
    if link is not None and urlsplit(link.url).scheme in _SERIAL:
        return _serial(request, link, instance)
    if link is not None:
        return HttpResponseRedirect(link.url)
    context = {"i": instance, "allocation": instance.allocation, "kinds": KINDS.values()}
    return render(request, "instances/console_wait.html", context)


def _serial(request: HttpRequest, link: ConsoleLink, instance: object) -> HttpResponse:
    """A serial line is no page: the cloud answers its own programs there, and refuses browsers of other sites."""
    if any(not letter.isprintable() or letter.isspace() for letter in link.url):
        raise PortalError("cloud:bad-answer", service="compute")
    context = {"i": instance, "url": link.url, "command": f"websocat --binary {sh(link.url)}"}
    response = render(request, "instances/console_serial.html", context)
    response["Referrer-Policy"] = "no-referrer"
    return response
