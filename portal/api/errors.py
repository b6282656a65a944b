"""Every refusal as application/problem+json (RFC 9457)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.errors import Throttled as NinjaThrottled

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


def _validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = [
        {"pointer": "/" + "/".join(str(part) for part in found["loc"][1:]), "detail": str(found["msg"])}
        for found in error.errors
    ]
    first = fields[0] if fields else {"pointer": "", "detail": "not understood"}
    reason = f"{first['pointer'].lstrip('/') or 'body'}: {first['detail']}"
    return problem(PortalError("portal:bad-input", reason=reason), errors=fields)


def install(api: NinjaAPI) -> None:
    api.add_exception_handler(PortalError, lambda request, error: problem(error))
    api.add_exception_handler(
        AuthenticationError, lambda request, error: problem(PortalError("portal:sign-in"))
    )
    api.add_exception_handler(Http404, lambda request, error: problem(PortalError("portal:not-found")))
    api.add_exception_handler(ValidationError, _validation)
    api.add_exception_handler(
        NinjaThrottled,
        lambda request, error: problem(PortalError("portal:too-many", seconds=error.wait or 1)),
    )
    api.add_exception_handler(
        HttpError, lambda request, error: problem(PortalError("portal:bad-input", reason=str(error.message)))
    )
