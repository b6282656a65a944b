"""Who calls: a personal token in `Authorization: Bearer`, or the signed-in session of a page (with its CSRF token)."""

from typing import Any

from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from portal.accounts import tokens
from portal.accounts.models import ApiToken, User
from portal.core import limits
from portal.core.errors import PortalError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


# Requests of one person in a minute. A class of a hundred is one request, so writing needs few.
MOST_READS, MOST_WRITES = 1800, 120


def within_limits(request: HttpRequest, user: User) -> None:
    """PortalError `portal:too-many` (429 with Retry-After) for who asks more than that."""
    reading = request.method in SAFE
    kind, most = ("read", MOST_READS) if reading else ("write", MOST_WRITES)
    limits.check(f"api-{kind}:{user.pk}", most=most, seconds=60)


class TokenAuth(HttpBearer):
    """A read token opens GET only; the refusal says so, rather than pretending that the token is unknown."""

    openapi_description = "A personal API token, made in your profile."

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        found = tokens.authenticate(token)
        if found is None:
            raise PortalError("api:token")
        if request.method not in SAFE and found.scope != ApiToken.Scope.WRITE:
            raise PortalError("api:read-only-token", name=found.name)
        request.user = found.user
        within_limits(request, found.user)
        return found.user


class SessionAuth(APIKeyCookie):
    """The pages' own session. Ninja checks the CSRF token before this runs."""

    openapi_name = "session"
    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        if not isinstance(request.user, User):
            return None
        within_limits(request, request.user)
        return request.user
