"""Nova 2.1 to 2.96."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import (
    lifecycle_effects,
    nova_actions,
    nova_change,
    nova_console,
    nova_create,
    nova_flavors,
    nova_groups,
    nova_history,
    nova_interfaces,
    nova_keys,
    nova_list,
    nova_quota,
    nova_volumes,
)
from portal.democloud.errors import Fault
from portal.democloud.microversions import MINIMUM, newest
from portal.democloud.routing import answer, ctx, place, route

EFFECTS = lifecycle_effects  # imported for what it registers


def _version(request: Request) -> dict[str, Any]:
    world, region = place(request)
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": f"2.{newest(request)}",
        "min_version": f"2.{MINIMUM}",
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{world.base_url}{region.prefix}/compute/v2.1/"}],
    }


async def versions(request: Request) -> Response:
    return answer({"versions": [_version(request)]})


async def version(request: Request) -> Response:
    kind = "application/vnd.openstack.compute+json;version=2.1"
    media = [{"base": "application/json", "type": kind}]
    return answer({"version": {**_version(request), "media-types": media}})


async def zones(request: Request) -> Response:
    ctx(request)
    zone = {"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}
    return answer({"availabilityZoneInfo": [zone]})


async def zone_details(request: Request) -> Response:
    """With the hosts of each zone: for admins."""
    here = ctx(request)
    if not here.admin:
        raise Fault(403, "Policy doesn't allow os_compute_api:os-availability-zone:detail to be performed.")
    hosts: dict[str, Any] = {provider.name: {} for provider in here.region.data.providers.values()}
    zone = {"zoneName": "nova", "zoneState": {"available": True}, "hosts": hosts}
    return answer({"availabilityZoneInfo": [zone]})


async def extensions(request: Request) -> Response:
    ctx(request)
    return answer({"extensions": []})


def routes() -> list[Route]:
    own = [
        route("GET", "/", versions),
        route("GET", "/v2.1", version),
        route("GET", "/v2.1/os-availability-zone", zones),
        route("GET", "/v2.1/os-availability-zone/detail", zone_details),
        route("GET", "/v2.1/extensions", extensions),
    ]
    parts = (
        nova_list,
        nova_create,
        nova_actions,
        nova_change,
        nova_volumes,
        nova_interfaces,
        nova_console,
        nova_history,
        nova_flavors,
        nova_keys,
        nova_quota,
        nova_groups,
    )
    return own + [each for part in parts for each in part.routes()]
