"""Which module answers for which service, and what a service does around every request."""

from __future__ import annotations

from importlib import import_module

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import lacking, microversions

MODULES = {
    "identity": "keystone",
    "compute": "nova",
    "image": "glance",
    "network": "neutron",
    "volume": "cinder",
    "placement": "placement",
    "accounting": "accounting",
    "access": "access",
    "vnc_auto.html": "console",
    "_control": "control",
}
CATALOG = {
    "identity": ("keystone", "identity", "/identity/v3"),
    "compute": ("nova", "compute", "/compute/v2.1"),
    "image": ("glance", "image", "/image"),
    "network": ("neutron", "network", "/network"),
    "volume": ("cinderv3", "volumev3", "/volume/v3/{project_id}"),
    "placement": ("placement", "placement", "/placement"),
    "accounting": ("accounting", "accounting", "/accounting"),
}


def tables() -> dict[str, list[Route]]:
    """Service (the first part of a path) -> its routes."""
    return {service: import_module(f"portal.democloud.{name}").routes() for service, name in MODULES.items()}


def begin(request: Request) -> None:
    lacking.check(request, request.scope["democloud.world"])
    if request.scope["democloud.service"] == "compute":
        request.scope["democloud.microversion"] = microversions.negotiate(request)


def finish(request: Request, response: Response) -> None:
    """The headers that every answer of this service carries."""
    service = request.scope["democloud.service"]
    if service == "image" and response.status_code == 401:
        # What stands in front of Glance answers, which knows of no request id.
        return
    response.headers["x-openstack-request-id"] = request.scope["democloud.request_id"]
    if service == "volume" and response.status_code != 401:
        response.headers["x-compute-request-id"] = request.scope["democloud.request_id"]
    if service == "identity":
        response.headers["vary"] = "X-Auth-Token"
    if service == "compute":
        microversions.announce(request, response)
