"""The page of a machine's files, and letting oneself in where the machine takes no certificate of the portal."""

from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from instances.access import connectable
from instances.exosphere import login_user
from instances.remote.files.here import for_scripts, here
from instances.remote.files.uploading import PIECE
from instances.remote.link import Secret
from instances.rows import row
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
    instance = connectable(request.user, instance_id)
    context = {
        "i": instance,
        "row": row(instance),
        "allocation": instance.allocation,
        "section": "instances",
        "tab": "files",
        "login": login_user(instance.metadata, instance.image_name),
        "nobody": NOBODY,
        "piece": PIECE,
        "addresses": {name: reverse(f"remote:files-{name}", args=[NOBODY]) for name in _NAMES},
    }
    return render(request, "remote/files.html", context)


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
