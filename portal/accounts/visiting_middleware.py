"""Keeps people who are here for workshops only to what is theirs. After the authentication, before any view."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.accounts import visiting
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.core.problem_pages import answer

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Visiting:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        user = request.user
        if not isinstance(user, User) or not user.is_visitor:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if visiting.allowed(name):
            return None
        oidc = clouds().oidc
        return answer(request, PortalError("accounts:visitor", id_title=oidc.id_title if oidc else "user id"))


def visiting_middleware(get_response: GetResponse) -> Visiting:
    return Visiting(get_response)
