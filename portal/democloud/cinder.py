"""The block storage service: its versions, types and zones, and the routes of its parts."""

from __future__ import annotations

import functools
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import cinder_actions, cinder_quota, cinder_snapshots, cinder_volumes
from portal.democloud.cinder_volumes import TYPES, own_project
from portal.democloud.errors import Fault
from portal.democloud.routing import Handler, answer, place, route
from portal.democloud.seed_catalogue import stable_uuid

MINIMUM, MAXIMUM = 0, 70


def microversion(request: Request) -> int:
    """The minor version of 3.x asked for; 3.0 where none is."""
    for part in request.headers.get("openstack-api-version", "").split(","):
        service, _, asked = part.strip().partition(" ")
        if service != "volume":
            continue
        if asked.strip() == "latest":
            return MAXIMUM
        match = re.fullmatch(r"3\.(\d+)", asked.strip())
        if match is None or not MINIMUM <= int(match[1]) <= MAXIMUM:
            message = (
                f"Version {asked.strip()} is not supported by the API. Minimum is 3.{MINIMUM} and maximum is "
                f"3.{MAXIMUM}."
            )
            raise Fault(406, message)
        return int(match[1])
    return MINIMUM


def versioned(handler: Handler) -> Handler:
    @functools.wraps(handler)
    async def wrapped(request: Request) -> Response:
        asked = microversion(request)
        response = await handler(request)
        response.headers["OpenStack-API-Version"] = f"volume 3.{asked}"
        response.headers["Vary"] = "OpenStack-API-Version"
        return response

    return wrapped


async def versions(request: Request) -> Response:
    """Without a token, as keystoneauth asks when it discovers."""
    world, region = place(request)
    one = {
        "id": "v3.0",
        "status": "CURRENT",
        "version": f"3.{MAXIMUM}",
        "min_version": f"3.{MINIMUM}",
        "updated": "2022-08-31T00:00:00Z",
        "links": [{"rel": "self", "href": f"{world.base_url}{region.prefix}/volume/v3/"}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}
        ],
    }
    return answer({"versions": [one]}, 300)


async def types(request: Request) -> Response:
    own_project(request)
    return answer({"volume_types": [_type(name) for name in TYPES]})


async def show_type(request: Request) -> Response:
    own_project(request)
    for name in TYPES:
        if request.path_params["id"] in (_type(name)["id"], name) or (
            request.path_params["id"] == "default" and name == TYPES[0]
        ):
            return answer({"volume_type": _type(name)})
    raise Fault(404, f"Volume type {request.path_params['id']} could not be found.")


def _type(name: str) -> dict[str, object]:
    return {
        "id": stable_uuid("volume-type", name),
        "name": name,
        "is_public": True,
        "description": None,
        "extra_specs": {},
        "os-volume-type-access:is_public": True,
    }


async def zones(request: Request) -> Response:
    own_project(request)
    return answer({"availabilityZoneInfo": [{"zoneName": "nova", "zoneState": {"available": True}}]})


async def backups(request: Request) -> Response:
    """This cloud has no backup service; Cinder then lists none."""
    own_project(request)
    return answer({"backups": []})


def routes() -> list[Route]:
    root = "/v3/{project_id}"
    parts = [
        route("GET", f"{root}/types", types),
        route("GET", f"{root}/types/{{id}}", show_type),
        route("GET", f"{root}/os-availability-zone", zones),
        route("GET", f"{root}/backups", backups),
        route("GET", f"{root}/backups/detail", backups),
        *cinder_quota.routes(),
        *cinder_volumes.routes(),
        *cinder_actions.routes(),
        *cinder_snapshots.routes(),
    ]
    plain = [route("GET", "/", versions), route("GET", "/v3", versions)]
    return [*plain, *(Route(one.path, versioned(one.endpoint), methods=one.methods) for one in parts)]
