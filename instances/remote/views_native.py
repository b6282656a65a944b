"""One's own ssh: the command, a certificate for one's own key, who else may log in."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from allocations.roles import Need
from instances import ssh_config
from instances.access import connectable, instance_for
from instances.models import Instance
from instances.remote import certificates, native, teammates
from instances.rows import row
from portal.accounts.models import User
from portal.core.errors import PortalError


@never_cache
@require_safe
def page(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    instance = instance_for(request.user, instance_id, Need.SEE)
    return render(request, "remote/native.html", context_of(request, instance))


def context_of(request: HttpRequest, instance: Instance) -> dict[str, Any]:
    """What every page under the tab SSH has."""
    return {
        "i": instance,
        "allocation": instance.allocation,
        "row": row(instance),
        "section": "instances",
        "tab": "ssh",
        "native": native.of(cast(User, request.user), instance),
        "now": timezone.now(),
    }


@require_POST
def certificate_sign(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    instance = connectable(request.user, instance_id)
    made = certificates.sign(
        by=cast(User, request.user), instance=instance, public_key=request.POST.get("public_key", "")
    )
    messages.success(
        request, f"The certificate is signed. It opens {made.login} on {instance.name} and nothing else."
    )
    return _back(instance, "certificates")


@never_cache
@require_safe
def certificate(request: HttpRequest, instance_id: UUID, pk: int) -> HttpResponse:
    """One's own, as the file that belongs beside the private key."""
    instance = instance_for(request.user, instance_id, Need.SEE)
    found = certificates.certificate_for(by=cast(User, request.user), instance=instance, pk=pk)
    response = HttpResponse(found.text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="{ssh_config.certificate_file(instance.name, str(instance.pk))}"'
    )
    return response


@require_POST
def teammate_add(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    instance = instance_for(request.user, instance_id, Need.ACT)
    made = teammates.let_in(by=cast(User, request.user), instance=instance, person=_person(request))
    messages.success(request, f"{made.user} may log in to {instance.name} from now on.")
    return _back(instance, "people")


@require_POST
def teammate_remove(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    instance = instance_for(request.user, instance_id, Need.ACT)
    teammates.shut_out(by=cast(User, request.user), instance=instance, person=_person(request))
    messages.success(
        request,
        "They may log in no more, and what they had open has ended. Keys that the portal put there for them go with the "
        "next connection to the machine; a key that somebody put there by hand does not.",
    )
    return _back(instance, "people")


def _person(request: HttpRequest) -> int:
    text = request.POST.get("person", "")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise PortalError("portal:bad-input", reason="Choose a person.")
    return int(text)


def _back(instance: Instance, part: str) -> HttpResponseRedirect:
    answer = redirect("remote:native", instance.pk)
    answer["Location"] += f"#{part}"
    return answer
