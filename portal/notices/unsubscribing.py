"""Turning the mails of one kind off by the link in each of them, without signing in (RFC 8058).

The link holds a signed person and kind, and is good for nothing else.
"""

from django.core import signing
from django.db import transaction
from django.urls import reverse

from portal.accounts.models import User
from portal.core import audit
from portal.core.errors import PortalError
from portal.notices import choosing, kinds
from portal.notices.kinds import Kind

_SALT = "portal.notices.unsubscribe"


def path(user: User, kind: str) -> str:
    token = signing.dumps([user.pk, kind], salt=_SALT)
    return reverse("notices:unsubscribe", kwargs={"token": token})


def read(token: str) -> tuple[User, Kind]:
    """Who, and mails of which kind; PortalError `notices:bad-link` for a link that we did not make."""
    try:
        pk, name = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError):
        raise PortalError("notices:bad-link") from None
    user, kind = User.objects.filter(pk=pk).first(), kinds.find(name)
    if user is None or kind is None:
        raise PortalError("notices:bad-link")
    return user, kind


def turn_off(token: str) -> tuple[User, Kind]:
    """No more mails of that kind to that person. Asked for twice, it is the same."""
    user, kind = read(token)
    with transaction.atomic():
        if choosing.set_way(user, kind, kinds.MAIL, False):
            audit.record("notices.unsubscribe", by=user, scope=f"user.{user.pk}", target_name=kind.title)
    return user, kind
