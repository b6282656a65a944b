"""A refusal, and the body in which each service words it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

KEYSTONE = "keystone"
NOVA_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    406: "computeFault",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}


@dataclass
class Fault(Exception):
    """Raised by any handler; the app words it as the service of the request's path does.

    `kind` is Neutron's exception name, or KEYSTONE for what Keystone's middleware answers before any
    service sees the request; `headers` go out with the answer."""

    status: int
    message: str
    kind: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.message}"


def body_of(service: str, fault: Fault) -> dict[str, Any]:
    title = HTTPStatus(fault.status).phrase
    if service == "identity" or fault.kind == KEYSTONE:
        return {"error": {"code": fault.status, "message": fault.message, "title": title}}
    if service == "network":
        kind = fault.kind or f"HTTP{title.replace(' ', '')}"
        return {"NeutronError": {"type": kind, "message": fault.message, "detail": ""}}
    if service == "placement":
        error = {"status": fault.status, "title": title, "detail": fault.message}
        return {"errors": [error]}
    if service == "access":
        return {"error": fault.message}
    if service in ("image", "accounting"):
        return {"code": f"{fault.status} {title}", "title": title, "message": fault.message}
    name = NOVA_NAMES.get(fault.status, "computeFault")
    content: dict[str, Any] = {"code": fault.status, "message": fault.message}
    if "Retry-After" in fault.headers:
        content["retryAfter"] = fault.headers["Retry-After"]
    return {name: content}


# In front of Glance, webob itself words what Keystone's middleware refuses.
GLANCE_UNAUTHORIZED = """<html>
 <head>
  <title>401 Unauthorized</title>
 </head>
 <body>
  <h1>401 Unauthorized</h1>
  This server could not verify that you are authorized to access the document you requested.<br /><br />
 </body>
</html>"""


def response_of(service: str, fault: Fault) -> Response:
    if service == "image" and fault.kind == KEYSTONE:
        return Response(GLANCE_UNAUTHORIZED, fault.status, fault.headers, media_type="text/html")
    content = json.dumps(body_of(service, fault))
    return Response(content, fault.status, fault.headers, media_type="application/json")


def forbidden(what: str) -> Fault:
    """Keystone's refusal: what it names is a rule of its policy, or a sentence (then with two full stops)."""
    return Fault(403, f"You are not authorized to perform the requested action: {what}.")
