"""The page of one shell, and what the dock beside other pages is made from. The scripts do the rest."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from allocations.roles import Need
from instances.access import attendable, instance_for
from instances.models import Instance
from instances.remote import doors
from instances.rows import row

# Scripts put the id of a machine or a session in its place.
NOBODY = UUID(int=0)


@login_required
@never_cache
@require_safe
def shell(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """A whole page of terminal. `?session=` takes one up again, `?share=` joins somebody else's."""
    if "share" in request.GET:
        context = _guest(request, request.GET["share"])
    else:
        instance = attendable(request.user, instance_id)
        context = machine_of(instance) | {"open_url": reverse("remote:open", args=[instance.pk])}
    return render(request, "remote/shell.html", context | {"nobody": NOBODY})


def _guest(request: HttpRequest, share: str) -> dict[str, Any]:
    """An invited person sees of the machine what they have a right to: often no more than its name."""
    seat = doors.seat_for(request.user, share)
    known = {"i": seat.instance, "guest": True} if seat.outsider else machine_of(seat.instance)
    owner = str(seat.session.person)
    return known | {
        "guest": True,
        "owner": owner,
        "open_url": reverse("remote:join-open", args=[seat.share.pk]),
    }


def machine_of(instance: Instance) -> dict[str, Any]:
    """What surrounds a shell, a desktop or files of a machine. Who is only at its seat sees its name."""
    if instance.place is not None:
        return {"i": instance}
    return {
        "i": instance,
        "row": row(instance),
        "allocation": instance.allocation,
        "section": "instances",
        "topics": f"instance:{instance.pk}",
    }


@require_safe
def shell_state(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """The machine's state, as small as it gets."""
    instance = instance_for(request.user, instance_id, Need.SEE)
    return render(request, "remote/_shell_state.html", {"i": instance, "row": row(instance)})


@login_required
@require_safe
def dock(request: HttpRequest) -> HttpResponse:
    """The frame that holds terminals beside a page. It belongs to no machine."""
    return render(request, "remote/_dock.html", {"nobody": NOBODY})
