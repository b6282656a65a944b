"""Answers for htmx: a whole page or its part, and events for the page."""

import json
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

Level = Literal["success", "info", "warning", "danger"]


def wants_part(request: HttpRequest) -> bool:
    """True where htmx swaps the answer into a page; a boosted link or a restored page wants the whole."""
    headers = request.headers
    if headers.get("HX-Request") != "true":
        return False
    return headers.get("HX-Boosted") != "true" and headers.get("HX-History-Restore-Request") != "true"


def page_or_part(
    request: HttpRequest, page: str, part: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render template `part` for htmx and `page` for everybody else, from the same context."""
    response = render(request, part if wants_part(request) else page, context, status=status)
    # Both live at one URL, so no cache may give one for the other.
    patch_vary_headers(response, ["HX-Request"])
    return response


def trigger(response: HttpResponse, name: str, detail: Any = None) -> HttpResponse:
    """Fire DOM event `name` in the page that receives the response. Several may be added."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    events[name] = detail if detail is not None else {}
    response.headers["HX-Trigger"] = json.dumps(events, ensure_ascii=True)
    return response


def toast(response: HttpResponse, level: Level, text: str) -> HttpResponse:
    """Show a short message in the corner of the page: the DOM event `toast` with level and text."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    toasts = [*events.get("toast", {}).get("toasts", []), {"level": level, "text": text}]
    return trigger(response, "toast", {"toasts": toasts})
