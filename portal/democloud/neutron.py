"""The network service: its versions, its extensions, and the routes of its parts."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import (
    neutron_floating,
    neutron_groups,
    neutron_networks,
    neutron_ports,
    neutron_project,
    neutron_routers,
    neutron_tags,
)
from portal.democloud.errors import Fault
from portal.democloud.routing import answer, base_url, ctx, place, route

EXTENSIONS = {
    "auto-allocated-topology": "Auto Allocated Topology Services",
    "availability_zone": "Availability Zone",
    "external-net": "Neutron external network",
    "filter-validation": "Filter parameters validation",
    "fip-port-details": "Floating IP Port Details Extension",
    "net-mtu": "Network MTU",
    "pagination": "Pagination support",
    "port-security": "Port Security",
    "project-id": "project_id field enabled",
    "quota_details": "Quota details management support",
    "quotas": "Quota management support",
    "router": "Neutron L3 Router",
    "security-group": "security-group",
    "sorting": "Sorting support",
    "standard-attr-description": "standard-attr-description",
    "standard-attr-revisions": "Resource revision numbers",
    "standard-attr-tag": "Tag support for resources with standard attribute",
    "standard-attr-timestamp": "Resource timestamps",
}


async def versions(request: Request) -> Response:
    """Without a token, as keystoneauth asks when it discovers."""
    link = {"rel": "self", "href": f"{base_url(request)}/"}
    return answer({"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]})


async def resources(request: Request) -> Response:
    ctx(request)
    root = base_url(request)
    names = ["networks", "subnets", "ports", "routers", "floatingips", "security-groups"]
    return answer(
        {
            "resources": [
                {
                    "name": name.rstrip("s"),
                    "collection": name,
                    "links": [{"rel": "self", "href": f"{root}/{name}"}],
                }
                for name in names
            ]
        }
    )


def _extension(alias: str) -> dict[str, Any]:
    return {
        "alias": alias,
        "name": EXTENSIONS[alias],
        "description": EXTENSIONS[alias],
        "updated": "2017-01-01T00:00:00-00:00",
        "links": [],
    }


async def extensions(request: Request) -> Response:
    ctx(request)
    absent = place(request)[0].lacking.extensions
    return answer({"extensions": [_extension(alias) for alias in EXTENSIONS if alias not in absent]})


async def extension(request: Request) -> Response:
    ctx(request)
    alias = request.path_params["alias"]
    if alias not in EXTENSIONS:
        raise Fault(404, f"Extension with alias {alias} does not exist", kind="HTTPNotFound")
    return answer({"extension": _extension(alias)})


async def availability_zones(request: Request) -> Response:
    ctx(request)
    zones = [{"state": "available", "name": "nova", "resource": kind} for kind in ("router", "network")]
    return answer({"availability_zones": zones})


async def agents(request: Request) -> Response:
    """An ordinary user sees none."""
    ctx(request)
    return answer({"agents": []})


def routes() -> list[Route]:
    return [
        route("GET", "/", versions),
        route("GET", "/v2.0", resources),
        route("GET", "/v2.0/extensions", extensions),
        route("GET", "/v2.0/extensions/{alias}", extension),
        route("GET", "/v2.0/availability_zones", availability_zones),
        route("GET", "/v2.0/agents", agents),
        *neutron_project.routes(),
        *neutron_networks.routes(),
        *neutron_ports.routes(),
        *neutron_routers.routes(),
        *neutron_floating.routes(),
        *neutron_groups.routes(),
        *neutron_tags.routes(),
    ]
