"""Every refusal as application/problem+json (RFC 9457)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from portal.core.errors import PortalError
from portal.core.logs import current_request_id

CONTENT_TYPE = "application/problem+json"


def problem(error: PortalError, **extra: Any) -> HttpResponse:
    """The problem document of an error: `type` is its id, `detail` says what happened, `todo` what helps."""
    words = error.problem
    body: dict[str, Any] = {
        "type": f"urn:heliosphere:{error.id}",
        "title": words.title,
        "status": words.status,
        "detail": words.what,
        "means": words.means,
        "todo": words.todo,
        "request_id": current_request_id(),
        "params": {name: str(value) for name, value in error.params.items()},
        **extra,
    }
    if error.detail:
        body["cloud_said"] = error.detail
    response = JsonResponse(body, status=words.status, content_type=CONTENT_TYPE)
    if error.retry_after is not None:
        response["Retry-After"] = str(max(1, round(error.retry_after)))
    if words.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="heliosphere"'
    return response


def _validation(error: ValidationError) -> HttpResponse:
    fields = [
        {"pointer": "/" + "/".join(str(part) for part in found["loc"][1:]), "detail": str(found["msg"])}
        for found in error.errors
    ]
    first = fields[0] if fields else {"pointer": "", "detail": "not understood"}
    reason = f"{first['pointer'].lstrip('/') or 'body'}: {first['detail']}"
    return problem(PortalError("portal:bad-input", reason=reason), errors=fields)


def _answer(request: HttpRequest, error: Any) -> HttpResponse:
    """Ninja's own exceptions in our words. (It declares handlers to take classes too; it calls them with instances.)"""
    if isinstance(error, PortalError):
        return problem(error)
    if isinstance(error, ValidationError):
        return _validation(error)
    if isinstance(error, AuthenticationError):
        return problem(PortalError("portal:sign-in"))
    if isinstance(error, Http404):
        return problem(PortalError("portal:not-found"))
    if isinstance(error, HttpError) and error.status_code == 403:
        return problem(PortalError("api:csrf"))  # the only 403 that ninja itself raises
    return problem(PortalError("portal:bad-input", reason=str(error)))


def install(api: NinjaAPI) -> None:
    for kind in (PortalError, AuthenticationError, Http404, ValidationError, HttpError):
        api.add_exception_handler(kind, _answer)
