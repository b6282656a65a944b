"""The key that a machine showed and nobody knows, carried from the connection that failed to the page about it.

Signed, so that nobody can make the page say of a machine what it did not show.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.urls import reverse

from instances.models import Instance
from instances.remote.shown import Repair, repairs

_SALT = "remote.offered"
_SECONDS = 3600


def offered_key(instance: Instance, text: str) -> str:
    """`<type> <base64>`; empty when it is of another machine, too old, or not ours."""
    try:
        found = signing.loads(text, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        return ""
    if not isinstance(found, list) or len(found) != 2 or found[0] != str(instance.pk):
        return ""
    return str(found[1])


def page_for(instance_id: object, offered: str) -> str:
    path = reverse("remote:host-keys", args=[instance_id])
    if not offered:
        return path
    return f"{path}?{urlencode({'offered': signing.dumps([str(instance_id), offered], salt=_SALT, compress=True)})}"


@repairs("remote:host-key", "remote:no-host-keys")
def _look_at_keys(instance: Instance, params: Mapping[str, Any]) -> list[Repair]:
    # On the way there may be a jump host, and it may be that one which was not known.
    whose = str(params.get("instance") or instance.pk)
    return [Repair("Look at its host keys", page_for(whose, str(params.get("offered", ""))))]


@repairs("remote:certificate-refused", "remote:needs-secret")
def _let_certificates_in(instance: Instance, params: Mapping[str, Any]) -> list[Repair]:
    return [Repair("Let the portal's certificates in", reverse("remote:trust", args=[instance.pk]))]
