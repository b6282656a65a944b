"""Who asks: for views behind `login_required`."""

from django.http import HttpRequest

from portal.accounts.models import User
from portal.core.errors import PortalError


def person_of(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PortalError("portal:sign-in")
    return request.user
