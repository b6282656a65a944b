"""The page of one desktop; for a machine without one, what it has instead."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from instances.access import attendable
from instances.exosphere import desktop_kind
from instances.remote import doors
from instances.remote.views_shell import machine_of
from portal.core.errors import PortalError

# Scripts put the id of a session in its place.
NOBODY = UUID(int=0)
CHORDS = (
    *("Ctrl+Alt+Delete", "Super", "Escape", "Tab", "Alt+Tab", "Alt+F4", "Ctrl+Tab", "Ctrl+W"),
    *("Print", "F11", "Ctrl+Shift+Escape"),
)
FUNCTIONS = tuple(f"F{number}" for number in range(1, 13))


@login_required
@never_cache
@require_safe
def desktop(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """A whole page of screen. `?share=` joins somebody else's; `?restart` asks whether to start it again."""
    if "share" in request.GET:
        return desk_page(request, _guest(request, request.GET["share"]))
    instance = attendable(request.user, instance_id)
    context = machine_of(instance) | {"outsider": instance.place is not None}
    kind = desktop_kind(instance.metadata)
    if kind != "ours":
        if instance.place is not None:
            raise PortalError("remote:no-desktop", name=instance.name)
        return render(request, "remote/desktop_none.html", context | {"exosphere": kind == "exosphere"})
    opening = {"open_url": reverse("remote:open", args=[instance.pk]), "restart": "restart" in request.GET}
    return desk_page(request, context | opening)


def _guest(request: HttpRequest, share: str) -> dict[str, Any]:
    """An invited person sees of the machine what they have a right to: often no more than its name."""
    seat = doors.seat_for(request.user, share)
    return {
        "i": seat.instance,
        "joining": True,
        "outsider": seat.outsider,
        "owner": str(seat.session.person),
        "open_url": reverse("remote:join-open", args=[seat.share.pk]),
    }


def desk_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """`context`: `i`, `open_url`; `frame`: the page around it, where that is not the portal's."""
    keys = {"nobody": NOBODY, "chords": CHORDS, "functions": FUNCTIONS}
    return render(request, "remote/desktop.html", context | keys)
