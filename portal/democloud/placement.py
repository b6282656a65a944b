"""Placement: what hosts have and what servers take of it. Here, as on Jetstream2, members may read it."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import capacity
from portal.democloud.errors import Fault
from portal.democloud.model_compute import ResourceProvider
from portal.democloud.routing import Ctx, answer, base_url, ctx, route

MINIMUM, MAXIMUM = 0, 39
_AMOUNT = re.compile(r"([A-Z0-9_]+):([1-9]\d*)")


def version(request: Request) -> int:
    """The minor version of 1.x asked for; 1.0 where none is."""
    for part in request.headers.get("openstack-api-version", "").split(","):
        service, _, asked = part.strip().partition(" ")
        if service != "placement":
            continue
        if asked.strip() == "latest":
            return MAXIMUM
        match = re.fullmatch(r"1\.(\d+)", asked.strip())
        if match is None or not MINIMUM <= int(match[1]) <= MAXIMUM:
            raise Fault(406, f"Unacceptable version header: {asked.strip()}")
        return int(match[1])
    return MINIMUM


def reply(request: Request, content: dict[str, Any]) -> Response:
    headers = {"OpenStack-API-Version": f"placement 1.{version(request)}", "Vary": "openstack-api-version"}
    return answer(content, 200, headers)


async def versions(request: Request) -> Response:
    one = {
        "id": "v1.0",
        "max_version": f"1.{MAXIMUM}",
        "min_version": f"1.{MINIMUM}",
        "status": "CURRENT",
        "links": [{"rel": "self", "href": ""}],
    }
    return answer({"versions": [one]})


def _provider_row(request: Request, one: ResourceProvider) -> dict[str, Any]:
    path = f"{base_url(request)}/resource_providers/{one.id}"
    names = ("inventories", "usages", "aggregates", "traits", "allocations")
    return {
        "uuid": one.id,
        "name": one.name,
        "generation": one.generation,
        "parent_provider_uuid": one.parent_id,
        "root_provider_uuid": one.parent_id or one.id,
        "links": [{"rel": "self", "href": path}, *({"rel": n, "href": f"{path}/{n}"} for n in names)],
    }


def _find(here: Ctx, request: Request) -> ResourceProvider:
    one = here.region.data.providers.get(request.path_params["id"])
    if one is None:
        raise Fault(404, f"No resource provider with uuid {request.path_params['id']} found")
    return one


async def providers(request: Request) -> Response:
    here = ctx(request)
    asked = request.query_params
    wanted = amounts(asked["resources"]) if "resources" in asked else {}
    used = capacity.usages(here.region)
    found = [
        one
        for one in here.region.data.providers.values()
        if asked.get("name", one.name) == one.name
        and asked.get("uuid", one.id) == one.id
        and _has_room(one, used[one.id], wanted)
    ]
    return reply(request, {"resource_providers": [_provider_row(request, one) for one in found]})


async def provider(request: Request) -> Response:
    here = ctx(request)
    return reply(request, _provider_row(request, _find(here, request)))


def _inventory(total: int) -> dict[str, Any]:
    return {
        "total": total,
        "reserved": 0,
        "min_unit": 1,
        "max_unit": total,
        "step_size": 1,
        "allocation_ratio": 1.0,
    }


async def inventories(request: Request) -> Response:
    here = ctx(request)
    one = _find(here, request)
    content = {name: _inventory(total) for name, total in one.inventory.items()}
    return reply(request, {"inventories": content, "resource_provider_generation": one.generation})


async def provider_usages(request: Request) -> Response:
    here = ctx(request)
    one = _find(here, request)
    used = capacity.usages(here.region)[one.id]
    content = {name: used[name] for name in one.inventory}
    return reply(request, {"usages": content, "resource_provider_generation": one.generation})


async def usages(request: Request) -> Response:
    """What a project takes, of every class; another project's only for an administrator."""
    here = ctx(request)
    project_id = request.query_params.get("project_id")
    if project_id is None:
        raise Fault(400, "Invalid query string parameters: 'project_id' is a required property")
    if project_id != here.project_id and not here.admin:
        raise Fault(403, "Access was denied to this resource.\n\n Policy does not allow placement:usages.  ")
    found: Counter[str] = Counter()
    for server in here.region.live_servers(project_id):
        for _, resources in capacity.allocations(server):
            found.update(resources)
    return reply(request, {"usages": dict(found)})


