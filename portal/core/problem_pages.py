"""An error as a page, as a fragment for htmx, or as JSON (RFC 9457)."""

import logging
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from portal.core.errors import PortalError
from portal.core.logs import current_request_id

logger = logging.getLogger(__name__)


def answer(request: HttpRequest, error: PortalError) -> HttpResponse:
    problem = error.problem
    if problem.status >= 500:
        logger.error("answered %d: %s", problem.status, error)
    response = _in_the_form_asked_for(request, error)
    if error.retry_after is not None:
        response["Retry-After"] = str(max(1, round(error.retry_after)))
    return response


def _in_the_form_asked_for(request: HttpRequest, error: PortalError) -> HttpResponse:
    if wants_json(request):
        return problem_json(error)
    if is_htmx(request):
        return _fragment(request, error)
    if error.problem.status == 401:
        return redirect_to_login(request.get_full_path())
    return _page(request, error)


def wants_json(request: HttpRequest) -> bool:
    if request.path.startswith("/api/"):
        return True
    return (
        not is_htmx(request)
        and request.get_preferred_type(["text/html", "application/json"]) == "application/json"
    )


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def problem_document(error: PortalError) -> dict[str, Any]:
    problem = error.problem
    return {
        "type": f"urn:heliosphere:problem:{error.id}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.what,
        "means": problem.means,
        "todo": problem.todo,
        "cloud_said": error.detail,
        "request_id": current_request_id(),
    }


def problem_json(error: PortalError) -> JsonResponse:
    status = error.problem.status
    return JsonResponse(problem_document(error), status=status, content_type="application/problem+json")


def _context(error: PortalError) -> dict[str, Any]:
    return {
        "problem": error.problem,
        "error_id": error.id,
        "detail": error.detail,
        "request_id": current_request_id(),
    }


def _fragment(request: HttpRequest, error: PortalError) -> HttpResponse:
    if error.problem.status == 401:
        response = HttpResponse(status=401)
        response["HX-Redirect"] = redirect_to_login(_page_behind(request)).url
        return response
    response = render(request, "_problem.html", _context(error), status=error.problem.status)
    response["HX-Retarget"] = "#problems"
    response["HX-Reswap"] = "innerHTML"
    return response


def _page_behind(request: HttpRequest) -> str:
    """The path of the page that holds the fragment. The header is the browser's: only its path is taken."""
    parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return path if path.startswith("/") and not path.startswith("//") else "/"


def _page(request: HttpRequest, error: PortalError) -> HttpResponse:
    if error.problem.status >= 500:
        # The page's frame reads the database and more, which may be what failed: this one stands alone.
        return HttpResponse(
            render_to_string("errors/plain.html", _context(error)), status=error.problem.status
        )
    return render(request, "errors/problem.html", _context(error), status=error.problem.status)
