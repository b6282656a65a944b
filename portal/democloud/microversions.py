"""Nova's microversions: which one a request gets, and how the answer says so."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from portal.democloud.errors import Fault

MINIMUM, MAXIMUM = 1, 96
LEGACY = "X-OpenStack-Nova-API-Version"


def _asked(request: Request) -> str | None:
    for part in request.headers.get("openstack-api-version", "").split(","):
        service, _, version = part.strip().partition(" ")
        if service == "compute":
            return version.strip()
    return request.headers.get(LEGACY.lower())


def newest(request: Request) -> int:
    """The minor version up to which this cloud's Nova goes."""
    known: int = request.scope["democloud.world"].lacking.compute_max
    return min(known, MAXIMUM)


def negotiate(request: Request) -> int:
    """The minor version of 2.x that this request is served with; 2.1 where none is asked."""
    asked = _asked(request)
    if asked is None:
        return MINIMUM
    if asked == "latest":
        return newest(request)
    match = re.fullmatch(r"([1-9]\d*)\.(0|[1-9]\d*)", asked)
    if match is None:
        message = f"API Version String {asked} is of invalid format. Must be of format MajorNum.MinorNum."
        raise Fault(400, message)
    major, minor = int(match[1]), int(match[2])
    most = newest(request)
    if major != 2 or not MINIMUM <= minor <= most:
        message = (
            f"Version {asked} is not supported by the API. Minimum is 2.{MINIMUM} and maximum is 2.{most}."
        )
        raise Fault(406, message)
    return minor


def microversion(request: Request) -> int:
    found: int = request.scope["democloud.microversion"]
    return found


def need(request: Request, minor: int) -> None:
    """A call that exists only from 2.`minor` on is 404 below it."""
    if microversion(request) < minor:
        raise Fault(404, "The resource could not be found.")


def announce(request: Request, response: Response) -> None:
    """What Keystone's middleware or a broken version header stopped never came to a version."""
    response.headers["x-compute-request-id"] = request.scope["democloud.request_id"]
    if response.status_code == 401:
        return
    version = f"2.{request.scope.get('democloud.microversion', MINIMUM)}"
    response.headers["OpenStack-API-Version"] = f"compute {version}"
    response.headers[LEGACY] = version
    response.headers["Vary"] = f"OpenStack-API-Version, {LEGACY}"
