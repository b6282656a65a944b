"""Who asks, and with what: for views and the API."""

from django.http import HttpRequest

from portal.accounts.models import User
from portal.core.errors import PortalError


def person_of(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PortalError("portal:sign-in")
    return request.user


def given_in(request: HttpRequest) -> dict[str, list[str]]:
    """The parameters of the address, each with all of its values."""
    return {name: request.GET.getlist(name) for name in request.GET}
