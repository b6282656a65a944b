"""Flavors and their extra specs."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import Flavor
from portal.democloud.nova_find import find_flavor, visible_flavor
from portal.democloud.nova_list import page_limit
from portal.democloud.nova_view import compute_root, links
from portal.democloud.routing import Ctx, answer, ctx, route


def detail(here: Ctx, flavor: Flavor, minor: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": flavor.id,
        "name": flavor.name,
        "ram": flavor.ram,
        "disk": flavor.disk,
        "swap": flavor.swap or (0 if minor >= 75 else ""),
        "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral,
        "OS-FLV-DISABLED:disabled": flavor.disabled,
        "vcpus": flavor.vcpus,
        "os-flavor-access:is_public": flavor.is_public,
        "rxtx_factor": 1.0,
        "links": links(compute_root(here.world, here.region), "flavors", flavor.id),
    }
    if minor >= 55:
        found["description"] = flavor.description
    if minor >= 61:
        found["extra_specs"] = flavor.extra_specs
    return found


def _wanted(here: Ctx, request: Request) -> list[Flavor]:
    params = request.query_params
    found = [one for one in here.region.data.flavors.values() if visible_flavor(here, one)]
    for name, attribute in (("minRam", "ram"), ("minDisk", "disk")):
        least = params.get(name, "0")
        if not least.isdigit():
            raise Fault(400, f"Invalid {name} filter [{least}]")
        found = [one for one in found if getattr(one, attribute) >= int(least)]
    # Ordinary users see what is public or opened to them whatever `is_public` asks.
    if here.admin and params.get("is_public", "true").lower() in ("true", "false"):
        public = params.get("is_public", "true").lower() == "true"
        found = [one for one in found if one.is_public == public]
    return found


def _page(request: Request, found: list[Flavor]) -> list[Flavor]:
    found = sorted(found, key=lambda one: (len(one.id), one.id))
    marker = request.query_params.get("marker")
    if marker is not None:
        ids = [one.id for one in found]
        if marker not in ids:
            raise Fault(400, f"marker [{marker}] not found")
        found = found[ids.index(marker) + 1 :]
    return found[: page_limit(request)]


def _answer(here: Ctx, request: Request, page: list[Flavor], items: list[dict[str, Any]]) -> Response:
    content: dict[str, Any] = {"flavors": items}
    if "limit" in request.query_params and page and len(page) == page_limit(request):
        path = request.scope["path"].removeprefix(request.scope["root_path"])
        root = compute_root(here.world, here.region)
        href = f"{root}{path}?limit={page_limit(request)}&marker={page[-1].id}"
        content["flavors_links"] = [{"rel": "next", "href": href}]
    return answer(content)


async def list_flavors(request: Request) -> Response:
    here = ctx(request)
    page, root = _page(request, _wanted(here, request)), compute_root(here.world, here.region)
    items: list[dict[str, Any]] = [
        {"id": one.id, "name": one.name, "links": links(root, "flavors", one.id)} for one in page
    ]
    if microversion(request) >= 55:
        items = [{**item, "description": one.description} for item, one in zip(items, page, strict=True)]
    return _answer(here, request, page, items)


async def list_details(request: Request) -> Response:
    here = ctx(request)
    page = _page(request, _wanted(here, request))
    return _answer(here, request, page, [detail(here, one, microversion(request)) for one in page])


async def show(request: Request) -> Response:
    here = ctx(request)
    flavor = find_flavor(here, request.path_params["id"])
    return answer({"flavor": detail(here, flavor, microversion(request))})


async def extra_specs(request: Request) -> Response:
    here = ctx(request)
    return answer({"extra_specs": find_flavor(here, request.path_params["id"]).extra_specs})


async def extra_spec(request: Request) -> Response:
    here = ctx(request)
    flavor, key = find_flavor(here, request.path_params["id"]), request.path_params["key"]
    if key not in flavor.extra_specs:
        raise Fault(404, f"Flavor {flavor.id} has no extra specs with key {key}.")
    return answer({key: flavor.extra_specs[key]})


def routes() -> list[Route]:
    return [
        route("GET", "/v2.1/flavors", list_flavors),
        route("GET", "/v2.1/flavors/detail", list_details),
        route("GET", "/v2.1/flavors/{id}", show),
        route("GET", "/v2.1/flavors/{id}/os-extra_specs", extra_specs),
        route("GET", "/v2.1/flavors/{id}/os-extra_specs/{key}", extra_spec),
    ]
