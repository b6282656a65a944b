"""The bell of every page, and what operators announce. Asked for only where a template shows it."""

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.accounts.models import User
from portal.core.context import provide
from portal.notices import announcing, inbox


@provide
def bell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    # A template calls it, and several times; asked is once.
    return {"unread": cache(lambda: inbox.unread(user))}


@provide
def announcements(request: HttpRequest) -> dict[str, Any]:
    return {"announcements": SimpleLazyObject(lambda: announcing.shown_to(getattr(request, "user", None)))}
