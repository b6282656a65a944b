"""The page of a machine's files, and letting oneself in where the machine takes no certificate of the portal."""

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from instances.access import attendable
from instances.exosphere import login_user
from instances.models import Instance
from instances.remote.files.here import for_scripts, here
from instances.remote.files.uploading import PIECE
from instances.remote.link import Secret
from instances.remote.views_shell import machine_of
from portal.core.errors import PortalError

# Scripts put the id of a session in its place.
NOBODY = UUID(int=0)
_MOST_KEY = 64 * 1024
_NAMES = (
    *("list", "content", "standing", "discard", "folders", "archive", "unlock"),
    *("folder", "rename", "permissions", "delete", "preview"),
)


@login_required
@never_cache
@require_safe
def page(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """`?path=` is the folder that is shown first. The machine is asked by the scripts, on a session of their own."""
    instance = attendable(request.user, instance_id)
    login = instance.place.login if instance.place else login_user(instance.metadata, instance.image_name)
    context = {
        **machine_of(instance),
        "tab": "files",
        "open_url": reverse("remote:open", args=[instance.pk]),
        "page_url": reverse("remote:files", args=[instance.pk]),
    }
    return files_page(request, instance, login, context)


def files_page(request: HttpRequest, instance: Instance, login: str, context: dict[str, Any]) -> HttpResponse:
    """`context`: `open_url`, `page_url`; `frame`: the page around it, where that is not the portal's."""
    own = {
        "i": instance,
        "login": login,
        "nobody": NOBODY,
        "piece": PIECE,
        "addresses": {name: reverse(f"remote:files-{name}", args=[NOBODY]) for name in _NAMES},
    }
    return render(request, "remote/files.html", context | own)


@sensitive_post_parameters()
@never_cache
@require_POST
@for_scripts
async def unlock(request: HttpRequest, id: UUID) -> HttpResponse:
    """A key or password of the person's own, for this session's connection; it is stored nowhere."""
    given = await sync_to_async(lambda: request.POST)()
    texts = {name: given.get(name, "") for name in ("key", "passphrase", "password")}
    if any(len(text) > _MOST_KEY for text in texts.values()):
        raise PortalError("portal:bad-input", reason="That is too large to be a key or a password.")
    secret = Secret(private_key=texts["key"], passphrase=texts["passphrase"], password=texts["password"])
    await here(request, id, secret)
    return HttpResponse(status=204)
