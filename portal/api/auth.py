"""Who calls: a personal token in `Authorization: Bearer`, or the signed-in session of a page (with its CSRF token)."""

from typing import Any

from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from portal.accounts import tokens
from portal.accounts.models import ApiToken, User
from portal.core.errors import PortalError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


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
        return found.user


class SessionAuth(APIKeyCookie):
    """The pages' own session. Ninja checks the CSRF token before this runs."""

    openapi_name = "session"
    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return request.user if request.user.is_authenticated else None
