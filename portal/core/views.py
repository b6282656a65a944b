"""What Django shows where no view of ours was reached."""

import sys

from django.http import HttpRequest, HttpResponse

from portal.core.errors import PortalError
from portal.core.middleware import as_portal_error
from portal.core.problem_pages import answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, PortalError("portal:bad-request"))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, PortalError("portal:forbidden", need="this page"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, PortalError("portal:not-found"))


def broken(request: HttpRequest) -> HttpResponse:
    """Django calls this while the exception is being handled, and has logged it."""
    return answer(request, as_portal_error(sys.exc_info()[1]) or PortalError("portal:broken"))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, PortalError("portal:csrf"))