async def resource_classes(request: Request) -> Response:
    here = ctx(request)
    names = sorted({name for one in here.region.data.providers.values() for name in one.inventory})
    root = base_url(request)
    rows = [
        {"name": name, "links": [{"rel": "self", "href": f"{root}/resource_classes/{name}"}]}
        for name in names
    ]
    return reply(request, {"resource_classes": rows})


def amounts(text: str) -> dict[str, int]:
    """`VCPU:2,CUSTOM_GPU:1` -> {"VCPU": 2, "CUSTOM_GPU": 1}."""
    matches = [_AMOUNT.fullmatch(part) for part in text.split(",")]
    if not all(matches):
        message = (
            "Badly formed resources parameter. Expected resources query string parameter in form: "
            f"?resources=VCPU:2,MEMORY_MB:1024. Got: {text!r}."
        )
        raise Fault(400, message)
    return {match[1]: int(match[2]) for match in matches if match}


def _has_room(one: ResourceProvider, used: Counter[str], wanted: dict[str, int]) -> bool:
    return all(one.inventory.get(name, 0) - used[name] >= amount for name, amount in wanted.items())


def _summary(one: ResourceProvider, used: Counter[str]) -> dict[str, Any]:
    resources = {name: {"capacity": total, "used": used[name]} for name, total in one.inventory.items()}
    parent = {"parent_provider_uuid": one.parent_id, "root_provider_uuid": one.parent_id or one.id}
    return {"resources": resources, "traits": [], **parent}


def _mappings(request: Request, one: ResourceProvider) -> dict[str, Any]:
    """Since 1.34 a candidate says which host serves which group of the request."""
    return {"mappings": {"": [one.id]}} if version(request) >= 34 else {}


async def candidates(request: Request) -> Response:
    """Hosts that can take all that is asked, up to `limit`; an unknown class is refused by name."""
    here = ctx(request)
    if version(request) < 10:
        raise Fault(404, "The resource could not be found.")
    if "resources" not in request.query_params:
        raise Fault(400, "Invalid query string parameters: 'resources' is a required property")
    wanted = amounts(request.query_params["resources"])
    known = {name for one in here.region.data.providers.values() for name in one.inventory}
    for name in wanted:
        if name not in known:
            raise Fault(400, f"Invalid resource class in resources parameter: No such resource class {name}.")
    limit = request.query_params.get("limit", "1000")
    if not limit.isdigit() or int(limit) < 1:
        raise Fault(400, f"Invalid query string parameters: Failed validating 'pattern' for limit: {limit!r}")
    used = capacity.usages(here.region)
    fitting = [one for one in here.region.data.providers.values() if _has_room(one, used[one.id], wanted)]
    chosen = fitting[: int(limit)]
    content = {
        "allocation_requests": [
            {"allocations": {one.id: {"resources": wanted}}, **_mappings(request, one)} for one in chosen
        ],
        "provider_summaries": {one.id: _summary(one, used[one.id]) for one in chosen},
    }
    return reply(request, content)


def routes() -> list[Route]:
    return [
        route("GET", "/", versions),
        route("GET", "/resource_providers", providers),
        route("GET", "/resource_providers/{id}", provider),
        route("GET", "/resource_providers/{id}/inventories", inventories),
        route("GET", "/resource_providers/{id}/usages", provider_usages),
        route("GET", "/usages", usages),
        route("GET", "/resource_classes", resource_classes),
        route("GET", "/allocation_candidates", candidates),
    ]
