"""What a browser session remembers of the workshop whose link was opened. The code itself is in the first address only."""

from uuid import UUID

from django.http import HttpRequest

from instances.workshops.models import Learner, Workshop
from instances.workshops.roster.joining import Came
from instances.workshops.roster.models import JoinLink
from portal.accounts.models import User

_KEY = "workshop"


def remember(
    request: HttpRequest,
    workshop: Workshop,
    *,
    link: JoinLink | None = None,
    proved: Learner | None = None,
) -> None:
    request.session[_KEY] = {
        "workshop": str(workshop.pk),
        "link": str(link.pk) if link else "",
        "learner": str(proved.pk) if proved else "",
    }


def came(request: HttpRequest) -> Came | None:
    held = request.session.get(_KEY)
    if not isinstance(held, dict):
        return None
    return Came(UUID(held["workshop"]), _uuid(held["link"]), _uuid(held["learner"]))


def forget(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)


def asker(request: HttpRequest) -> str:
    """By whom wrong codes are counted: the person, else the browser."""
    if isinstance(request.user, User):
        return f"user-{request.user.pk}"
    if not request.session.session_key:
        request.session.create()
    return f"browser-{request.session.session_key}"


def address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _uuid(text: str) -> UUID | None:
    return UUID(text) if text else None
