"""The door to pages for operators."""

from django.http import HttpRequest

from portal.accounts.models import User
from portal.core.errors import PortalError


def require_operator(request: HttpRequest) -> User:
    """The operator signed in; `portal:forbidden` for everybody else."""
    if not isinstance(request.user, User):
        raise PortalError("portal:sign-in")
    if not request.user.is_operator:
        raise PortalError("portal:forbidden", need="operators only")
    return request.user
