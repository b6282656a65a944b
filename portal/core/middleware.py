"""Both are synchronous on purpose: with `problems` innermost, Django runs the whole chain in the request's one thread."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponseBase
from redis.exceptions import RedisError

from portal.core.errors import PortalError
from portal.core.logs import set_request_id
from portal.core.problem_pages import answer

GetResponse = Callable[[HttpRequest], HttpResponseBase]
_FROM_PROXY = re.compile(r"[A-Za-z0-9-]{8,64}")


def request_id(get_response: GetResponse) -> GetResponse:
    """Name each request, in its log lines and in its answer. A proxy's own name for it is kept when it is harmless."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        name = given if _FROM_PROXY.fullmatch(given) else uuid4().hex
        set_request_id(name)
        response = get_response(request)
        response["X-Request-ID"] = name
        return response

    return middleware


class _Problems:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        known = as_portal_error(error)
        return answer(request, known) if known is not None else None


def problems(get_response: GetResponse) -> GetResponse:
    """A PortalError out of any view becomes a page, an htmx fragment or JSON, whichever was asked for."""
    return _Problems(get_response)


def as_portal_error(error: BaseException | None) -> PortalError | None:
    """What a person is told of it; None: nobody expected it."""
    if isinstance(error, PortalError):
        return error
    if isinstance(error, Http404):
        return PortalError("portal:not-found")
    if isinstance(error, PermissionDenied):
        return PortalError("portal:forbidden", need="this page")
    if isinstance(error, OperationalError | InterfaceError):
        return PortalError("portal:unavailable", outcome="retry", part="The database")
    if isinstance(error, RedisError):
        return PortalError("portal:unavailable", outcome="retry", part="Redis")
    return None
