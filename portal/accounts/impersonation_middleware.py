"""Shows an operator's session as the person they look at, and keeps it from doing anything. After the authentication."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.accounts import impersonation, looking
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.problem_pages import answer

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Impersonation:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if impersonation.KEY in request.session:
            look = impersonation.current(request, request.user)
            if look is not None:
                _become(request, look)
        response = self.get_response(request)
        look = impersonation.looking_in(request)
        if look is not None:
            # Nothing that the person's pages say may stay behind in the operator's browser.
            response.headers["Cache-Control"] = "no-store"
            if (
                request.method == "GET"
                and response.status_code == 200
                and "HX-Request" not in request.headers
            ):
                impersonation.count_page(look)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        look = impersonation.looking_in(request)
        if look is None:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if not looking.allowed(request.method or "", name):
            return answer(request, PortalError("accounts:looking-only", person=str(look.person)))
        if name in looking.WAYS_OUT:
            request.user = look.operator
        return None


def _become(request: HttpRequest, look: Any) -> None:
    request.looking = look  # type: ignore[attr-defined]
    request.user = look.person


def impersonation_middleware(get_response: GetResponse) -> Impersonation:
    return Impersonation(get_response)


def operator_of(request: HttpRequest) -> User | None:
    """Who really sits there."""
    look = impersonation.looking_in(request)
    return look.operator if look is not None else None
